#include "builder/draft/learn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.h"
#include "base/process.h"
#include "builder/trial/this_machine.h"
#include "builder/trial/trial_report.h"

namespace builder {
namespace {

using Check = Draft::Check;

struct DirectoryKind {
  std::string_view above;
  std::string_view option;
  bool images::Service::*field;
};
constexpr std::array kDirectories = {
    DirectoryKind{"/var/lib/", "StateDirectory", &images::Service::state},
    DirectoryKind{"/var/cache/", "CacheDirectory", &images::Service::cache},
    DirectoryKind{"/var/log/", "LogsDirectory", &images::Service::logs},
    DirectoryKind{"/run/", "RuntimeDirectory", &images::Service::runtime},
    DirectoryKind{"/var/run/", "RuntimeDirectory", &images::Service::runtime}};

// What no definition gives a service.
bool IsKernels(const std::string& path) {
  return path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/dev/");
}

// Data and secrets of this machine, and what is no file.
constexpr std::array<std::string_view, 8> kNotTaken = {"/proc/", "/sys/", "/dev/", "/home/",
                                                       "/root/", "/tmp/", "/run/", "/var/"};

class Learner {
 public:
  Learner(const TrialReport& report, Draft& draft) : report_(report), draft_(draft) {}

  bool Run() {
    const bool ends_well = report_.record.exit_code == 0;
    AddPorts();
    for (const std::string& path : report_.record.files.refused) {
      AddWritable(path);
    }
    AddZones();
    if (!report_.record.stood && !changed_) {
      AddForgotten();
    }
    if (!report_.record.stood && !changed_ && ends_well && draft_.service.type == "exec") {
      Set(draft_.service.type, report_.record.ports.empty() ? "oneshot" : "forking");
      draft_.notes["type"] = {report_.record.ports.empty()
                                  ? "It ended by itself, and well: \"schedule\" would run it again."
                                  : "It goes into the background by itself."};
    }
    if (!changed_ || (report_.record.stood && draft_.check == Check::kUnknown)) {
      ChooseCheck();
    }
    return changed_;
  }

 private:
  template <typename Value, typename New>
  void Set(Value& value, const New& to) {
    changed_ = changed_ || value != to;
    value = to;
  }

  void AddPorts() {
    constexpr uint64_t kFirstOfClients = 32768;  // the kernel chose it: another one next time
    std::vector<uint64_t>& ports = draft_.service.ports;
    for (const auto& [port, address] : report_.record.ports) {
      if (port < kFirstOfClients && std::find(ports.begin(), ports.end(), port) == ports.end()) {
        ports.push_back(port);
        changed_ = true;
        draft_.notes.try_emplace("ports",
                                 std::vector<std::string>{"It listened there in a trial."});
      }
    }
  }

  // `path`: a file that could not be written, or a folder with "/" behind it that could not be
  // made.
  void AddWritable(const std::string& path) {
    std::string folder =
        path.ends_with('/') ? path.substr(0, path.size() - 1) : base::ParentOf(path);
    if (IsKernels(path) || path.find("__pycache__") != std::string::npos || folder == "/") {
      return;
    }
    for (const DirectoryKind& kind : kDirectories) {
      if ((folder + "/").starts_with(kind.above) && folder.size() > kind.above.size()) {
        AddDirectory(kind, folder.substr(kind.above.size()));
        return;
      }
    }
    if (folder.starts_with("/.")) {  // of its home, which is "/"
      AddDirectory(kDirectories[0], draft_.name);
      Set(draft_.service.environment["HOME"], "/var/lib/" + draft_.name);
    } else if (IsFolderOfItsOwn(folder)) {
      Bind(folder);
    } else if (path.ends_with('/')) {  // what it wants to make there, the next trial shows
      changed_ = draft_.empty_folders.insert(folder).second || changed_;
    }
  }

