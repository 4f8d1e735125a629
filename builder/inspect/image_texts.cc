#include "builder/inspect/image_texts.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "base/progress.h"
#include "builder/inspect/image_release.h"

namespace builder {
namespace {

using base::Json;

constexpr size_t kLines = 12;  // of each table, for people

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Percent(uint64_t part, uint64_t whole) {
  return fmt::format(
      "{:.1f}%", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string Title(const images::ImageDirectory& image) {
  const images::Manifest& manifest = image.manifest();
  return fmt::format("{}{}{} ({})", manifest.name, image.version().empty() ? "" : " ",
                     image.version(), image.id().text());
}

using Rows = std::vector<std::pair<std::string, ImageShare>>;

std::string TableText(Rows rows) {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(b.second.image_bytes, a.first) < std::pair(a.second.image_bytes, b.first);
  });
  std::string out;
  ImageShare rest;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ImageShare& share = rows[i].second;
    if (i < kLines || rows.size() == kLines + 1) {
      out += fmt::format("  {:>9} of {:>9}  {:>6} files  {}\n", base::HumanBytes(share.image_bytes),
                         base::HumanBytes(share.content_bytes), share.files,
                         base::Printable(rows[i].first));
    } else {
      rest.files += share.files;
      rest.content_bytes += share.content_bytes;
      rest.image_bytes += share.image_bytes;
    }
  }
  if (rows.size() > kLines + 1) {
    out +=
        fmt::format("  {:>9} of {:>9}  {:>6} files  {} more\n", base::HumanBytes(rest.image_bytes),
                    base::HumanBytes(rest.content_bytes), rest.files, rows.size() - kLines);
  }
  return out;
}

Json ShareJson(const ImageShare& share) {
  return {{"files", share.files},
          {"content_bytes", share.content_bytes},
          {"image_bytes", share.image_bytes}};
}

std::string ChangeText(const images::PackageChange& change) {
  using Kind = images::PackageChange::Kind;
  std::string versions = change.kind == Kind::kRemoved ? change.from : change.to;
  if (change.kind == Kind::kChanged) {
    versions = fmt::format("{} -> {}", change.from, change.to);
  }
  return fmt::format("  {:<8} {}{}{}  ({})\n", ToText(change.kind), base::Printable(change.name),
                     versions.empty() ? "" : " ", base::Printable(versions),
                     change.kind == Kind::kAdded ? base::HumanBytes(change.to_bytes)
                     : change.kind == Kind::kRemoved
                         ? base::HumanBytes(change.from_bytes)
                         : fmt::format("{} -> {}", base::HumanBytes(change.from_bytes),
                                       base::HumanBytes(change.to_bytes)));
}

Json IdentityJson(const images::ImageDirectory& image) {
  return {{"name", image.manifest().name},
          {"version", image.version()},
          {"id", image.id().text()},
          {"path", image.path()},
          {"image_bytes", image.manifest().image.size_bytes}};
}

Json ReleaseJson(const std::optional<images::Release>& release) {
  if (!release) {
    return nullptr;
  }
  Json signatures = Json::array();
  for (const images::SshSignature& signature : release->signatures) {
    signatures.push_back({{"key", signature.fingerprint}, {"type", signature.key.type}});
  }
  return {{"channel", release->statement.channel},
          {"released", base::ToIso8601(release->statement.released)},
          {"signatures", std::move(signatures)}};
}

}  // namespace

std::string ReportText(const images::ImageDirectory& image, const ImageReport& report) {
  const images::Manifest& manifest = image.manifest();
  const images::Codec& codec = manifest.image.codec;
  const ReleaseOrProblem release = TryReleaseOf(image);
  std::string out = fmt::format(
      "{}, {}\n"
      "  image    {} of {} in {} files ({})\n"
      "  layout   {}, {} {} level {}; needs {}{}\n"
      "  chunks   {}; equal ones stored once save {}; metadata {}\n"
      "  release  {}\n",
      Title(image), manifest.architecture, base::HumanBytes(manifest.image.size_bytes),
      base::HumanBytes(report.content_bytes), report.files,
      Percent(manifest.image.size_bytes, report.content_bytes), manifest.image.layout, codec.name,
      codec.library_version, codec.level, RequiredKernel(manifest),
      manifest.image.verity_root ? " and dm-verity" : "",
      image.ReadIndex().chunks().size(), base::HumanBytes(report.dedupe_saved_bytes),
      base::HumanBytes(report.metadata_bytes),
      release.problem.empty() ? ReleaseText(release.release) : release.problem);
  Rows packages;
  for (const auto& package : report.by_package) {
    packages.emplace_back(package.second.name, package.second);
  }
  const Rows types(report.by_file_type.begin(), report.by_file_type.end());
  return out + "By package:\n" + TableText(std::move(packages)) + "By kind of file:\n" +
         TableText(types);
}

