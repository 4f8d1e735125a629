#include "builder/trial/trial.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "activator/os/mounted_image.h"
#include "activator/os/systemd.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/inspect/extract.h"
#include "builder/read/check_image.h"
#include "builder/read/guarded.h"
#include "builder/trial/option_table.h"
#include "builder/trial/sandbox.h"
#include "builder/trial/sockets.h"
#include "builder/trial/stand_ins.h"
#include "builder/trial/systemd_limits.h"
#include "builder/trial/systemd_trial.h"
#include "builder/trial/this_machine.h"
#include "builder/trial/unit_lines.h"
#include "images/service/address.h"
#include "units/auxiliary_units.h"
#include "units/directive_words.h"
#include "units/render.h"

namespace builder {
namespace {

// "-/from:/to" and its shorter forms.
SandboxMount MountOf(std::string word, bool writable) {
  SandboxMount out;
  out.writable = writable;
  out.optional = word.starts_with('-');
  word.erase(0, out.optional ? 1 : 0);
  const size_t at = word.find(':');
  out.from = word.substr(0, at);
  out.to =
      at == std::string::npos ? out.from : word.substr(at + 1, word.find(':', at + 1) - at - 1);
  return out;
}

// "NAME=value" lines of an EnvironmentFile=.
void AddVariables(const std::string& file, std::map<std::string, std::string>& out) {
  const std::string text = base::ReadFileIfThere(file).value_or("");
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t sign = line.find('=');
    if (line.starts_with('#') || sign == std::string::npos) {
      continue;
    }
    std::string value = line.substr(sign + 1);
    if (value.size() >= 2 && value.front() == value.back() &&
        (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    out[line.substr(0, sign)] = value;
  }
}

class Trial {
 public:
  Trial(const images::ImageDirectory& image, const std::string& name, const TrialOptions& options,
        const base::Io& io)
      : image_(image),
        io_(io),
        stored_(image.stored()),
        folder_(base::TemporaryFolder(), "slipway-try-") {
    for (const char* part : {"/root", "/stand-ins"}) {
      base::MakeDirectories(folder_.path() + part);
    }
    trial_ = MakeStandIns(image.manifest().services, name, folder_.path() + "/stand-ins");
    stored_.manifest.services = {{name, trial_.service}};
    stored_.manifest.image.verity_root.reset();  // only a host has the tree
    report_.service = name;
    report_.limit = plan_.limit = options.limit;
    report_.place = options.place;
    const std::string why = WhyNotUnderSystemd(image.manifest().services.at(name));
    if (options.place == TrialPlace::kSystemd && !why.empty()) {
      report_.place = TrialPlace::kNamespacesAsRoot;
      trial_.notes.push_back("in namespaces and not under this machine's systemd, because of " +
                             why);
    }
    plan_.until_listening = options.until_listening;
  }

  TrialReport Run() {
    plan_.service = trial_.service;
    plan_.service.health = WholeHealth();
    report_.health = trial_.service.health = plan_.service.health;
    if (report_.place == TrialPlace::kSystemd) {
      CheckThatProgramsRun();
      report_.record = RunUnderSystemd(image_, trial_, report_.limit, folder_.path());
    } else {
      RunInNamespaces();
    }
    report_.record.notes.insert(report_.record.notes.end(), trial_.notes.begin(),
                                trial_.notes.end());
    std::erase_if(report_.record.files.reached,
                  [&](const std::string& address) { return IsOwn(address); });
    ListWritten();
    return std::move(report_);
  }

 private:
  void RunInNamespaces() {
    plan_.root = folder_.path() + "/root";
    AddWritable("/tmp", 01777);
    AddWritable("/var/tmp", 01777);
    AddWritable("/run", 0755);
    FollowUnit(units::Render(stored_, image_.path()).front().text);
    AddCredentials();
    std::stable_sort(  // a folder before what is in it
        plan_.mounts.begin(), plan_.mounts.end(),
        [](const SandboxMount& one, const SandboxMount& other) { return one.to < other.to; });
    AddCommandsBefore();
    const base::UniqueFd mounted = Content();
    report_.record = RunInSandbox(plan_);
  }

  void CheckThatProgramsRun() const {
    struct statvfs found {};
    if (::statvfs(folder_.path().c_str(), &found) == 0 && (found.f_flag & ST_NOEXEC) != 0) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is mounted noexec: set TMPDIR to a folder where programs run",
                 base::TemporaryFolder());
    }
  }

