#include "units/auxiliary_units.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/error.h"
#include "units/render.h"

namespace units {
namespace {

// Directives about the service's own life. Everything else says what may be done and seen.
constexpr std::array<std::string_view, 22> kOnlyForTheService = {"ExecStartPre",
                                                                 "ExecStartPost",
                                                                 "ExecCondition",
                                                                 "ExecReload",
                                                                 "ExecStop",
                                                                 "ExecStopPost",
                                                                 "Restart",
                                                                 "RestartSec",
                                                                 "RestartSteps",
                                                                 "RestartMaxDelaySec",
                                                                 "RestartMode",
                                                                 "RestartPreventExitStatus",
                                                                 "RestartForceExitStatus",
                                                                 "SuccessExitStatus",
                                                                 "RemainAfterExit",
                                                                 "RuntimeMaxSec",
                                                                 "TimeoutSec",
                                                                 "TimeoutAbortSec",
                                                                 "WatchdogSec",
                                                                 "NotifyAccess",
                                                                 "PIDFile",
                                                                 "Sockets"};

std::vector<images::Command> CommandsOf(const images::Service& service, AuxiliaryUnit task) {
  switch (task) {
    case AuxiliaryUnit::kBeforeStart:
      return service.hooks.before_start;
    case AuxiliaryUnit::kAfterHealthy:
      return service.hooks.after_healthy;
    case AuxiliaryUnit::kCheck:
      break;
  }
  return service.health.exec.empty() ? std::vector<images::Command>()
                                     : std::vector<images::Command>{service.health.exec};
}

uint64_t SecondsOfEach(const images::Service& service, AuxiliaryUnit task) {
  return task == AuxiliaryUnit::kCheck ? service.health.try_seconds : service.hooks.timeout_seconds;
}

// The running service's, which systemd would remove with the task's end were it the task's own.
void UseRuntimeDirectory(const std::string& name, images::Service& task) {
  task.directives["Service"].erase("RuntimeDirectory");
  task.directives["Service"].erase("RuntimeDirectoryPreserve");
  if (task.runtime) {
    const std::string path = "/run/" + name;
    task.runtime = false;
    task.binds.push_back({path, path, true});
    task.environment["RUNTIME_DIRECTORY"] = path;
  }
}

// The service with the task's commands in place of its own: what is rendered of it is the task.
images::Service AsService(const std::string& name, const images::Service& service,
                          AuxiliaryUnit task) {
  images::Service out = service;
  out.exec_start_pre = CommandsOf(service, task);
  out.exec = out.exec_start_pre.back();
  out.exec_start_pre.pop_back();
  out.type = "oneshot";
  out.listen.clear();
  out.schedule.reset();
  std::map<std::string, std::string>& lines = out.directives["Service"];
  for (const std::string_view option : kOnlyForTheService) {
    lines.erase(std::string(option));
  }
  lines[kTimeoutOption] = std::to_string(SecondsOfEach(service, task));
  lines["TimeoutStopSec"] = std::to_string(kTaskStopSeconds);
  out.directives["Unit"] = {{"Description", name + ": " + ToText(task)},
                            {"StartLimitIntervalSec", "0"}};
  if (task != AuxiliaryUnit::kBeforeStart) {
    out.directives["Unit"]["JoinsNamespaceOf"] = name + ".service";  // its /tmp and its network
    UseRuntimeDirectory(name, out);
  }
  out.directives.erase("Install");
  return out;
}

}  // namespace

const char* ToText(AuxiliaryUnit task) {
  constexpr std::array<const char*, 3> kNames = {"before-start", "after-healthy", "check"};
  return kNames.at(static_cast<size_t>(task));
}

std::map<AuxiliaryUnit, std::chrono::seconds> TaskLimits(const images::Service& service) {
  std::map<AuxiliaryUnit, std::chrono::seconds> out;
  for (const AuxiliaryUnit task : kAuxiliaryUnits) {
    if (const size_t commands = CommandsOf(service, task).size(); commands > 0) {
      out[task] = std::chrono::seconds(commands * SecondsOfEach(service, task) + kTaskStopSeconds);
    }
  }
  return out;
}

std::string AuxiliaryUnitName(const std::string& service_unit, AuxiliaryUnit task) {
  return fmt::format("{}:{}.service", service_unit.substr(0, service_unit.rfind(".service")),
                     ToText(task));
}

std::vector<RenderedUnit> RenderAuxiliaryUnits(const images::StoredManifest& stored,
                                               const std::string& version_path,
                                               images::SecretForm form) {
  std::vector<RenderedUnit> out;
  for (const auto& [name, service] : stored.manifest.services) {
    for (const AuxiliaryUnit task : kAuxiliaryUnits) {
      if (CommandsOf(service, task).empty()) {
        continue;
      }
      images::StoredManifest alone = stored;
      alone.manifest.services = {{name, AsService(name, service, task)}};
      for (RenderedUnit& unit : Render(alone, version_path, form)) {
        out.push_back({AuxiliaryUnitName(unit.name, task), std::move(unit.text)});
      }
    }
  }
  return out;
}

}  // namespace units
