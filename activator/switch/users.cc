#include "activator/switch/users.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

#include "activator/state/generations.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"
#include "images/service/service_checks.h"
#include "units/render.h"
#include "units/shared_user.h"

namespace activator {
namespace {

constexpr size_t kGroupField = 3;  // of passwd(5)

std::set<std::string> UsersOf(const images::Services& services) {
  std::set<std::string> out;
  for (const auto& [name, service] : services) {
    if (service.user) {
      out.insert(*service.user);
    }
  }
  return out;
}

std::set<std::string> ThoseThere(Accounts& accounts, const std::set<std::string>& users) {
  std::set<std::string> out;
  for (const std::string& user : users) {
    if (accounts.User(user)) {
      out.insert(user);
    }
  }
  return out;
}

struct Lines {
  std::string passwd;
  std::string group;
};

// One line of group for each group, however many users are in it.
Lines LinesOf(Accounts& accounts, const std::set<std::string>& users) {
  Lines out;
  std::set<std::string> groups;
  for (const std::string& user : users) {
    const std::optional<std::string> line = accounts.User(user);
    if (!line) {
      base::Fail(
          base::ExitCode::kFailed,
          "the user {} is not on this host (getent passwd {}). Once it is, `activate` of the "
          "active generation starts its services",
          user, user);
    }
    out.passwd += *line + "\n";
    const std::string number = PasswdField(*line, kGroupField);
    const std::optional<std::string> group =
        groups.insert(number).second ? accounts.Group(number) : std::nullopt;
    out.group += group ? *group + "\n" : "";
  }
  return out;
}

void WriteWhereOther(const std::string& path, const std::string& text) {
  if (base::ReadFileIfThere(path) != text) {
    base::WriteFileAtomically(path, text);
  }
}

// systemd itself made the user or group, for a service that runs. `line`: of passwd(5) or group(5).
bool IsDynamic(const std::string& line) {
  const std::string number = PasswdField(line, 2);
  uint64_t id = 0;
  std::from_chars(number.data(), number.data() + number.size(), id);
  return IsDynamicId(id);
}

// "1000" of a service that runs as a number, as those of OCI images do; else empty.
std::string NumberOf(const images::Service& service) {
  const auto lines = service.directives.find("Service");
  if (service.user || lines == service.directives.end()) {
    return "";
  }
  const auto user = lines->second.find("User");
  const bool is_number = user != lines->second.end() && !user->second.empty() &&
                         user->second.find_first_not_of("0123456789") == std::string::npos;
  return is_number && user->second != "0" ? user->second : "";
}

// With DynamicUser=, systemd takes a user of the host that has the service's name, even root.
void CheckDynamicUser(Accounts& accounts, const std::string& service) {
  const std::string user = units::SharedUser(service);
  const std::optional<std::string> line = accounts.User(user);
  if (line && !IsDynamic(*line)) {
    base::Fail(base::ExitCode::kFailed,
               "service {} would run as the user {} of this host, whom it does not name: set "
               "\"user\": \"{}\" if that is meant, or give the service another name",
               service, user, user);
  }
  if (const auto group = line ? std::nullopt : accounts.Group(user); group && !IsDynamic(*group)) {
    base::Fail(base::ExitCode::kFailed,
               "service {} cannot have a dynamic user: this host has a group {}. Give the service "
               "another name, or a \"user\"",
               service, user);
  }
}

}  // namespace

images::Services ServicesOf(const images::HostLayout& layout, const Apps& apps,
                            const PendingManifests& coming) {
  images::Services out;
  for (const auto& [name, digest] : apps) {
    try {
      const auto pending = coming.find(name);
      const images::Services services =
          pending != coming.end()
              ? pending->second.manifest.services
              : images::ImageDirectory(layout.Version(name, images::ImageId::Of(digest)))
                    .manifest()
                    .services;
      out.insert(services.begin(), services.end());
    } catch (const base::Error&) {  // gone or damaged: the way out of it must not need it
    }
  }
  return out;
}

images::Services ServicesOf(const images::HostLayout& layout, uint64_t generation) {
  const std::optional<Generation> found = FindGeneration(layout, generation);
  return ServicesOf(layout, found ? found->apps : Apps{});
}

std::string PasswdField(const std::string& line, size_t index) {
  std::istringstream fields(line);
  std::string out;
  for (size_t i = 0; i <= index; ++i) {
    out.clear();
    std::getline(fields, out, ':');
  }
  return out;
}

bool IsDynamicId(uint64_t id) { return id >= 61184 && id <= 65519; }

std::string SysusersFragment(const images::Services& services, const std::set<std::string>& there) {
  std::string out;
  std::set<std::string> done = there;
  for (const auto& [name, service] : services) {
    if (service.user && done.insert(*service.user).second) {
      out += fmt::format("u {} - \"Service {}\" {}\n", *service.user, name,
                         service.state ? "/var/lib/" + name : "/");
    }
  }
  return out;
}

std::string MergeAccounts(const std::string& first, const std::string& own, bool are_groups) {
  const std::string fallback = are_groups
                                   ? "root:x:0:\nnogroup:x:65534:\n"
                                   : "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                                     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
  std::set<std::string> names;
  std::istringstream ours(first);
  for (std::string line; std::getline(ours, line);) {
    names.insert(PasswdField(line, 0));
  }
  std::string out = first;
  std::istringstream theirs(own.empty() ? fallback : own);
  for (std::string line; std::getline(theirs, line);) {
    if (!line.empty() && !names.contains(PasswdField(line, 0))) {
      out += line + "\n";
    }
  }
  return out;
}

void CheckDynamicUsers(const Host& host, const images::Services& services) {
  base::Problems problems;
  for (const auto& [name, service] : services) {
    if (!images::NamesItsUser(service)) {
      problems.Try([&, &its = name] { CheckDynamicUser(*host.accounts, its); });
    }
  }
  problems.ThrowIfAny();
}

void CheckUsers(const Host& host, const images::Services& services) {
  const std::set<std::string> users = UsersOf(services);
  if (users.empty()) {
    return;
  }
  const std::set<std::string> there = ThoseThere(*host.accounts, users);
  const std::string why = there == users ? "" : host.accounts->WhyNone();
  base::Problems problems;
  for (const auto& [name, service] : services) {
    if (!why.empty() && service.user && !there.contains(*service.user)) {
      problems.Add(base::ExitCode::kFailed,
                   "service {} runs as the user {}, who is not on this host and cannot be made: "
                   "{}. Add the user to the host's configuration, or leave out \"user\"",
                   name, *service.user, why);
    }
  }
  problems.ThrowIfAny();
}

void ProvideUsersOf(const Host& host, const images::ImageDirectory& version, AbsentUsers absent) {
  const images::Services& services = version.manifest().services;
  const std::set<std::string> users = UsersOf(services);
  if (users.empty()) {
    return;
  }
  const std::string missing = absent == AbsentUsers::kMake
                                  ? SysusersFragment(services, ThoseThere(*host.accounts, users))
                                  : "";
  if (!missing.empty()) {
    host.accounts->Make(missing);
  }
  const Lines lines = LinesOf(*host.accounts, users);
  const auto own = [&](const char* path) {
    return host.read_image_file ? host.read_image_file(version, path) : std::string();
  };
  WriteWhereOther(version.path() + "/" + units::kPasswdFile,
                  MergeAccounts(lines.passwd, own("/etc/passwd"), false));
  WriteWhereOther(version.path() + "/" + units::kGroupFile,
                  MergeAccounts(lines.group, own("/etc/group"), true));
}

std::string SharedNumbersFragment(Accounts& accounts, const images::Services& services) {
  std::map<std::string, int> units;  // by the number that they run as
  for (const auto& [name, service] : services) {
    const std::string number = NumberOf(service);
    if (!number.empty()) {
      units[number] += units::HasTasks(service) ? 2 : 1;
    }
  }
  std::string out;
  for (const auto& [number, count] : units) {
    if (count > 1 && !accounts.User(number)) {
      out += accounts.Group(number) ? "" : fmt::format("g slipway-{} {}\n", number, number);
      out += fmt::format("u slipway-{} {}:{} \"User {} of images\" /\n", number, number, number,
                         number);
    }
  }
  return out;
}

void CheckSharedNumbers(const Host& host, const images::Services& services) {
  std::string lines = SharedNumbersFragment(*host.accounts, services);
  const std::string why = lines.empty() ? "" : host.accounts->WhyNone();
  if (!why.empty()) {
    lines.pop_back();
    std::replace(lines.begin(), lines.end(), '\n', '|');
    base::Fail(base::ExitCode::kFailed,
               "several services, or one with a hook or an exec check, run as one number without a "
               "user, which systemd refuses, and this host can get none: {}. Add it "
               "to the host's configuration (sysusers.d: {})",
               why, lines);
  }
}

void ProvideUsers(const Host& host, uint64_t generation) {
  const std::string shared =
      SharedNumbersFragment(*host.accounts, ServicesOf(host.layout, generation));
  if (!shared.empty()) {
    host.accounts->Make(shared);
  }
  for (const auto& [name, digest] : LoadGeneration(host.layout, generation).apps) {
    ProvideUsersOf(host,
                   images::ImageDirectory(host.layout.Version(name, images::ImageId::Of(digest))),
                   AbsentUsers::kMake);
  }
}

}  // namespace activator
