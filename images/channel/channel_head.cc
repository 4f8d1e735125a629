#include "images/channel/channel_head.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "images/channel/channel_json.h"
#include "images/name.h"

namespace images {
namespace {

using base::Json;
using base::JsonFields;

constexpr uint64_t kHeadFormat = 1;
constexpr size_t kMaxVariants = 16;
constexpr size_t kMaxFeatures = 16;
constexpr size_t kMaxArchitectures = 16;
constexpr size_t kMaxWaves = 32;
constexpr size_t kMaxGroups = 64;
constexpr size_t kMaxWordBytes = 64;
constexpr uint64_t kMaxSeconds = uint64_t{366} * 24 * 3600;
constexpr uint64_t kMaxRetry = 1'000'000;
constexpr uint64_t kMaxProgramBytes = uint64_t{1} << 30;

uint64_t SecondsOf(std::chrono::seconds duration) {
  return static_cast<uint64_t>(duration.count());
}

// Words, none twice.
std::vector<std::string> ReadWords(JsonFields& fields, const std::string& field, size_t most) {
  std::vector<std::string> out = fields.Strings(field);
  if (out.size() > most) {
    fields.FailAt(field, fmt::format("more than {}", most));
  }
  for (const std::string& word : out) {
    CheckWord(fields, field, word, kMaxWordBytes);
  }
  if (std::set<std::string>(out.begin(), out.end()).size() != out.size()) {
    fields.FailAt(field, "one of them appears twice");
  }
  return out;
}

Json HeadAppsToJson(const ChannelApps& apps) {
  Json out = Json::object();
  for (const auto& [name, variants] : apps) {
    Json list = Json::array();
    for (const AppVariant& variant : variants) {
      list.push_back({{"manifest_sha256", variant.manifest_sha256.ToHex()},
                      {"architecture", variant.architecture},
                      {"features", variant.features}});
    }
    out[name] = list;
  }
  return out;
}

std::vector<AppVariant> ReadVariants(const Json& list, const JsonFields& apps,
                                     const std::string& name) {
  if (!list.is_array() || list.empty() || list.size() > kMaxVariants) {
    apps.FailAt(name, fmt::format("expected an array of 1 to {} variants", kMaxVariants));
  }
  std::vector<AppVariant> out;
  for (const Json& entry : list) {
    JsonFields fields = apps.Nested(entry, fmt::format("{}[{}]", name, out.size()));
    AppVariant variant;
    variant.manifest_sha256 = fields.Digest("manifest_sha256");
    variant.architecture = fields.String("architecture");
    CheckWord(fields, "architecture", variant.architecture, kMaxWordBytes);
    variant.features = ReadWords(fields, "features", kMaxFeatures);
    fields.Done();
    out.push_back(std::move(variant));
  }
  return out;
}

ChannelApps ReadApps(JsonFields& head) {
  ChannelApps out;
  const JsonFields apps = head.Nested("apps");
  head.EachMember("apps", [&](const std::string& name, const Json& list) {
    CheckName(name, head.PathOf("apps") + ": application", kUntrusted);
    out[name] = ReadVariants(list, apps, name);
  });
  if (out.size() > kMaxChannelApps) {
    head.FailAt("apps", fmt::format("more than {} applications", kMaxChannelApps));
  }
  return out;
}

Json RolloutToJson(const Rollout& rollout) {
  Json waves = Json::array();
  for (const Wave& wave : rollout.waves) {
    waves.push_back({{"groups", wave.groups},
                     {"percent", wave.percent},
                     {"after_seconds", SecondsOf(wave.after)}});
  }
  return {{"salt", rollout.salt},     {"waves", waves},
          {"hold", rollout.hold},     {"spread_seconds", SecondsOf(rollout.spread)},
          {"urgent", rollout.urgent}, {"retry", rollout.retry}};
}

std::vector<Wave> ReadWaves(JsonFields& rollout) {
  const Json& list = rollout.Array("waves");
  if (list.empty() || list.size() > kMaxWaves) {
    rollout.FailAt("waves", fmt::format("expected 1 to {}", kMaxWaves));
  }
  std::vector<Wave> out;
  Wave before;
  for (const Json& entry : list) {
    JsonFields fields = rollout.Nested(entry, fmt::format("waves[{}]", out.size()));
    Wave wave;
    wave.groups = ReadWords(fields, "groups", kMaxGroups);
    wave.percent = fields.Number("percent", before.percent, 100);
    wave.after =
        std::chrono::seconds(fields.Number("after_seconds", SecondsOf(before.after), kMaxSeconds));
    fields.Done();
    out.push_back(wave);
    before = wave;
  }
  return out;
}

Rollout ReadRollout(JsonFields fields) {
  Rollout out;
  out.salt = fields.String("salt");
  CheckWord(fields, "salt", out.salt, kMaxWordBytes, Emptiness::kTaken);
  out.waves = ReadWaves(fields);
  out.spread = std::chrono::seconds(fields.Number("spread_seconds", 0, kMaxSeconds));
  out.hold = fields.Bool("hold", false);
  out.urgent = fields.Bool("urgent", false);
  if (out.hold && out.urgent) {
    fields.FailAt("urgent", "a channel that is held cannot be urgent");
  }
  out.retry = fields.Number("retry", 0, kMaxRetry);
  fields.Done();
  return out;
}

Json ProgramsToJson(const Programs& programs) {
  Json out = Json::object();
  for (const auto& [architecture, program] : programs) {
    out[architecture] = {{"sha256", program.sha256.ToHex()}, {"bytes", program.bytes}};
  }
  return out;
}

Programs ReadPrograms(JsonFields& head, const std::string& field) {
  Programs out;
  const JsonFields programs = head.Nested(field);
  head.EachMember(field, [&](const std::string& architecture, const Json& entry) {
    CheckWord(head, field, architecture, kMaxWordBytes);
    JsonFields fields = programs.Nested(entry, architecture);
    out[architecture] = {fields.Digest("sha256"), fields.Number("bytes", 1, kMaxProgramBytes)};
    fields.Done();
  });
  if (out.size() > kMaxArchitectures) {
    head.FailAt(field, fmt::format("more than {} architectures", kMaxArchitectures));
  }
  return out;
}

}  // namespace

std::string ChannelHead::Serialize() const {
  return base::DumpJson({{"format", kHeadFormat},
                         {"channel", channel},
                         {"version", version},
                         {"created", base::ToIso8601(created)},
                         {"expires", base::ToIso8601(expires)},
                         {"apps", HeadAppsToJson(apps)},
                         {"rollout", RolloutToJson(rollout)},
                         {"agent", ProgramsToJson(agent)},
                         {"fetch", ProgramsToJson(fetch)}}) +
         "\n";
}

ChannelHead ChannelHead::ParseLine(const std::string& line, const std::string& where) {
  const Json json = base::ParseJson(line, where, kUntrusted);
  JsonFields fields = JsonFields::OfFile(json, where, kUntrusted);
  CheckFormat(fields, kHeadFormat, "update this host's programs with imgpush channel enroll");
  ChannelHead out;
  out.channel = ReadChannelName(fields, "channel");
  out.version = ReadVersion(fields, "version");
  out.created = ReadTime(fields, "created");
  out.expires = ReadTime(fields, "expires");
  if (out.expires <= out.created || out.expires > out.created + std::chrono::seconds(kMaxSeconds)) {
    fields.FailAt("expires", "expected a time after created, at most 366 days after it");
  }
  out.apps = ReadApps(fields);
  out.rollout = ReadRollout(fields.Nested("rollout"));
  out.agent = ReadPrograms(fields, "agent");
  out.fetch = ReadPrograms(fields, "fetch");
  fields.Done();
  CheckCanonical(out.Serialize(), line, where);
  return out;
}

std::string ChannelHead::Subject() const {
  return fmt::format("channel {}, version {}", channel, version);
}

base::Sha256 ChannelHead::SetDigest() const {
  return base::Sha256Of(base::DumpJson({{"apps", HeadAppsToJson(apps)}, {"retry", rollout.retry}}));
}

SignedHead SignedHead::Parse(const std::string& text, const std::string& where) {
  SignedHead out;
  out.line = LineOf(text, kMaxHeadBytes, where);
  out.head = ChannelHead::ParseLine(out.line, where);
  out.signatures =
      ParseSignatures(std::string_view(text).substr(out.line.size()), kChannelNamespace, where);
  return out;
}

std::vector<std::string> CheckHeadSigners(const SignedHead& head, const Trust& trust,
                                          SignatureVerifier& verifier, TimePoint at) {
  return CheckSigners(head, trust, verifier, at, head.head.Subject());
}

const AppVariant& ChooseVariant(const std::string& name, const std::vector<AppVariant>& variants,
                                const HostAbilities& host) {
  std::vector<std::string> reasons;
  for (const AppVariant& variant : variants) {
    Manifest facts;
    facts.name = name;
    facts.architecture = variant.architecture;
    facts.image.required_features = variant.features;
    if (std::erase(facts.image.required_features, kVerityFeature) > 0) {
      facts.image.verity_root.emplace();
    }
    try {
      CheckCanRun(facts, host, "this host");
      return variant;
    } catch (const base::Error& error) {
      reasons.emplace_back(error.what());
    }
  }
  base::Fail(base::ExitCode::kFailed, "no variant of {} is for this host: {}", name,
             fmt::join(reasons, "; "));
}

}  // namespace images