std::string ReportJson(const images::ImageDirectory& image, const ImageReport& report) {
  const images::Manifest& manifest = image.manifest();
  Json out = IdentityJson(image);
  out["architecture"] = manifest.architecture;
  out["content_bytes"] = report.content_bytes;
  out["metadata_bytes"] = report.metadata_bytes;
  out["dedupe_saved_bytes"] = report.dedupe_saved_bytes;
  out["files"] = report.files;
  out["chunks"] = image.ReadIndex().chunks().size();
  out["layout"] = manifest.image.layout;
  out["codec"] = {{"name", manifest.image.codec.name},
                  {"library_version", manifest.image.codec.library_version},
                  {"level", manifest.image.codec.level}};
  out["required_kernel"] = RequiredKernel(manifest);
  const std::optional<base::Sha256>& root = manifest.image.verity_root;
  out["verity_root"] = root ? Json(root->ToHex()) : Json(nullptr);
  const ReleaseOrProblem release = TryReleaseOf(image);
  out["release"] = ReleaseJson(release.release);
  out["release_problem"] = release.problem.empty() ? Json(nullptr) : Json(release.problem);
  out["packages"] = Json::array();
  for (const auto& [key, share] : report.by_package) {
    Json package = ShareJson(share);
    package["path"] = share.path;
    package["name"] = share.name;
    out["packages"].push_back(std::move(package));
  }
  out["file_types"] = Json::object();
  for (const auto& [type, share] : report.by_file_type) {
    out["file_types"][type] = ShareJson(share);
  }
  return Dump(out);
}

std::string MiniserverJson(const images::ImageDirectory& image) {
  const std::string provenance = base::ReadFileIfThere(image.provenance_path()).value_or("{}");
  const Json json = Json::parse(provenance, nullptr, false);
  // Anything else may be nested so deeply that it cannot be written.
  const bool has_path =
      json.is_object() && json.contains("main_path") && json.at("main_path").is_string();
  return Dump({{"name", image.manifest().name},
               {"version", image.version()},
               {"id", image.id().text()},
               {"nix_store_path", has_path ? json.at("main_path") : Json(nullptr)},
               {"img_store_path", image.path()},
               {"image_file", images::kImageFile},
               {"image_size_bytes", image.manifest().image.size_bytes},
               {"verity_file", nullptr},
               {"verity_roothash", nullptr}});
}

std::string DifferenceText(const images::ImageDirectory& from, const images::ImageDirectory& to,
                           const ImageDifference& difference) {
  std::string out = fmt::format("{} -> {}\n", Title(from), Title(to));
  for (const images::PackageChange& change : difference.packages) {
    out += ChangeText(change);
  }
  if (difference.packages.empty()) {
    out += "  the same packages\n";
  }
  const uint64_t size = to.manifest().image.size_bytes;
  const auto sends = [&](uint64_t bytes, const std::string& how) {
    return fmt::format("  {:>9} ({}) {}\n", base::HumanBytes(bytes), Percent(bytes, size), how);
  };
  out += fmt::format("  image    {} -> {}; a push from one to the other sends\n",
                     base::HumanBytes(from.manifest().image.size_bytes), base::HumanBytes(size));
  if (difference.bytes_with_deltas) {
    out += sends(*difference.bytes_with_deltas, "with deltas: over ssh, if the old image is here");
  }
  return out +
         sends(difference.missing_bytes, fmt::format("without: {} of {} chunks",
                                                     difference.missing_chunks, difference.chunks));
}

std::string DifferenceJson(const images::ImageDirectory& from, const images::ImageDirectory& to,
                           const ImageDifference& difference) {
  Json packages = Json::array();
  for (const images::PackageChange& change : difference.packages) {
    packages.push_back({{"change", ToText(change.kind)},
                        {"name", change.name},
                        {"from", change.from},
                        {"to", change.to},
                        {"from_bytes", change.from_bytes},
                        {"to_bytes", change.to_bytes}});
  }
  return Dump(
      {{"from", IdentityJson(from)},
       {"to", IdentityJson(to)},
       {"packages", std::move(packages)},
       {"chunks",
        {{"total", difference.chunks},
         {"missing", difference.missing_chunks},
         {"missing_bytes", difference.missing_bytes}}},
       {"bytes_with_deltas",
        difference.bytes_with_deltas ? Json(*difference.bytes_with_deltas) : Json(nullptr)}});
}

std::string BuiltJson(const images::ImageDirectory& image) {
  Json out = IdentityJson(image);
  out["chunks"] = image.ReadIndex().chunks().size();
  out["packages"] = image.manifest().closure.size();
  return Dump(out);
}

std::string VerifiedJson(const images::ImageDirectory& image,
                         const std::optional<images::Release>& release) {
  Json out = IdentityJson(image);
  out["verified"] = true;
  out["release"] = ReleaseJson(release);
  return Dump(out);
}

std::string ExtractedJson(const images::ImageDirectory& image, const std::string& folder) {
  Json out = IdentityJson(image);
  out["folder"] = folder;
  return Dump(out);
}

std::string UnitsJson(const std::vector<units::RenderedUnit>& units) {
  Json out = Json::object();
  for (const units::RenderedUnit& unit : units) {
    out[unit.name] = unit.text;
  }
  return Dump(out);
}

}  // namespace builder
