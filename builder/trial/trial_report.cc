#include "builder/trial/trial_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/progress.h"
#include "builder/trial/this_machine.h"

namespace builder {
namespace {

constexpr size_t kFewLines = 15;
constexpr size_t kOutputLines = 10;

// Anywhere in a path: what the C library, Python and the kernel's own files make programs ask for.
constexpr std::array<std::string_view, 21> kUsuallyMissing = {
    "/etc/ld.so.preload",     "/etc/ld.so.nohwcap",   "/glibc-hwcaps",      "/usr/lib/locale/",
    "/share/locale",          "/__pycache__",         "pyvenv.cfg",         "/nscd/socket",
    "/etc/gai.conf",          "/etc/host.conf",       "/etc/suid-debug",    "/usr/lib/python3",
    "/usr/local/lib/python3", "/etc/terminfo",        "/lib/terminfo",      "._pth",
    "/pybuilddir.txt",        "/Modules/Setup.local", "/.local/lib/python", "/usr/bin/lib/python3",
    "/etc/localtime"};

std::string_view ToText(TrialPlace place) {
  switch (place) {
    case TrialPlace::kSystemd:
      return "systemd";
    case TrialPlace::kNamespacesAsRoot:
      return "namespaces, as root";
    case TrialPlace::kNamespaces:
      break;
  }
  return "namespaces, as a plain user";
}

// Whether it was most likely forgotten: not a folder that every machine has.
bool IsOnThisMachine(const std::string& path) {
  const auto found = StatHere(path);
  return found && !path.starts_with("/tmp/") && !path.starts_with("/run/") &&
         (!S_ISDIR(found->st_mode) || std::count(path.begin(), path.end(), '/') >= 3);
}

std::string Seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

std::string Verdict(const TrialReport& report) {
  const SandboxRecord& record = report.record;
  if (!record.stood) {
    return "did not stand: " + record.why;
  }
  if (record.passed_after) {
    return "stands, and its check passed after " + Seconds(*record.passed_after);
  }
  if (record.exit_code) {
    return "ended well";
  }
  return fmt::format("stood for {} s (it has no check)", report.limit.count());
}

// "  label       first\n               second\n".
class Section {
 public:
  Section(std::string& out, std::string_view label, bool all)
      : out_(out), label_(label), most_(all ? SIZE_MAX : kFewLines) {}

  void Add(const std::string& line) {
    if (++count_ <= most_) {
      Write(base::Printable(line));
    }
  }
  void End() {
    if (count_ > most_) {
      Write(fmt::format("and {} more: --all, --json", count_ - most_));
    }
  }

 private:
  void Write(const std::string& line) {
    out_ += fmt::format("  {:<12} {}\n", label_, line);
    label_ = "";
  }

