#include "images/release/release.h"

#include <set>
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

// Each begins where the one before ends.
std::vector<SshSignature> ParseSignatures(std::string_view text, const std::string& where) {
  std::vector<SshSignature> out;
  std::set<std::string> keys;
  while (!text.empty()) {
    if (out.size() == kMaxSignatures) {
      base::Fail(kUntrusted, "{}: it has more than {} signatures", where, kMaxSignatures);
    }
    const std::string which = fmt::format("{}: signature {}", where, out.size() + 1);
    const size_t end = text.find(kSignatureEnd);
    if (end == std::string_view::npos) {
      base::Fail(kUntrusted, "{}: its end is missing", which);
    }
    const size_t size = end + kSignatureEnd.size();
    out.push_back(SshSignature::Parse(text.substr(0, size), kReleaseNamespace, which));
    if (!keys.insert(out.back().fingerprint).second) {
      base::Fail(kUntrusted, "{}: {} has signed already", which, out.back().fingerprint);
    }
    text.remove_prefix(size);
  }
  if (out.empty()) {
    base::Fail(kUntrusted, "{}: it has no signature", where);
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

std::string Release::Serialize() const {
  std::string out = line;
  for (const SshSignature& signature : signatures) {
    out += signature.block;
  }
  return out;
}

Release Release::Parse(const std::string& text, const std::string& name_of_file) {
  if (text.size() > kMaxReleaseBytes) {
    base::Fail(kUntrusted, "{}: it has {} bytes, more than {}", name_of_file, text.size(),
               kMaxReleaseBytes);
  }
  const size_t end = text.find('\n');
  if (end == std::string::npos) {
    base::Fail(kUntrusted, "{}: it has no signature", name_of_file);
  }
  Release out;
  out.line = text.substr(0, end + 1);
  out.statement = ParseStatement(out.line, name_of_file);
  out.signatures = ParseSignatures(std::string_view(text).substr(end + 1), name_of_file);
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
