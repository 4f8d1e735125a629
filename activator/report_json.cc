#include "activator/report.h"
#include "images/json_fields.h"
#include "images/name.h"

namespace activator {
namespace {

using images::Json;

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ToJson(const Generation& generation, uint64_t active) {
  Json apps = Json::object();
  for (const auto& [name, digest] : generation.apps) {
    apps[name] = {{"id", images::ImageId::Of(digest).text()}, {"manifest_sha256", digest.ToHex()}};
  }
  return {{"number", generation.number},       {"parent", generation.parent},
          {"state", ToText(generation.state)}, {"is_active", generation.number == active},
          {"created", generation.created},     {"by", generation.by},
          {"reason", generation.reason},       {"apps", std::move(apps)}};
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
    out.push_back(ToJson(generation, listing.active));
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
    units.push_back({{"name", unit.name},
                     {"active", unit.state.active},
                     {"sub", unit.state.sub},
                     {"result", unit.state.result},
                     {"main_pid", unit.state.main_pid},
                     {"restarts", unit.state.restarts}});
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
  return Dump({{"root", status.root},
               {"active", status.active == kNoGeneration ? Json(nullptr) : Json(status.active)},
               {"generation",
                status.generation ? ToJson(*status.generation, status.active) : Json(nullptr)},
               {"switch", std::move(record)},
               {"units", std::move(units)}});
}

std::string UnitsJson(const std::map<std::string, std::string>& units) { return Dump(units); }

std::string PruneJson(const PrunePlan& plan, bool dry_run) {
  return Dump({{"dry_run", dry_run},
               {"generations", plan.generations},
               {"versions", plan.versions},
               {"incoming", plan.incoming},
               {"agents", plan.agents},
               {"kept_in_use", plan.kept_in_use},
               {"unreadable_generations", KeysOf(plan.unreadable)},
               {"freed_bytes", plan.freed_bytes}});
}

}  // namespace activator
