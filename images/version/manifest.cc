#include "images/version/manifest.h"

#include <sys/utsname.h>

#include <utility>

#include "base/error.h"
#include "base/json_fields.h"
#include "images/service/service_json.h"

namespace images {
namespace {

constexpr base::ExitCode kBad = base::ExitCode::kVerification;

ImageFacts ReadImage(const base::Json& object, const std::string& path) {
  base::JsonFields fields(object, path, kBad);
  ImageFacts out;
  out.size_bytes = fields.Number("size_bytes", 1, base::kAnyNumber);
  out.sha256 = fields.Digest("sha256");
  out.block_size = fields.Number("block_size", 512, 65536);
  out.layout = fields.String("layout");
  out.required_features = fields.Strings("required_features");
  base::JsonFields codec(fields.Object("codec"), fields.PathOf("codec"), kBad);
  out.codec.name = codec.String("name");
  out.codec.library_version = codec.String("library_version");
  out.codec.level = codec.Number("level", 0, 100);
  codec.EachMember("parameters", [&](const std::string& key, const base::Json& value) {
    if (!value.is_number_unsigned()) {
      codec.FailAt("parameters." + key, "expected a whole number");
    }
    out.codec.parameters.emplace(key, value.get<uint64_t>());
  });
  codec.Done();
  if (fields.Has("verity_root")) {
    out.verity_root = fields.Digest("verity_root");
    if (out.size_bytes % kVerityBlockBytes != 0) {
      fields.FailAt("verity_root", "the image has no whole number of blocks of 4096 bytes");
    }
  }
  fields.Done();
  return out;
}

ClosurePath ReadClosurePath(const base::Json& object, const std::string& path) {
  base::JsonFields fields(object, path, kBad);
  ClosurePath out;
  out.path = fields.String("path");
  out.nar_hash = fields.String("nar_hash");
  out.size_bytes = fields.Number("size_bytes", 0, base::kAnyNumber);
  out.references = fields.Strings("references");
  out.name = fields.String("name");
  out.version = fields.String("version");
  fields.Done();
  return out;
}

base::Json ToJson(const ImageFacts& image) {
  base::Json out = {{"size_bytes", image.size_bytes},
                    {"sha256", image.sha256.ToHex()},
                    {"block_size", image.block_size},
                    {"layout", image.layout},
                    {"codec",
                     {{"name", image.codec.name},
                      {"library_version", image.codec.library_version},
                      {"level", image.codec.level},
                      {"parameters", image.codec.parameters}}},
                    {"required_features", image.required_features}};
  if (image.verity_root) {
    out["verity_root"] = image.verity_root->ToHex();
  }
  return out;
}

base::Json ToJson(const std::vector<ClosurePath>& closure) {
  base::Json out = base::Json::array();
  for (const ClosurePath& path : closure) {
    out.push_back({{"path", path.path},
                   {"nar_hash", path.nar_hash},
                   {"size_bytes", path.size_bytes},
                   {"references", path.references},
                   {"name", path.name},
                   {"version", path.version}});
  }
  return out;
}

}  // namespace

std::string Manifest::Serialize() const {
  const base::Json json = {{"format", kManifestFormat},  {"name", name},
                           {"version", version},         {"architecture", architecture},
                           {"image", ToJson(image)},     {"index_sha256", index_sha256.ToHex()},
                           {"closure", ToJson(closure)}, {"services", ToJson(services)}};
  try {
    return json.dump() + "\n";
  } catch (const base::Json::exception&) {  // JSON is UTF-8
    base::Fail(base::ExitCode::kFailed, "the manifest of {} holds text that is not UTF-8", name);
  }
}

Manifest Manifest::Parse(const std::string& text, const std::string& name_of_file) {
  const base::Json json = base::ParseJson(text, name_of_file, kBad);
  base::JsonFields fields = base::JsonFields::OfFile(json, name_of_file, kBad);
  const uint64_t format = fields.Number("format", 1, base::kAnyNumber);
  if (format != kManifestFormat) {
    fields.FailAt("format",
                  fmt::format("this is manifest format {}; this version reads format {} alone",
                              format, kManifestFormat));
  }
  Manifest out;
  out.name = fields.String("name");
  CheckName(out.name, fields.PathOf("name") + ": image name", kBad);
  out.version = fields.String("version");
  out.architecture = fields.String("architecture");
  out.image = ReadImage(fields.Object("image"), fields.PathOf("image"));
  out.index_sha256 = fields.Digest("index_sha256");
  for (const base::Json& entry : fields.Array("closure")) {
    out.closure.push_back(
        ReadClosurePath(entry, fields.PathOf(fmt::format("closure[{}]", out.closure.size()))));
  }
  out.services = ReadServices(fields);
  fields.Done();
  if (out.Serialize() != text) {
    base::Fail(kBad, "{} is not in canonical form, so its digest cannot be trusted; build it again",
               name_of_file);
  }
  return out;
}

std::string MachineArchitecture() {
  struct utsname names {};
  if (::uname(&names) != 0) {
    base::FailErrno(errno, "cannot tell this machine's architecture");
  }
  return static_cast<const char*>(names.machine);
}

}  // namespace images
