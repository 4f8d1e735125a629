#include "builder/inspect/sbom.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "base/json_fields.h"
#include "base/version.h"
#include "builder/inspect/package_url.h"

namespace builder {
namespace {

using base::Json;

constexpr const char* kImageRef = "image";
constexpr const char* kSystemRef = "operating-system";

bool IsOfDistribution(const PackageRecord& record) {
  return record.origin.type == "deb" || record.origin.type == "apk";
}

// Whose path is that of a package of the manifest's closure; those of languages are found in it.
bool IsOfClosure(const PackageRecord& record) {
  return IsOfDistribution(record) || record.origin.type.empty() || record.origin.type == "nix" ||
         record.origin.type == "generic";
}

// A UUID of RFC 9562's version 8: the first bits of the digest.
std::string SerialNumber(const std::string& digest) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const char variant = kHex[8 + kHex.find(digest[16]) % 4];
  return fmt::format("urn:uuid:{}-{}-8{}-{}{}-{}", digest.substr(0, 8), digest.substr(8, 4),
                     digest.substr(13, 3), variant, digest.substr(17, 3), digest.substr(20, 12));
}

Json Property(const std::string& name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

Json PropertiesOf(const PackageRecord& record) {
  Json out = Json::array();
  if (IsOfDistribution(record)) {
    out.push_back(
        Property("aquasecurity:trivy:PkgType", record.origin.type == "deb" ? "debian" : "alpine"));
    out.push_back(Property("aquasecurity:trivy:SrcName", record.origin.source_name));
    out.push_back(Property("aquasecurity:trivy:SrcVersion", record.origin.source_version));
  }
  if (record.files) {
    out.push_back(Property("slipway:files", fmt::format("{}", *record.files)));
    out.push_back(Property("slipway:files_left_out", fmt::format("{}", record.files_left_out)));
  }
  return out;
}

class SbomWriter {
 public:
  SbomWriter(const images::ImageDirectory& image, const RecordedPackages& packages)
      : image_(image), packages_(packages) {}

  Json Run() {
    AddSystem();
    for (const PackageRecord& record : packages_.packages) {
      AddPackage(record);
    }
    AddReferences();
    Json out = {{"$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json"},
                {"bomFormat", "CycloneDX"},
                {"specVersion", "1.5"},
                {"serialNumber", SerialNumber(image_.stored().digest.ToHex())},
                {"version", 1},
                {"metadata", Metadata()},
                {"components", std::move(components_)},
                {"dependencies", Json::array()}};
    for (const auto& [ref, needed] : needs_) {
      out["dependencies"].push_back({{"ref", ref}, {"dependsOn", needed}});
    }
    if (packages_.unread_database) {
      out["compositions"] = {{{"aggregate", "incomplete"}, {"assemblies", {kImageRef}}}};
    }
    return out;
  }

 private:
  Json Metadata() const {
    const images::Manifest& manifest = image_.manifest();
    Json component = {
        {"type", "application"},
        {"bom-ref", kImageRef},
        {"name", manifest.name},
        {"hashes", {{{"alg", "SHA-256"}, {"content", manifest.image.sha256.ToHex()}}}},
        {"properties",
         {Property("slipway:id", image_.id().text()),
          Property("slipway:manifest_sha256", image_.stored().digest.ToHex()),
          Property("slipway:architecture", manifest.architecture)}}};
    if (!manifest.version.empty()) {
      component["version"] = manifest.version;
    }
    const Json tool = {{"type", "application"}, {"name", "imgbuild"}, {"version", base::kVersion}};
    return {{"component", std::move(component)}, {"tools", {{"components", {tool}}}}};
  }

  void AddSystem() {
    needs_[kImageRef];
    const Distribution& distribution = packages_.distribution;
    if (distribution.id.empty()) {
      return;
    }
    Json system = {
        {"type", "operating-system"}, {"bom-ref", kSystemRef}, {"name", distribution.id}};
    if (!distribution.version.empty()) {
      system["version"] = distribution.version;
    }
    components_.push_back(std::move(system));
    refs_.insert({kSystemRef, kImageRef});
    needs_[kImageRef].insert(kSystemRef);
    needs_[kSystemRef];
  }

  void AddPackage(const PackageRecord& record) {
    const std::string url = PackageUrlOf(record, packages_.distribution);
    // Scanners show it; a package of a distribution is there once, others in several places.
    const std::string ref =
        NewRef(IsOfDistribution(record) ? url : record.path + "#" + record.name);
    const bool is_data = record.origin.type == "generic";
    Json out = {{"type", url.empty() ? "file"
                         : is_data   ? "data"
                                     : "library"},
                {"bom-ref", ref},
                {"name", url.empty() ? record.path : record.name},
                {"evidence", {{"occurrences", {{{"location", record.path}}}}}}};
    if (const std::string version = UpstreamVersion(record); !version.empty()) {
      out["version"] = version;
    }
    if (!url.empty()) {
      out["purl"] = url;
    }
    if (const std::string cpe = CpeOf(record); !cpe.empty()) {
      out["cpe"] = cpe;
    }
    if (Json properties = PropertiesOf(record); !properties.empty()) {
      out["properties"] = std::move(properties);
    }
    components_.push_back(std::move(out));
    const bool below_system = IsOfDistribution(record) && needs_.contains(kSystemRef);
    needs_[below_system ? kSystemRef : kImageRef].insert(ref);
    if (IsOfClosure(record)) {
      by_path_.emplace(record.path, ref);
    }
  }

  // `wanted`, or with a number behind it what no other component has.
  std::string NewRef(const std::string& wanted) {
    std::string out = wanted;
    for (int& last = numbers_.emplace(wanted, 1).first->second; !refs_.insert(out).second;) {
      out = fmt::format("{}#{}", wanted, ++last);
    }
    return out;
  }

  void AddReferences() {
    for (const images::ClosurePath& entry : image_.manifest().closure) {
      const auto from = by_path_.find(entry.path);
      for (const std::string& path : entry.references) {
        const auto to = by_path_.find(path);
        if (from != by_path_.end() && to != by_path_.end() && from != to) {
          needs_[from->second].insert(to->second);
        }
      }
    }
  }

  const images::ImageDirectory& image_;
  const RecordedPackages& packages_;
  Json components_ = Json::array();
  std::set<std::string> refs_;
  std::map<std::string, int> numbers_;
  std::map<std::string, std::string> by_path_;          // -> bom-ref
  std::map<std::string, std::set<std::string>> needs_;  // bom-ref -> those that it depends on
};

}  // namespace

std::string MakeSbom(const images::ImageDirectory& image, const RecordedPackages& packages) {
  return base::DumpJson(SbomWriter(image, packages).Run(), 2) + "\n";
}

}  // namespace builder
