#include "activator/report/debug_report.h"

#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <functional>

#include "activator/host/installed_units.h"
#include "activator/os/disk_use.h"
#include "activator/os/dm_verity.h"
#include "activator/os/journal.h"
#include "activator/os/kernel_features.h"
#include "activator/report/history_command.h"
#include "activator/report/report.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "images/version/can_run.h"
#include "units/rendered_unit.h"

namespace activator {
namespace {

constexpr uint64_t kEvents = 10;
constexpr size_t kMessages = 50;
constexpr const char* kNothingRuns = "(nothing runs from a folder as host)\n";

std::string KernelText() {
  utsname kernel{};
  ::uname(&kernel);
  const std::string release = base::ReadFileIfThere("/etc/os-release").value_or("");
  constexpr std::string_view kKey = "PRETTY_NAME=";
  const size_t at = release.find(kKey);
  const std::string name =
      at == std::string::npos
          ? ""
          : release.substr(at + kKey.size(), release.find('\n', at) - at - kKey.size());
  return fmt::format("{} {} {} {}\n", kernel.sysname, kernel.release, kernel.machine, name);
}

std::string FeaturesText() {
  std::vector<std::string> features = ProbeFeatures();
  std::erase(features, images::kVerityFeature);
  return fmt::format("{}\ndm-verity: {}\n",
                     features.empty() ? "mounts no EROFS image"
                                      : fmt::format("mounts {}", fmt::join(features, ", ")),
                     DmVerityProblem().empty() ? "yes" : DmVerityProblem());
}

std::string SpaceText(const std::string& root) {
  return fmt::format("{} free; {} takes {}\n", base::HumanBytes(base::FreeBytes(root)), root,
                     base::HumanBytes(UsedBytes({root})));
}

std::string JournalText(const images::HostLayout& layout) {
  return MessagesAbout(
      NamesOf(LoadUnits(layout, ActiveGeneration(layout))) + UnitNames{units::kBootUnit},
      kMessages);
}

void WritePart(const base::Io& io, const char* title, const std::function<void()>& write) {
  io.Out("\n== {} ==\n", title);
  try {
    write();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    io.Out("(not available: {})\n", error.what());
  }
}

}  // namespace

void WriteDebugReport(const Host& host, const std::string& versions,
                      const std::function<std::string()>& status, bool runs_services,
                      const base::Io& io) {
  const images::HostLayout& layout = host.layout;
  io.Out("== versions ==\n{}\n", versions);
  const auto part = [&](const char* title, const std::function<std::string()>& text) {
    WritePart(io, title, [&] { io.WriteOut(text()); });
  };
  const auto part_of_services = [&](const char* title, const std::function<std::string()>& text) {
    part(
        title, runs_services ? text : [] { return std::string(kNothingRuns); });
  };
  part("kernel", &KernelText);
  part_of_services("kernel features", &FeaturesText);
  part_of_services("systemd", [] { return SystemdVersion() + "\n"; });
  part("space", [&] { return SpaceText(layout.root()); });
  part("generations", [&] { return ListText(ReadListing(layout)); });
  part("status", status);
  WritePart(io, "history", [&] {
    RunHistory(layout, {.since = {}, .follow = false, .json = false, .most = kEvents}, io);
  });
  part_of_services("systemd about our units", [&] { return JournalText(layout); });
}

}  // namespace activator