  std::string& out_;
  std::string_view label_;
  const size_t most_;
  size_t count_ = 0;
};

template <typename List, typename Line>
void AddSection(std::string& out, std::string_view label, bool all, const List& list, Line line) {
  Section section(out, label, all);
  for (const auto& one : list) {
    section.Add(line(one));
  }
  section.End();
}

std::string PortText(const std::pair<uint64_t, std::string>& port) {
  const bool is_six = port.second.find(':') != std::string::npos;
  return port.second.empty() ? fmt::format("{} (every address)", port.first)
         : is_six            ? fmt::format("[{}]:{}", port.second, port.first)
                             : fmt::format("{}:{}", port.second, port.first);
}

void AddMissing(const TrialReport& report, bool all, std::string& out) {
  const SandboxRecord& record = report.record;
  if (!record.untraced.empty()) {
    out += fmt::format("  {:<12} its files were not watched: ptrace: {}\n", "not found",
                       record.untraced);
    return;
  }
  // What this machine has was most likely forgotten; it comes first.
  std::vector<std::string> lines;
  for (const bool here : {true, false}) {
    for (const std::string& path : record.files.missing) {
      const bool is_said = record.files.refused.contains(path + "/");
      if ((all || (!is_said && !IsUsuallyMissing(path))) && IsOnThisMachine(path) == here) {
        lines.push_back(path + (here ? "  (this machine has it: contents.add takes it)" : ""));
      }
    }
  }
  AddSection(out, "not found", all, lines, [](const std::string& line) { return line; });
}

void AddOutput(const TrialReport& report, bool all, std::string& out) {
  const std::string& output = report.record.output;
  if (output.empty()) {
    return;
  }
  const std::string last = all ? output : base::LastLines(output, kOutputLines);
  AddSection(
      out, "its output", true,
      [&] {
        std::vector<std::string> lines;
        for (size_t at = 0; at < last.size();) {
          const size_t end = std::min(last.find('\n', at), last.size());
          lines.push_back(last.substr(at, end - at));
          at = end + 1;
        }
        return lines;
      }(),
      [](const std::string& line) { return line; });
}

}  // namespace

bool IsUsuallyMissing(const std::string& path) {
  // Folders of libraries for other processors, which the loader tries first.
  constexpr std::array<std::string_view, 4> kLoaderFolders = {"/tls", "/x86_64", "/haswell",
                                                              "/aarch64"};
  if (std::any_of(kLoaderFolders.begin(), kLoaderFolders.end(),
                  [&](std::string_view end) { return path.ends_with(end); })) {
    return true;
  }
  return path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/dev/") ||
         std::any_of(kUsuallyMissing.begin(), kUsuallyMissing.end(),
                     [&](std::string_view part) { return path.find(part) != std::string::npos; });
}

std::string TrialText(const TrialReport& report, bool all) {
  const SandboxRecord& record = report.record;
  std::string out = fmt::format("{} {}\n", report.service, base::PrintableLines(Verdict(report)));
  AddSection(out, "ports", all, record.ports, PortText);
  AddSection(out, "wrote", all, report.written, [&](const WrittenFolder& folder) {
    const size_t shown = all ? folder.files.size() : std::min<size_t>(folder.files.size(), 3);
    std::string line = fmt::format(
        "{}", fmt::join(folder.files.begin(),
                        folder.files.begin() + static_cast<std::ptrdiff_t>(shown), " "));
    return shown == folder.files.size() ? line
                                        : fmt::format("{} and {} more in {}", line,
                                                      folder.files.size() - shown, folder.path);
  });
  AddSection(out, "could not", all, record.files.refused, [](const std::string& path) {
    return (path.ends_with('/') ? "make " : "write or read ") + path;
  });
  AddMissing(report, all, out);
  AddSection(out, "reached for", all, record.files.reached, [](const std::string& address) {
    return address + "  (a trial has no network but its own)";
  });
  AddSection(out, "note", true, record.notes, [](const std::string& note) { return note; });
  out += fmt::format("  {:<12} {}\n", "ran in", ToText(report.place));
  if (!report.not_applied.empty()) {
    out += fmt::format("  {:<12} {}\n", "only hosts",
                       all ? fmt::format("{}", fmt::join(report.not_applied, " "))
                           : fmt::format("apply {} of its unit (--all lists them)",
                                         base::Counted(report.not_applied.size(), "line")));
  }
  AddOutput(report, all, out);
  return out;
}

std::string TrialsJson(const std::vector<TrialReport>& reports) {
  base::Json out = base::Json::array();
  for (const TrialReport& report : reports) {
    const SandboxRecord& record = report.record;
    base::Json one = {{"service", report.service},
                      {"stood", record.stood},
                      {"why", record.why},
                      {"place", ToText(report.place)},
                      {"traced", record.untraced.empty()},
                      {"refused", record.files.refused},
                      {"reached", record.files.reached},
                      {"notes", record.notes},
                      {"not_applied", report.not_applied},
                      {"output", record.output}};
    one["exit_code"] = record.exit_code ? base::Json(*record.exit_code) : base::Json();
    one["check_passed_ms"] =
        record.passed_after ? base::Json(record.passed_after->count()) : base::Json();
    one["missing"] = base::Json::array();
    for (const std::string& path : record.files.missing) {
      one["missing"].push_back({{"path", path}, {"on_this_machine", IsOnThisMachine(path)}});
    }
    one["ports"] = base::Json::array();
    for (const auto& [port, address] : record.ports) {
      one["ports"].push_back({{"port", port}, {"address", address}});
    }
    one["written"] = base::Json::array();
    for (const WrittenFolder& folder : report.written) {
      one["written"].push_back({{"folder", folder.path}, {"files", folder.files}});
    }
    out.push_back(std::move(one));
  }
  return base::DumpJson(out, 2) + "\n";
}

}  // namespace builder