  // Not one that everything else is in.
  static bool IsFolderOfItsOwn(const std::string& folder) {
    constexpr std::array<std::string_view, 17> kShared = {
        "/etc",     "/usr",       "/bin", "/sbin",    "/lib",    "/lib64",
        "/var",     "/opt",       "/srv", "/home",    "/root",   "/var/lib",
        "/var/log", "/var/cache", "/run", "/var/run", "/usr/bin"};
    return std::find(kShared.begin(), kShared.end(), folder) == kShared.end() &&
           !folder.starts_with("/usr/lib");
  }

  void AddDirectory(const DirectoryKind& kind, const std::string& below) {
    const std::string name = below.substr(0, below.find('/'));
    std::set<std::string>& names = draft_.directories[std::string(kind.option)];
    if (name == draft_.name && names.empty()) {
      draft_.directories.erase(std::string(kind.option));
      Set(draft_.service.*kind.field, true);
      return;
    }
    if (std::exchange(draft_.service.*kind.field, false)) {
      names.insert(draft_.name);  // the field and the line exclude each other
    }
    changed_ = names.insert(name).second || changed_;
    draft_.notes.try_emplace("directives", std::vector<std::string>{"It wrote there in a trial."});
  }

  // Its content is kept in a directory of the service on the host.
  void Bind(const std::string& folder) {
    std::string name = folder.substr(1);
    std::replace(name.begin(), name.end(), '/', '-');
    const std::string host = draft_.name + "/" + name;
    for (const images::Bind& bind : draft_.service.binds) {
      if (folder == bind.image || folder.starts_with(bind.image + "/")) {
        return;
      }
    }
    if (HasContent(folder)) {
      std::vector<std::string>& notes = draft_.notes["service"];
      const std::string note =
          fmt::format("It writes to {}, where its own files are: give it another folder.", folder);
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
        notes.insert(notes.begin(), note);
      }
      return;
    }
    std::set<std::string>& names = draft_.directories["StateDirectory"];
    draft_.service.state = false;
    names.insert({draft_.name, host});
    draft_.service.binds.push_back({"/var/lib/" + host, folder + "/", true});
    draft_.notes["binds"] = {"It writes there; on the host that is in its own directory."};
    changed_ = true;
  }

  // Whether a bind there would hide files of the image.
  bool HasContent(const std::string& folder) const {
    const auto is_below = [&](const std::string& path) { return path.starts_with(folder + "/"); };
    const auto* root = std::get_if<images::RootSource>(&draft_.source);
    return std::any_of(draft_.files.begin(), draft_.files.end(),
                       [&](const auto& one) { return is_below(one.first); }) ||
           std::any_of(draft_.add.begin(), draft_.add.end(), is_below) ||
           std::any_of(draft_.service.exec.begin(), draft_.service.exec.end(), is_below) ||
           (root != nullptr && !base::ListDirectory(root->directory + folder).empty());
  }

  bool TakesFromThisMachine() const {
    return std::holds_alternative<images::ElfSource>(draft_.source);
  }

  void AddZones() {
    constexpr const char* kZones = "/usr/share/zoneinfo";
    const auto& missing = report_.record.files.missing;
    if (TakesFromThisMachine() && IsHere(kZones) &&
        std::any_of(missing.begin(), missing.end(),
                    [&](const std::string& path) { return path.starts_with(kZones); })) {
      Set(draft_.sets, std::set<std::string>{"default", "zoneinfo"});
    }
  }

  // What it looked for in vain and this machine has, where that is why it ended: its output names
  // it, or it was the last. Only what everybody may read is no secret.
  void AddForgotten() {
    const std::string& output = report_.record.output;
    const bool lacks_module = output.find("No module named") != std::string::npos;
    std::string last;
    for (const std::string& path : report_.record.files.missing) {
      if (!MayTake(path)) {
        continue;
      }
      if (output.find(path) != std::string::npos ||
          (lacks_module && path.ends_with("/dist-packages"))) {
        changed_ = draft_.add.insert(path).second || changed_;
      } else if (!IsUsuallyMissing(path)) {
        last = path;
      }
    }
    if (!changed_ && !last.empty()) {
      changed_ = draft_.add.insert(last).second;
    }
  }

