#include "activator/report/comparison.h"
#include "activator/report/past.h"
#include "activator/report/report.h"
#include "activator/report/secret_listing.h"
#include "activator/report/uninstalled.h"
#include "activator/report/verify.h"
#include "activator/state/event_json.h"
#include "base/clock.h"
#include "images/name.h"

namespace activator {
namespace {

using base::Json;

std::string Dump(const Json& json) { return base::DumpJson(json, 2) + "\n"; }

Json ToJson(const Generation& generation, uint64_t active) {
  Json apps = Json::object();
  for (const auto& [name, digest] : generation.apps) {
    apps[name] = {{"id", images::ImageId::Of(digest).text()}, {"manifest_sha256", digest.ToHex()}};
  }
  return {{"number", generation.number},
          {"parent", generation.parent},
          {"state", ToText(generation.state)},
          {"is_active", generation.number == active},
          {"is_pinned", generation.pinned},
          {"created", generation.created},
          {"by", generation.by},
          {"reason", generation.reason},
          {"apps", std::move(apps)}};
}

Json ToJson(const UnitStatus& unit) {
  const UnitState& state = unit.state;
  return {{"name", unit.name},
          {"active", state.active},
          {"sub", state.sub},
          {"result", state.result},
          {"since", unit.since},
          {"main_pid", state.main_pid},
          {"restarts", state.restarts},
          {"memory_bytes", state.memory_bytes == 0 ? Json(nullptr) : Json(state.memory_bytes)},
          {"image", unit.image_path},
          {"version", unit.version},
          {"overrides", state.drop_ins}};
}

Json ToJson(const AcceptedVersion& release) {
  return {{"channel", release.channel},
          {"released", base::ToIso8601(release.released)},
          {"accepted", base::ToIso8601(release.accepted)},
          {"signers", release.signers}};
}

// As the store has it, and when each channel was polled.
Json ToJson(const images::StateDocument& pulled, const images::PollTimes& polled) {
  Json out = base::ParseJson(pulled.Serialize(), "the report", base::ExitCode::kFailed);
  for (const auto& [channel, time] : polled) {
    if (pulled.channels.contains(channel)) {
      out["channels"][channel]["polled"] = base::ToIso8601(time);
    }
  }
  return out;
}

template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? ToJson(*value) : Json(nullptr);
}

Json KeysOf(const std::map<uint64_t, std::string>& map) {
  Json out = Json::array();
  for (const auto& [key, value] : map) {
    out.push_back(key);
  }
  return out;
}

}  // namespace

std::string ListJson(const Listing& listing) {
  Json out = Json::array();
  for (const Generation& generation : listing.generations) {
    Json one = ToJson(generation, listing.active);
    one["age_seconds"] = AgeSeconds(generation, listing.now);
    for (const auto& app : generation.apps) {
      const auto version = listing.versions.find(app);
      one["apps"][app.first]["version"] = version == listing.versions.end() ? "" : version->second;
    }
    out.push_back(std::move(one));
  }
  for (const auto& [number, why] : listing.unreadable) {
    out.push_back({{"number", number},
                   {"state", "unreadable"},
                   {"is_active", number == listing.active},
                   {"reason", why}});
  }
  return Dump(out);
}

std::string StatusJson(const Status& status) {
  Json units = Json::array();
  for (const UnitStatus& unit : status.units) {
    units.push_back(ToJson(unit));
  }
  Json record = nullptr;
  if (status.switch_record) {
    record = {{"activation_id", status.switch_record->activation_id},
              {"from", status.switch_record->from},
              {"to", status.switch_record->to},
              {"phase", ToText(status.switch_record->phase)},
              {"started", status.switch_record->started},
              {"by", status.switch_record->by},
              {"in_progress",
               status.switch_in_progress ? Json(*status.switch_in_progress) : Json(nullptr)}};
  }
  Json generation = nullptr;
  if (status.generation) {
    generation = ToJson(*status.generation, status.active);
    for (const auto& [name, version] : status.names) {
      generation["apps"][name]["version"] = version;
      const auto by = status.reads_verified_by.find(name);
      generation["apps"][name]["reads_verified_by"] =
          by == status.reads_verified_by.end() ? "" : by->second;
      const auto release = status.releases.find(name);
      generation["apps"][name]["release"] =
          release == status.releases.end() ? Json(nullptr) : ToJson(release->second);
    }
  }
  Json kept = Json::array();
  for (const KeptApplication& one : status.kept) {
    kept.push_back({{"application", one.application},
                    {"channel", one.channel},
                    {"by", one.by},
                    {"until", base::ToIso8601(one.until)}});
  }
  const bool is_up = status.down.empty() && status.failing.empty();
  return Dump({{"root", status.root},
               {"active", status.active == kNoGeneration ? Json(nullptr) : Json(status.active)},
               {"generation", std::move(generation)},
               {"takes_signed_alone", status.takes_signed_alone},
               {"trust_problem", status.trust_problem},
               {"switch", std::move(record)},
               {"units", std::move(units)},
               {"matches_current", status.drift.empty() && is_up && !status.switch_record &&
                                       (status.generation || status.active == kNoGeneration)},
               {"unreadable_generations", KeysOf(status.unreadable)},
               {"drift", status.drift},
               {"down", status.down},
               {"failing", status.failing},
               {"checked", status.checked ? Json(*status.checked) : Json(nullptr)},
               {"unhealthy", status.unhealthy},
               {"found_healthy", OrNull(status.found_healthy)},
               {"last_activation", OrNull(status.last_activation)},
               {"kept", std::move(kept)},
               {"pull_problems", status.pull_problems},
               {"pulled", status.pulled ? ToJson(*status.pulled, status.polled) : Json(nullptr)}});
}

