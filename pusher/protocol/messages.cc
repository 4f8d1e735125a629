// The messages as JSON.
#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include "base/json_fields.h"
#include "base/printable.h"
#include "images/label.h"
#include "images/release/release.h"
#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

using base::Json;
using base::JsonFields;

constexpr base::ExitCode kBad = base::ExitCode::kFailed;
constexpr uint64_t kMaxImages = 1000;                               // of one push
constexpr uint64_t kMaxImageBytes = base::kAnyNumber / kMaxImages;  // so that they can be added up

std::string PathOf(const std::string& peer, std::string_view message) {
  return fmt::format("the {} of {}", message, peer);
}

Json ParseMessage(std::string_view text, const std::string& path) {
  return base::ParseJson(text, path, kBad);
}

std::string ReadName(JsonFields& fields) {
  std::string name = fields.String("name");
  images::CheckName(name, fields.PathOf("name") + ": image name");
  return name;
}

Json ToJson(const std::vector<VersionDigest>& versions) {
  Json out = Json::array();
  for (const VersionDigest& version : versions) {
    out.push_back({{"name", version.name}, {"manifest_sha256", version.manifest_sha256.ToHex()}});
  }
  return out;
}

std::vector<VersionDigest> ReadHeld(JsonFields& fields) {
  std::vector<VersionDigest> out;
  for (const Json& entry : fields.Array("held")) {
    JsonFields version(entry, fields.PathOf("held"), kBad);
    std::string name = ReadName(version);
    out.push_back({std::move(name), version.Digest("manifest_sha256")});
    version.Done();
  }
  return out;
}

std::optional<Demand> ReadDemand(JsonFields& fields) {
  if (!fields.Has("trust")) {
    return std::nullopt;
  }
  JsonFields trust = fields.Nested("trust");
  Demand out;
  for (const std::string& channel : trust.Strings("channels")) {
    out.channels.push_back(Printable(channel, 64));
  }
  out.threshold = trust.Number("threshold", 1, images::kMaxSignatures);
  trust.Done();
  if (out.channels.empty()) {
    trust.FailAt("channels", "expected at least one");
  }
  return out;
}

void CheckVersions(const Hello& hello, const std::string& peer) {
  if (hello.protocol_min > kProtocolMax || hello.protocol_max < kProtocolMin) {
    base::Fail(kBad,
               "{} speaks versions {} to {} of the push protocol, this program {} to {}; update "
               "the older one",
               peer, hello.protocol_min, hello.protocol_max, kProtocolMin, kProtocolMax);
  }
}

}  // namespace

std::string Hello::Serialize() const {
  Json out = {{"protocol_min", protocol_min},
              {"protocol_max", protocol_max},
              {"agent_version", agent_version},
              {"architecture", architecture},
              {"mounts", mounts},
              {"features", features},
              {"codecs", codecs},
              {"free_bytes", free_bytes},
              {"active_generation", active_generation},
              {"held", ToJson(held)},
              {"more_held", more_held}};
  if (trust) {
    out["trust"] = {{"channels", trust->channels}, {"threshold", trust->threshold}};
  }
  return base::DumpJson(out);
}

Hello Hello::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "greeting"));
  JsonFields fields(json, PathOf(peer, "greeting"), kBad);
  Hello out;
  out.protocol_min = fields.Number("protocol_min", 1, base::kAnyNumber);
  out.protocol_max = fields.Number("protocol_max", out.protocol_min, base::kAnyNumber);
  CheckVersions(out, peer);
  out.agent_version = Printable(fields.String("agent_version"), 64);
  out.architecture = Printable(fields.String("architecture"), 64);
  out.mounts = fields.Bool("mounts", true);
  for (const std::string& feature : fields.Strings("features")) {
    out.features.push_back(Printable(feature, 64));
  }
  out.codecs = fields.StringMap("codecs");
  out.free_bytes = fields.Number("free_bytes", 0, base::kAnyNumber);
  out.active_generation = fields.Number("active_generation", 0, base::kAnyNumber);
  out.trust = ReadDemand(fields);
  out.held = ReadHeld(fields);
  out.more_held = fields.Bool("more_held", false);
  if (out.protocol_max == kProtocolMax) {
    fields.Done();  // a newer peer may say more than we know of
  }
  return out;
}