  // For a folder: everything below it too.
  static bool EverybodyReads(const std::string& path, const struct stat& found) {
    if (!S_ISDIR(found.st_mode)) {
      return S_ISREG(found.st_mode) && (found.st_mode & 0004U) != 0;
    }
    const std::vector<std::string> names = base::ListDirectory(path);
    return (found.st_mode & 0005U) == 0005U &&
           std::all_of(names.begin(), names.end(), [&](const std::string& name) {
             struct stat below {};
             const std::string whole = path + "/" + name;
             return ::lstat(whole.c_str(), &below) == 0 &&
                    (S_ISLNK(below.st_mode) || EverybodyReads(whole, below));
           });
  }

  bool MayTake(const std::string& path) const {
    const auto found = TakesFromThisMachine() ? StatHere(path) : std::nullopt;
    const bool is_small =
        found && (S_ISREG(found->st_mode) || std::count(path.begin(), path.end(), '/') >= 3);
    return is_small && EverybodyReads(path, *found) &&
           std::none_of(kNotTaken.begin(), kNotTaken.end(),
                        [&](std::string_view above) { return path.starts_with(above); });
  }

  // HTTP first; then whether the port takes connections.
  void ChooseCheck() {
    images::Health& health = draft_.service.health;
    const bool may_check = !draft_.service.ports.empty() && draft_.service.type != "oneshot" &&
                           !report_.record.ports.empty();
    if (draft_.check == Check::kUnknown && may_check) {
      draft_.check = Check::kHttp;
      health.http = images::HttpCheck{"/", 200, "", {}};
      draft_.notes["health"] = {"It answered this in a trial."};
      changed_ = true;
    } else if (draft_.check == Check::kHttp && !report_.record.stood) {
      draft_.check = Check::kTcp;
      health.http.reset();
      health.tcp = fmt::format("localhost:{}", draft_.service.ports.front());
      draft_.notes["health"] = {"Its port takes connections; \"http\" or \"exec\" can ask more."};
      changed_ = true;
    } else if (draft_.check == Check::kTcp && !report_.record.stood) {
      draft_.check = Check::kNone;
      health.tcp.reset();
      draft_.notes.erase("health");
      changed_ = true;
    }
  }

  const TrialReport& report_;
  Draft& draft_;
  bool changed_ = false;
};

bool LooksFor(const TrialReport& report, std::initializer_list<std::string_view> parts) {
  const auto& missing = report.record.files.missing;
  return std::any_of(missing.begin(), missing.end(), [&](const std::string& path) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return path.find(part) != std::string::npos; });
  });
}

}  // namespace

bool Learn(const TrialReport& report, Draft& draft) { return Learner(report, draft).Run(); }

void NoteTrial(const TrialReport& report, Draft& draft) {
  const SandboxRecord& record = report.record;
  if (!record.stood) {
    // Nothing that it said: that may be secret, and this file goes into a repository.
    draft.trial.push_back("It did not stand in a trial. Why: imgbuild try " + draft.name);
  }
  std::vector<std::string>& contents = draft.notes["contents"];
  for (const std::string& path : record.files.missing) {
    if (!IsUsuallyMissing(path) && !path.starts_with("/tmp/") && !path.starts_with("/run/") &&
        !record.files.refused.contains(path + "/") && IsHere(path) && contents.size() < 8) {
      contents.push_back(fmt::format("It looked for {}, which this machine has.", path));
    }
  }
  if (contents.empty()) {
    draft.notes.erase("contents");
  }
  std::vector<std::string>& service = draft.notes["service"];
  if (LooksFor(report, {"/etc/ssl/", "/etc/pki/", "ca-certificates", "cert.pem"})) {
    service.insert(service.begin(),
                   "It looked for CA certificates: an image without any gets the host's.");
  }
  if (LooksFor(report, {"/etc/localtime", "zoneinfo"})) {
    service.insert(
        service.begin(),
        "It looked for the time zone: \"host_files\": { \"time_zone\": true } has the host's.");
  }
  if (!record.files.reached.empty()) {
    service.insert(service.begin(),
                   fmt::format("It connects to {}; a trial has no network but its own.",
                               fmt::join(record.files.reached, ", ")));
  }
}

}  // namespace builder
