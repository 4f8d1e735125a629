#include "builder/inspect/package_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace builder {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string Encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsAlphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// "github.com/x/y": each part encoded, empty ones left out.
std::string EncodedParts(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) {
      out += (out.empty() ? "" : "/") + Encoded(part);
    }
  }
  return out;
}

std::string NamePartOf(const PackageRecord& record, const Distribution& distribution) {
  const std::string& type = record.origin.type;
  if (type == "deb" || type == "apk") {
    const std::string fallback = type == "deb" ? "debian" : "alpine";
    const std::string vendor = distribution.id.empty() ? fallback : distribution.id;
    return Encoded(Lower(vendor)) + "/" + Encoded(Lower(record.name));
  }
  if (type == "nix") {
    return "nixpkgs/" + Encoded(record.name);
  }
  if (type == "pypi") {
    std::string name = Lower(record.name);
    std::replace(name.begin(), name.end(), '_', '-');
    return Encoded(name);
  }
  return type == "golang" ? EncodedParts(Lower(record.name)) : EncodedParts(record.name);
}

// As grype takes it: only where it is not the package itself.
std::string UpstreamOf(const PackageRecord& record) {
  const PackageOrigin& origin = record.origin;
  const bool same_version =
      origin.source_version.empty() || origin.source_version == record.version;
  if (origin.source_name.empty() || (origin.source_name == record.name && same_version)) {
    return "";
  }
  return origin.source_name + (same_version ? "" : "@" + origin.source_version);
}

std::string QualifiersOf(const PackageRecord& record, const Distribution& distribution) {
  if (record.origin.type != "deb" && record.origin.type != "apk") {
    return "";
  }
  const std::string distro =
      distribution.id + (distribution.version.empty() ? "" : "-" + distribution.version);
  const std::array<std::pair<const char*, std::string>, 3> all = {
      {{"arch", record.origin.architecture},
       {"distro", distribution.id.empty() ? "" : distro},
       {"upstream", UpstreamOf(record)}}};
  std::string out;
  for (const auto& [name, value] : all) {
    if (!value.empty()) {
      out += fmt::format("{}{}={}", out.empty() ? "?" : "&", name, Encoded(value));
    }
  }
  return out;
}

std::string CpeEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += IsAlphanumeric(c) || c == '_' || c == '.' || c == '-' ? "" : "\\";
    out += c;
  }
  return out;
}

}  // namespace

std::string UpstreamVersion(const PackageRecord& record) {
  if (record.origin.type != "nix") {
    return record.version;
  }
  for (const std::string_view output : {"-bin", "-dev", "-lib", "-man", "-doc", "-info", "-data",
                                        "-debug", "-devdoc", "-getent", "-libgcc", "-terminfo"}) {
    if (record.version.ends_with(output)) {
      return record.version.substr(0, record.version.size() - output.size());
    }
  }
  return record.version;
}

std::string PackageUrlOf(const PackageRecord& record, const Distribution& distribution) {
  if (record.origin.type.empty()) {
    return "";
  }
  const std::string version = UpstreamVersion(record);
  return fmt::format("pkg:{}/{}{}{}", record.origin.type, NamePartOf(record, distribution),
                     version.empty() ? "" : "@" + Encoded(version),
                     QualifiersOf(record, distribution));
}

std::string CpeOf(const PackageRecord& record) {
  const std::string version = UpstreamVersion(record);
  if (record.origin.type != "nix" || version.empty()) {
    return "";
  }
  const std::string name = CpeEncoded(Lower(record.name));
  return fmt::format("cpe:2.3:a:{}:{}:{}:*:*:*:*:*:*:*", name, name, CpeEncoded(version));
}

}  // namespace builder