uint64_t ProtocolWith(const Hello& hello) { return std::min(hello.protocol_max, kProtocolMax); }

std::string Held::Serialize() const {
  return base::DumpJson({{"held", ToJson(held)}, {"more_held", more_held}});
}

Held Held::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "greeting"));
  JsonFields fields(json, PathOf(peer, "greeting"), kBad);
  Held out{ReadHeld(fields), fields.Bool("more_held", false)};
  fields.Done();
  if (out.held.empty()) {
    fields.FailAt("held", "expected at least one");
  }
  return out;
}

void SendHello(Wire& wire, Hello hello) {
  const std::vector<VersionDigest> all = std::exchange(hello.held, {});
  std::span<const VersionDigest> rest(all);
  const auto next = [&] {
    const auto part = rest.first(std::min(rest.size(), kMaxHeldAtOnce));
    rest = rest.subspan(part.size());
    return std::vector<VersionDigest>(part.begin(), part.end());
  };
  hello.held = next();
  hello.more_held = !rest.empty();
  SendText(wire, MessageType::kHello, hello.Serialize());
  while (!rest.empty()) {
    Held more{next(), false};
    more.more_held = !rest.empty();
    SendText(wire, MessageType::kHeld, more.Serialize());
  }
}

Hello ReceiveHello(Wire& wire) {
  Hello out = Hello::Parse(Expect(wire, MessageType::kHello).text(), wire.peer());
  while (out.more_held) {
    const Held more = Held::Parse(Expect(wire, MessageType::kHeld).text(), wire.peer());
    if (out.held.size() + more.held.size() > kMaxHeld) {
      base::Fail(kBad, "{} broke the protocol: it greets with more than {} versions", wire.peer(),
                 kMaxHeld);
    }
    out.held.insert(out.held.end(), more.held.begin(), more.held.end());
    out.more_held = more.more_held;
  }
  return out;
}

std::string Begin::Serialize() const {
  Json list = Json::array();
  for (const NewImage& image : new_images) {
    list.push_back({{"name", image.name},
                    {"manifest_sha256", image.manifest_sha256.ToHex()},
                    {"image_sha256", image.image_sha256.ToHex()},
                    {"image_bytes", image.image_bytes}});
  }
  return base::DumpJson(
      {{"protocol", protocol}, {"images", images}, {"plan", plan}, {"new_images", list}});
}

Begin Begin::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "begin"));
  JsonFields fields(json, PathOf(peer, "begin"), kBad);
  Begin out;
  out.protocol = fields.Number("protocol", 1, base::kAnyNumber);
  if (out.protocol < kProtocolMin || out.protocol > kProtocolMax) {
    base::Fail(kBad,
               "{} wants version {} of the push protocol, this agent speaks {} to {}; update the "
               "older one",
               peer, out.protocol, kProtocolMin, kProtocolMax);
  }
  out.images = fields.Number("images", 1, kMaxImages);
  out.plan = fields.Bool("plan", false);
  for (const Json& entry : fields.Array("new_images")) {
    JsonFields image(entry, fields.PathOf("new_images"), kBad);
    NewImage& added = out.new_images.emplace_back();
    added.name = ReadName(image);
    added.manifest_sha256 = image.Digest("manifest_sha256");
    added.image_sha256 = image.Digest("image_sha256");
    added.image_bytes = image.Number("image_bytes", 0, kMaxImageBytes);
    image.Done();
  }
  if (out.new_images.size() > out.images) {
    fields.FailAt("new_images", "more than are offered");
  }
  fields.Done();
  return out;
}

std::string Offer::Serialize() const {
  return base::DumpJson({{"name", name},
                         {"manifest_sha256", manifest_sha256.ToHex()},
                         {"held", held},
                         {"manifest_bytes", manifest_bytes},
                         {"index_bytes", index_bytes},
                         {"provenance_bytes", provenance_bytes},
                         {"delta_bytes", delta_bytes},
                         {"basis", basis},
                         {"release_bytes", release_bytes},
                         {"label", label}});
}

