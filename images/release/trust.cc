#include "images/release/trust.h"

#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/name.h"
#include "images/release/release.h"

namespace images {
namespace {

constexpr uint64_t kPolicyFormat = 1;
constexpr const char* kVerityAsBuilt = "as-built";
constexpr const char* kVerityRequired = "required";

void CheckThreshold(const Trust& trust, const std::string& directory) {
  const uint64_t threshold = trust.policy.threshold;
  std::set<std::string> keys;
  std::set<std::string> people;  // the first name of a line is the one that counts
  for (const Signer& signer : trust.signers) {
    if (signer.is_authority && threshold > 1) {
      base::Fail(kUntrusted,
                 "{}/{} line {} has cert-authority, which could sign for all of {}: name each key",
                 directory, kSignersFile, signer.line, threshold);
    }
    keys.insert(signer.key);
    people.insert(signer.principals.front());
  }
  if (keys.size() < threshold) {
    base::Fail(kUntrusted, "{}/{} has {} keys, and {} wants {} signatures: nothing could be taken",
               directory, kSignersFile, keys.size(), kPolicyFile, threshold);
  }
  if (people.size() < threshold) {
    base::Fail(kUntrusted,
               "{}/{} has keys of {} signers, and {} wants {} signers: nothing could be taken",
               directory, kSignersFile, people.size(), kPolicyFile, threshold);
  }
}

}  // namespace

std::string Policy::Serialize() const {
  return base::DumpJson({{"format", kPolicyFormat},
                         {"channels", channels},
                         {"threshold", threshold},
                         {"verity", requires_verity ? kVerityRequired : kVerityAsBuilt}}) +
         "\n";
}

Policy Policy::Parse(const std::string& text, const std::string& name_of_file) {
  const base::Json json = base::ParseJson(text, name_of_file, kUntrusted);
  base::JsonFields fields = base::JsonFields::OfFile(json, name_of_file, kUntrusted);
  if (fields.Number("format", 1, base::kAnyNumber) != kPolicyFormat) {
    fields.FailAt("format", "this version knows only 1");
  }
  Policy out;
  out.channels = fields.Strings("channels");
  if (out.channels.empty()) {
    fields.FailAt("channels", "expected at least one, such as [\"production\"]");
  }
  for (const std::string& channel : out.channels) {
    CheckName(channel, fields.PathOf("channels") + ": channel", kUntrusted);
  }
  out.threshold = fields.Number("threshold", 1, kMaxSignatures);
  const std::string verity = fields.String("verity", kVerityAsBuilt);
  if (verity != kVerityAsBuilt && verity != kVerityRequired) {
    fields.FailAt("verity", R"(expected "as-built" or "required")");
  }
  out.requires_verity = verity == kVerityRequired;
  fields.Done();
  return out;
}

std::string& TrustTexts::Of(const std::string& file) {
  return file == kSignersFile ? signers : file == kRevokedFile ? revoked : policy;
}

const std::string& TrustTexts::Of(const std::string& file) const {
  return const_cast<TrustTexts*>(this)->Of(file);
}

TrustTexts ReadTrustTexts(const std::string& directory) {
  TrustTexts out;
  for (const char* file : kTrustFiles) {
    const std::string path = directory + "/" + file;
    try {
      out.Of(file) = base::ReadFile(path, kMaxTrustBytes);
    } catch (const base::Error& error) {
      throw base::Error(kUntrusted, error.what());
    }
  }
  return out;
}

Trust Trust::Parse(TrustTexts texts, const std::string& directory) {
  Trust out;
  out.policy = Policy::Parse(texts.policy, directory + "/" + kPolicyFile);
  out.signers = ParseSigners(texts.signers, directory + "/" + kSignersFile);
  CheckRevoked(texts.revoked, directory + "/" + kRevokedFile);
  out.texts = std::move(texts);
  CheckThreshold(out, directory);
  return out;
}

}  // namespace images
