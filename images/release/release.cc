#include "images/release/release.h"

#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/name.h"

namespace images {
namespace {

constexpr uint64_t kStatementFormat = 1;

Statement ParseStatement(const std::string& line, const std::string& where) {
  const base::Json json = base::ParseJson(line, where, kUntrusted);
  base::JsonFields fields(json, where, kUntrusted);
  if (fields.Number("format", 1, base::kAnyNumber) != kStatementFormat) {
    fields.FailAt("format", "made by a newer version of imgbuild; use that version here as well");
  }
  Statement out;
  out.channel = fields.String("channel");
  CheckName(out.channel, fields.PathOf("channel"), kUntrusted);
  out.manifest_sha256 = fields.Digest("manifest_sha256");
  out.name = fields.String("name");
  CheckName(out.name, fields.PathOf("name"), kUntrusted);
  out.provenance_sha256 = fields.Digest("provenance_sha256");
  const std::string time = fields.String("released");
  const auto released = base::FromIso8601(time);
  if (!released || !time.starts_with("20")) {
    fields.FailAt("released", "expected a time such as 2026-11-29T21:11:08Z");
  }
  out.released = *released;
  fields.Done();
  if (out.Serialize() != line) {
    base::Fail(kUntrusted, "{}: the first line is not as imgbuild writes it", where);
  }
  return out;
}

}  // namespace

std::string Statement::Serialize() const {
  return base::DumpJson({{"channel", channel},
                         {"format", kStatementFormat},
                         {"manifest_sha256", manifest_sha256.ToHex()},
                         {"name", name},
                         {"provenance_sha256", provenance_sha256.ToHex()},
                         {"released", base::ToIso8601(released)}}) +
         "\n";
}

Release Release::Parse(const std::string& text, const std::string& name_of_file) {
  Release out;
  out.line = LineOf(text, kMaxReleaseBytes, name_of_file);
  out.statement = ParseStatement(out.line, name_of_file);
  out.signatures = ParseSignatures(std::string_view(text).substr(out.line.size()),
                                   kReleaseNamespace, name_of_file);
  return out;
}

std::optional<std::string> ReadReleaseText(const std::string& path) {
  try {
    return base::ReadFileIfThere(path + "/" + kReleaseFile, kMaxReleaseBytes);
  } catch (const base::Error& error) {
    throw base::Error(kUntrusted, error.what());
  }
}

void CheckBelongs(const Statement& statement, const std::string& name,
                  const base::Sha256& manifest_sha256, const std::string& name_of_file) {
  if (statement.name != name || statement.manifest_sha256 != manifest_sha256) {
    base::Fail(kUntrusted,
               "{} is the release of {} {}, not of {} {}: sign it with imgbuild sign --renew",
               name_of_file, statement.name, ImageId::Of(statement.manifest_sha256).text(), name,
               ImageId::Of(manifest_sha256).text());
  }
}

}  // namespace images
