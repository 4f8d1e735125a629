#include "pusher/protocol/planned.h"

#include "base/error.h"
#include "base/json_fields.h"
#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

using base::Json;
using base::JsonFields;

constexpr size_t kMaxWordBytes = 256;
constexpr size_t kMaxProblemBytes = 4096;

images::PackageChange::Kind KindOf(const images::PackageChange& change, bool is_new, bool is_gone) {
  using Kind = images::PackageChange::Kind;
  return is_new                     ? Kind::kAdded
         : is_gone                  ? Kind::kRemoved
         : change.from == change.to ? Kind::kRebuilt
                                    : Kind::kChanged;
}

// A package that has no version is there all the same: null says that it is not.
Json ToJson(const images::PackageChange& change) {
  using Kind = images::PackageChange::Kind;
  return {{"name", change.name},
          {"from", change.kind == Kind::kAdded ? Json() : Json(change.from)},
          {"to", change.kind == Kind::kRemoved ? Json() : Json(change.to)}};
}

images::PackageChange ParseChange(const Json& json, const std::string& path) {
  JsonFields fields(json, path, base::ExitCode::kFailed);
  images::PackageChange out;
  out.name = Printable(fields.String("name"), kMaxWordBytes);
  const std::optional<std::string> from = fields.OptionalString("from");
  const std::optional<std::string> to = fields.OptionalString("to");
  out.from = Printable(from.value_or(""), kMaxWordBytes);
  out.to = Printable(to.value_or(""), kMaxWordBytes);
  out.kind = KindOf(out, !from, !to);
  fields.Done();
  return out;
}

PlannedChange ParseImage(const Json& json, const std::string& path) {
  JsonFields fields(json, path, base::ExitCode::kFailed);
  PlannedChange out;
  out.name = fields.String("name");
  images::CheckName(out.name, fields.PathOf("name") + ": image name");
  out.old_id = Printable(fields.String("old_id"), kMaxWordBytes);
  out.old_version = Printable(fields.String("old_version"), kMaxWordBytes);
  for (const Json& change : fields.Array("packages")) {
    out.packages.push_back(ParseChange(change, fields.PathOf("packages")));
  }
  fields.Done();
  return out;
}

std::vector<std::string> PrintableStrings(JsonFields& fields, const std::string& field,
                                          size_t most_bytes = kMaxWordBytes) {
  std::vector<std::string> out = fields.Strings(field);
  for (std::string& text : out) {
    text = Printable(text, most_bytes);
  }
  return out;
}

}  // namespace

std::string Planned::Serialize() const {
  Json list = Json::array();
  for (const PlannedChange& image : images) {
    Json packages = Json::array();
    for (const images::PackageChange& change : image.packages) {
      packages.push_back(ToJson(change));
    }
    list.push_back({{"name", image.name},
                    {"old_id", image.old_id},
                    {"old_version", image.old_version},
                    {"packages", std::move(packages)}});
  }
  return base::DumpJson({{"free_bytes", free_bytes},
                         {"needed_bytes", needed_bytes},
                         {"fits", fits},
                         {"start", start},
                         {"restart", restart},
                         {"stop", stop},
                         {"problems", problems},
                         {"images", std::move(list)}});
}

Planned Planned::Parse(std::string_view text, const std::string& peer) {
  const std::string path = "the plan of " + peer;
  const Json json = base::ParseJson(text, path, base::ExitCode::kFailed);
  JsonFields fields(json, path, base::ExitCode::kFailed);
  Planned out;
  out.free_bytes = fields.Number("free_bytes", 0, base::kAnyNumber);
  out.needed_bytes = fields.Number("needed_bytes", 0, base::kAnyNumber);
  out.fits = fields.Bool("fits", true);
  out.start = PrintableStrings(fields, "start");
  out.restart = PrintableStrings(fields, "restart");
  out.stop = PrintableStrings(fields, "stop");
  out.problems = PrintableStrings(fields, "problems", kMaxProblemBytes);
  for (const Json& image : fields.Array("images")) {
    out.images.push_back(ParseImage(image, fields.PathOf("images")));
  }
  fields.Done();
  return out;
}

void SendPlanned(Wire& wire, const Planned& planned) {
  const std::string text = planned.Serialize();
  SendText(wire, MessageType::kPlanned, base::DumpJson({{"bytes", text.size()}}));
  SendBlob(wire, text);
  wire.Flush();
}

Planned ReceivePlanned(Wire& wire) {
  const Message message = Expect(wire, MessageType::kPlanned);
  const std::string path = "the plan of " + wire.peer();
  const Json json = base::ParseJson(message.text(), path, base::ExitCode::kFailed);
  JsonFields fields(json, path, base::ExitCode::kFailed);
  const uint64_t bytes = fields.Number("bytes", 1, kMaxPlannedBytes);
  fields.Done();
  return Planned::Parse(ReceiveBlob(wire, bytes), wire.peer());
}

}  // namespace pusher