std::string PulledJson(const images::StateDocument& pulled, const images::PollTimes& polled) {
  return Dump(ToJson(pulled, polled));
}

std::string UnitsJson(const std::map<std::string, std::string>& units) { return Dump(units); }

std::string PruneJson(const PrunePlan& plan, bool dry_run) {
  Json kept = Json::array();
  for (const Kept& one : plan.kept) {
    kept.push_back({{"path", one.path}, {"why", one.why}, {"bytes", one.bytes}});
  }
  return Dump({{"dry_run", dry_run},
               {"generations", plan.generations},
               {"versions", plan.versions},
               {"incoming", plan.incoming},
               {"agents", plan.agents},
               {"kept", kept},
               {"kept_in_use", plan.kept_in_use},
               {"kept_for_push", plan.kept_for_push},
               {"unreadable_generations", KeysOf(plan.unreadable)},
               {"freed_bytes", plan.freed_bytes},
               {"held_bytes", plan.held_bytes}});
}

std::string VerifyJson(const std::vector<VerifiedVersion>& versions) {
  Json out = Json::array();
  for (const VerifiedVersion& version : versions) {
    out.push_back({{"name", version.name},
                   {"id", version.id},
                   {"path", version.path},
                   {"bytes", version.bytes},
                   {"is_whole", version.problem.empty()},
                   {"damaged_chunks", version.damaged_chunks},
                   {"problem", version.problem},
                   {"reads_verified_by", version.reads_verified_by},
                   {"release", version.release},
                   {"release_problem", version.release_problem},
                   {"generations", version.generations}});
  }
  return Dump(out);
}

std::string ComparisonJson(const Comparison& comparison) {
  Json apps = Json::object();
  for (const AppDifference& app : comparison.apps) {
    apps[app.name] = {{"from", app.from.empty() ? Json(nullptr) : Json(app.from)},
                      {"to", app.to.empty() ? Json(nullptr) : Json(app.to)}};
  }
  Json hooks = Json::array();
  for (const HookRun& hook : comparison.hooks) {
    hooks.push_back({{"unit", hook.unit}, {"when", hook.when}, {"command", hook.command}});
  }
  const auto number = [](uint64_t value) { return value == 0 ? Json(nullptr) : Json(value); };
  return Dump({{"from", number(comparison.from)},
               {"to", number(comparison.to)},
               {"is_same", comparison.IsEmpty()},
               {"apps", std::move(apps)},
               {"units",
                {{"added", comparison.added},
                 {"changed", comparison.changed},
                 {"removed", comparison.removed},
                 {"started", comparison.effects.started},
                 {"restarted", comparison.effects.restarted},
                 {"stopped", comparison.effects.stopped}}},
               {"dependents",
                {{"restarted", comparison.dependents.started_again},
                 {"stopped", comparison.dependents.left_down}}},
               {"hooks", std::move(hooks)},
               {"mounted", comparison.mounted},
               {"unmounted", comparison.unmounted}});
}

std::string EventJson(const std::optional<Event>& event) { return Dump(OrNull(event)); }

std::string PastJson(const Past& past) {
  const Event& event = past.activated;
  Json apps = Json::object();
  for (const auto& [name, id] : event.apps) {
    const auto version = event.versions.find(name);
    apps[name] = {{"id", id}, {"version", version == event.versions.end() ? "" : version->second}};
  }
  const bool any = event.generation != kNoGeneration;
  const bool known = any && !event.time.empty();
  const Json out = {{"time", past.time},
                    {"generation", any ? Json(event.generation) : Json(nullptr)},
                    {"activated", known ? Json(event.time) : Json(nullptr)},
                    {"by", known ? Json(event.by) : Json(nullptr)},
                    {"apps", std::move(apps)}};
  return Dump(out);
}

std::string SecretsJson(const SecretListing& listing) {
  Json secrets = Json::array();
  for (const ListedSecret& secret : listing.secrets) {
    secrets.push_back({{"application", secret.name},
                       {"key", secret.key},
                       {"set_at", secret.set_at.empty() ? Json(nullptr) : Json(secret.set_at)},
                       {"read_by", secret.read_by},
                       {"problem", secret.problem}});
  }
  return Dump({{"encrypted", listing.encrypted}, {"secrets", std::move(secrets)}});
}

std::string UninstalledJson(const images::HostLayout& layout, const Uninstalled& uninstalled,
                            bool dry_run) {
  return Dump(
      {{"dry_run", dry_run},
       {"root", layout.root()},
       {"stopped", uninstalled.stopped},
       {"units", uninstalled.units},
       {"versions", uninstalled.versions},
       {"kept", uninstalled.kept},
       {"notes", uninstalled.notes},
       {"refused", uninstalled.refusal ? Json(uninstalled.refusal->what()) : Json(nullptr)}});
}

}  // namespace activator
