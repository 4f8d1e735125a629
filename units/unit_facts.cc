#include "units/unit_facts.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/json_fields.h"
#include "images/service/address.h"
#include "images/service/health_json.h"

namespace units {
namespace {

using base::Json;
using base::JsonFields;

constexpr base::ExitCode kBad = base::ExitCode::kVerification;
constexpr uint64_t kFormat = 1;
constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();

bool IsAboutStop(const std::string& option) {
  return option.find("Stop") != std::string::npos || option.find("Kill") != std::string::npos ||
         option.find("SIG") != std::string::npos || option == "TimeoutSec" ||
         option == "TimeoutAbortSec";
}

std::map<std::string, std::string> StopDirectives(const images::Service& service) {
  std::map<std::string, std::string> out;
  if (const auto lines = service.directives.find("Service"); lines != service.directives.end()) {
    std::ranges::copy_if(lines->second, std::inserter(out, out.end()),
                         [](const auto& line) { return IsAboutStop(line.first); });
  }
  return out;
}

UnitFacts OfService(const images::ImageFacts& image, const images::Service& service,
                    const std::string& version_path) {
  UnitFacts out;
  out.image_path = version_path + "/" + images::kImageFile;
  out.verity_root = image.verity_root;
  out.is_oneshot = service.type == "oneshot";
  out.is_scheduled = service.schedule.has_value();
  out.health = service.health;
  if (out.health.http) {
    out.health.http->url = images::CheckedUrl(service);
  }
  out.stop = StopDirectives(service);
  out.task_limits = TaskLimits(service);
  return out;
}

// Of a socket or a timer: it has to be there as soon as the service.
UnitFacts OfStarter(const images::Service& service) {
  UnitFacts out;
  out.health.timeout_seconds = service.health.timeout_seconds;
  out.health.settle_seconds = service.health.settle_seconds;
  return out;
}

Json ToJson(const UnitFacts& facts) {
  Json out = {{"health", images::ToJson(facts.health)}};
  if (!facts.image_path.empty()) {
    out["image"] = facts.image_path;
  }
  if (facts.verity_root) {
    out["verity_root"] = facts.verity_root->ToHex();
  }
  if (facts.is_oneshot) {
    out["oneshot"] = true;
  }
  if (facts.is_scheduled) {
    out["scheduled"] = true;
  }
  if (!facts.listen.empty()) {
    out["listen"] = facts.listen;
  }
  if (facts.stop) {
    out["stop"] = *facts.stop;
  }
  for (const auto& [task, limit] : facts.task_limits) {
    out["task_seconds"][ToText(task)] = limit.count();
  }
  return out;
}

UnitFacts ReadUnit(const Json& json, const std::string& path) {
  JsonFields fields(json, path, kBad);
  UnitFacts out;
  out.image_path = fields.String("image", "");
  if (fields.Has("verity_root")) {
    out.verity_root = fields.Digest("verity_root");
  }
  out.is_oneshot = fields.Bool("oneshot", false);
  out.is_scheduled = fields.Bool("scheduled", false);
  out.listen = fields.Strings("listen");
  out.health = images::ReadHealth(fields, images::Programs::kResolved, {});
  if (fields.Has("stop")) {
    out.stop = fields.StringMap("stop");
  }
  JsonFields tasks(fields.Object("task_seconds"), fields.PathOf("task_seconds"), kBad);
  for (const AuxiliaryUnit task : kAuxiliaryUnits) {
    if (tasks.Has(ToText(task))) {
      out.task_limits[task] = std::chrono::seconds(tasks.Number(ToText(task), 1, kMost));
    }
  }
  tasks.Done();
  fields.Done();
  return out;
}

}  // namespace

FactsByUnit FactsOf(const images::StoredManifest& stored, const std::string& version_path) {
  FactsByUnit out;
  for (const auto& [name, service] : stored.manifest.services) {
    out[name + ".service"] = OfService(stored.manifest.image, service, version_path);
    if (!service.listen.empty()) {
      UnitFacts& socket = out[name + ".socket"] = OfStarter(service);
      socket.listen = service.listen;
    }
    if (service.schedule) {
      out[name + ".timer"] = OfStarter(service);
    }
  }
  return out;
}

std::string Serialize(const FactsByUnit& facts) {
  Json units = Json::object();
  for (const auto& [name, unit] : facts) {
    units[name] = ToJson(unit);
  }
  return Json{{"format", kFormat}, {"units", units}}.dump(2, ' ', false,
                                                          Json::error_handler_t::replace) +
         "\n";
}

FactsByUnit ParseFacts(const std::string& text, const std::string& name_of_file) {
  const Json json = base::ParseJson(text, name_of_file, kBad);
  JsonFields fields(json, name_of_file, kBad);
  if (fields.Number("format", 1, kMost) != kFormat) {
    base::Fail(base::ExitCode::kFailed,
               "{}: format: written by a newer version; use that one's activate", name_of_file);
  }
  FactsByUnit out;
  fields.EachMember("units", [&](const std::string& name, const Json& unit) {
    out[name] = ReadUnit(unit, name_of_file + ": units." + name);
  });
  fields.Done();
  return out;
}

}  // namespace units