  images::Health WholeHealth() const {
    images::Health out = trial_.service.health;
    if (out.http) {
      out.http->url = images::CheckedUrl(trial_.service);
    }
    return out;
  }

  void FollowUnit(const std::string& text) {
    const UnitLines unit(text, trial_.name);
    TakeEnvironment(unit);
    TakeMounts(unit);
    const TrialUser user = TrialUserOf(trial_.service);
    plan_.privileges.user = user.user;
    plan_.privileges.group = user.group;
    if (unit.Last("CapabilityBoundingSet")) {
      plan_.privileges.bounding = unit.Words("CapabilityBoundingSet");
    }
    plan_.privileges.ambient = unit.Words("AmbientCapabilities");
    plan_.privileges.no_new = unit.IsOn("NoNewPrivileges");
    plan_.hides_homes = unit.IsOn("ProtectHome");
    const std::string folder = unit.Last("WorkingDirectory").value_or("/");
    plan_.working_directory = folder == "~" ? "/" : folder;  // its home
    plan_.umask =
        static_cast<mode_t>(std::strtoul(unit.Last("UMask").value_or("022").c_str(), nullptr, 8));
    for (const std::string& option : unit.Options()) {
      // Of the commands and credentials, only those of the service's fields.
      const bool is_half = (option == "ExecStartPre" || option == "LoadCredential") &&
                           units::DirectiveOf(trial_.service, "Service", option) != nullptr;
      if (is_half || !IsAppliedInNamespaces(option)) {
        report_.not_applied.push_back(option);
      }
    }
  }

  void TakeEnvironment(const UnitLines& unit) {
    for (const std::string& word : unit.Words("Environment")) {
      const size_t at = word.find('=');
      plan_.environment[word.substr(0, at)] = word.substr(at + 1);
    }
    for (const auto& [name, value] : trial_.service.environment) {
      plan_.environment[name] = value;  // byte for byte
    }
    for (const std::string& file : unit.Words("EnvironmentFile")) {
      const bool may_lack = file.starts_with('-');
      if (!may_lack && !IsHere(file)) {
        trial_.notes.push_back(file + " is not on this machine: its variables are not set");
      }
      AddVariables(file.substr(may_lack ? 1 : 0), plan_.environment);
    }
    for (const auto& [name, value] : {std::pair{"HOME", "/"}, {"SHELL", "/bin/sh"}}) {
      plan_.environment.try_emplace(name, value);
    }
    for (const char* name : {"USER", "LOGNAME"}) {
      plan_.environment.try_emplace(name, trial_.name);
    }
  }

  void TakeMounts(const UnitLines& unit) {
    for (const std::string& word : unit.Words("TemporaryFileSystem")) {
      const std::string options = word.substr(std::min(word.find(':'), word.size()));
      AddWritable(word.substr(0, word.find(':')), 0755);
      plan_.mounts.back().writable =
          !(options + ",").starts_with(":ro,") && (options + ",").find(",ro,") == std::string::npos;
    }
    for (const bool writable : {false, true}) {
      for (const std::string& word : unit.Words(writable ? "BindPaths" : "BindReadOnlyPaths")) {
        plan_.mounts.push_back(MountOf(word, writable));
      }
    }
  }

  void AddWritable(const std::string& seen, mode_t mode) {
    const std::string path = fmt::format("{}/writable-{}", folder_.path(), plan_.mounts.size());
    base::MakeDirectories(path);
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    plan_.mounts.push_back({path, seen, true});
    trial_.folders.push_back({path, seen});
  }