Offer Offer::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "offer"));
  JsonFields fields(json, PathOf(peer, "offer"), kBad);
  Offer out;
  out.name = ReadName(fields);
  out.manifest_sha256 = fields.Digest("manifest_sha256");
  out.held = fields.Bool("held", false);
  out.manifest_bytes = fields.Number("manifest_bytes", 0, kMaxManifestBytes);
  out.index_bytes = fields.Number("index_bytes", 0, kMaxIndexBytes);
  out.provenance_bytes = fields.Number("provenance_bytes", 0, kMaxProvenanceBytes);
  out.delta_bytes = fields.Number("delta_bytes", 0, kMaxTextDeltaBytes);
  out.basis = fields.Number("basis", 0, base::kAnyNumber);
  out.release_bytes = fields.Number("release_bytes", 0, images::kMaxReleaseBytes);
  out.label = fields.String("label", "");
  if (!out.label.empty() && !images::LabelProblem(out.label).empty()) {
    fields.FailAt("label", images::LabelProblem(out.label));
  }
  fields.Done();
  return out;
}

std::string Need::Serialize() const {
  return base::DumpJson({{"chunks_total", chunks_total},
                         {"chunks_missing", chunks_missing},
                         {"missing_bytes", missing_bytes}});
}

Need Need::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "answer"));
  JsonFields fields(json, PathOf(peer, "answer"), kBad);
  Need out;
  out.chunks_total = fields.Number("chunks_total", 0, base::kAnyNumber);
  out.chunks_missing = fields.Number("chunks_missing", 0, out.chunks_total);
  out.missing_bytes = fields.Number("missing_bytes", 0, base::kAnyNumber);
  fields.Done();
  return out;
}

std::string Retransmit::Serialize() const { return base::DumpJson({{"names", names}}); }

Retransmit Retransmit::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "answer"));
  JsonFields fields(json, PathOf(peer, "answer"), kBad);
  Retransmit out{fields.Strings("names")};
  fields.Done();
  if (out.names.empty()) {
    fields.FailAt("names", "expected at least one");
  }
  if (std::set<std::string>(out.names.begin(), out.names.end()).size() != out.names.size()) {
    fields.FailAt("names", "expected each once");
  }
  return out;
}

std::string Staged::Serialize() const {
  Json out = {{"generation", generation},
              {"created", created},
              {"active", active},
              {"added_bytes", added_bytes},
              {"notes", notes}};
  if (!replaced.empty()) {
    out["replaced"] = replaced;
    out["active_generation"] = active_generation;
  }
  return base::DumpJson(out);
}

Staged Staged::Parse(std::string_view text, const std::string& peer) {
  const Json json = ParseMessage(text, PathOf(peer, "result"));
  JsonFields fields(json, PathOf(peer, "result"), kBad);
  Staged out;
  out.generation = fields.Number("generation", 1, base::kAnyNumber);
  out.created = fields.Bool("created", false);
  out.active = fields.Bool("active", false);
  out.added_bytes = fields.Number("added_bytes", 0, base::kAnyNumber);
  out.replaced = fields.Strings("replaced");
  for (std::string& name : out.replaced) {
    name = Printable(name);
  }
  out.active_generation = fields.Number("active_generation", 0, base::kAnyNumber, 0);
  for (const std::string& note : fields.Strings("notes")) {
    out.notes.push_back(base::Printable(note));
  }
  fields.Done();
  return out;
}

std::string Failure::Serialize() const {
  return base::DumpJson({{"code", static_cast<uint64_t>(code)}, {"message", message}});
}

Failure Failure::Parse(std::string_view text, const std::string& peer) {
  static constexpr std::array kKnown = {base::ExitCode::kFailed,      base::ExitCode::kUsage,
                                        base::ExitCode::kBusy,        base::ExitCode::kVerification,
                                        base::ExitCode::kUnreachable, base::ExitCode::kStale,
                                        base::ExitCode::kInterrupted};
  const Json json = ParseMessage(text, PathOf(peer, "failure"));
  JsonFields fields(json, PathOf(peer, "failure"), kBad);
  Failure out;
  const uint64_t code = fields.Number("code", 0, base::kAnyNumber);
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(), [&](base::ExitCode candidate) {
    return static_cast<uint64_t>(candidate) == code;
  });
  out.code = known == kKnown.end() ? base::ExitCode::kFailed : *known;
  out.message = Printable(fields.String("message"));
  fields.Done();
  return out;
}

}  // namespace pusher