  void AddCredentials() {
    if (trial_.service.credentials.empty()) {
      return;
    }
    const std::string folder = folder_.path() + "/credentials";
    const std::string seen = "/run/credentials/" + trial_.name + ".service";
    base::MakeDirectories(folder);
    for (const auto& [name, file] : trial_.service.credentials) {
      const std::string path = folder + "/" + name;
      std::filesystem::copy_file(file, path);
      std::filesystem::permissions(path, std::filesystem::perms(0400));
      if (::geteuid() == 0 &&
          ::chown(path.c_str(), plan_.privileges.user, plan_.privileges.group) != 0) {
        base::FailErrno(errno, "cannot give {} to the service", path);
      }
    }
    plan_.mounts.push_back({folder, seen});
    plan_.environment["CREDENTIALS_DIRECTORY"] = seen;
  }

  void AddCommandsBefore() {
    plan_.before = trial_.service.hooks.before_start;
    plan_.before.insert(plan_.before.end(), trial_.service.exec_start_pre.begin(),
                        trial_.service.exec_start_pre.end());
  }

  // The image's content: mounted where this kernel and user can, otherwise unpacked.
  base::UniqueFd Content() {
    RunGuarded(image_.image_path(), [&] { CheckImage(image_.image_path()); });
    if (report_.place != TrialPlace::kNamespaces) {
      try {
        const base::UniqueFd file = base::OpenForReading(image_.image_path());
        base::UniqueFd out = activator::MountedImage(file.get(), image_.image_path()).TakeMount();
        plan_.image = out.get();
        return out;
      } catch (const base::Error& error) {
        trial_.notes.push_back(fmt::format("unpacked, because {}", error.what()));
      }
    }
    CheckThatProgramsRun();
    plan_.tree = folder_.path() + "/tree";
    base::MakeDirectories(plan_.tree);
    ExtractInto(image_, plan_.tree, /*xattrs=*/false, io_);
    return {};
  }

  // Whether it listened there itself. One that does not wait for a connection (EINPROGRESS) does
  // not tell whether it was made.
  bool IsOwn(const std::string& address) const {
    const bool is_here = address.starts_with("127.") || address.starts_with("[::1]");
    const uint64_t port =
        std::strtoull(address.substr(address.rfind(':') + 1).c_str(), nullptr, 10);
    return is_here && std::any_of(report_.record.ports.begin(), report_.record.ports.end(),
                                  [&](const auto& listened) { return listened.first == port; });
  }

  void ListWritten() {
    namespace fs = std::filesystem;
    for (const StandIn& one : trial_.folders) {
      WrittenFolder found{one.seen, {}};
      for (auto entry = fs::recursive_directory_iterator(
               one.path, fs::directory_options::skip_permission_denied);
           entry != fs::recursive_directory_iterator(); ++entry) {
        const std::string seen = one.seen + entry->path().string().substr(one.path.size());
        if (!entry->is_directory() && !IsOurs(seen)) {
          found.files.push_back(seen);
        }
      }
      std::sort(found.files.begin(), found.files.end());
      if (!found.files.empty()) {
        report_.written.push_back(std::move(found));
      }
    }
  }

  bool IsOurs(const std::string& seen) const {
    const std::vector<std::string>& sockets = trial_.service.listen;
    return seen == kNotifySocket ||
           std::find(sockets.begin(), sockets.end(), seen) != sockets.end() ||
           std::any_of(plan_.mounts.begin(), plan_.mounts.end(),
                       [&](const SandboxMount& mount) { return mount.to == seen; });
  }

  const images::ImageDirectory& image_;
  const base::Io& io_;
  images::StoredManifest stored_;
  base::TemporaryDirectory folder_;
  TrialService trial_;
  SandboxPlan plan_;
  TrialReport report_;
};

}  // namespace

TrialPlace PlaceHere(bool use_systemd) {
  if (::geteuid() != 0) {
    return TrialPlace::kNamespaces;
  }
  return use_systemd && activator::HasSystemd() ? TrialPlace::kSystemd
                                                : TrialPlace::kNamespacesAsRoot;
}

TrialReport TryService(const images::ImageDirectory& image, const std::string& service,
                       const TrialOptions& options, const base::Io& io) {
  return Trial(image, service, options, io).Run();
}

}  // namespace builder
