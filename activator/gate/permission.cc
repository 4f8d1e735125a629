#include "activator/gate/permission.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "images/name.h"
#include "images/release/release.h"
#include "images/service/address.h"
#include "images/service/listen_address.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

using images::kUntrusted;

constexpr const char* kDynamicUser = "dynamic";
constexpr size_t kMostProblems = 5;  // in one message
constexpr uint64_t kHttpPort = 80;

template <typename Value>
bool IsOneOf(const std::vector<Value>& list, const Value& value) {
  return std::ranges::find(list, value) != list.end();
}

bool IsListed(const std::vector<std::string>& list, const std::string& path) {
  return images::IsPlainAbsolutePath(path) &&
         std::ranges::any_of(list, [&](const std::string& entry) {
           return entry == path || (entry.ends_with('/') && path.starts_with(entry));
         });
}

// Finds what one service asks for beyond the limits.
class ServiceLimits {
 public:
  ServiceLimits(const GateLimits& limits, const std::string& name, Paths paths,
                std::vector<std::string>& problems)
      : limits_(limits), name_(name), paths_(paths), problems_(problems) {}

  void Check(const std::string& application, const images::Service& service);

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back("service " + name_ + ": " +
                        fmt::format(format, std::forward<Args>(args)...));
  }
  void CheckPath(const std::vector<std::string>& list, const std::string& what,
                 const std::string& path);
  void CheckPort(uint64_t port);
  void CheckSocket(const std::string& what, const std::string& path, bool is_own);
  void CheckListen(const images::Service& service);
  void CheckHealth(const images::Service& service);
  void CheckAddress(const std::optional<images::Address>& address, const std::string& text);

  const GateLimits& limits_;
  const std::string name_;
  const Paths paths_;
  std::vector<std::string>& problems_;
};

void ServiceLimits::CheckPath(const std::vector<std::string>& list, const std::string& what,
                              const std::string& path) {
  if (!IsListed(list, path)) {
    Add("{} {}", what, path);
    return;
  }
  if (paths_ != Paths::kResolved || !base::Exists(path)) {
    return;
  }
  if (const std::string real = base::RealPath(path); !IsListed(list, real)) {
    Add("{} {}, which leads to {}", what, path, real);
  }
}

void ServiceLimits::CheckPort(uint64_t port) {
  if (!IsOneOf(limits_.ports, port)) {
    Add("port {}", port);
  }
}

// Its own folder in /run is its own. Root asks, and systemd listens: so the service itself must not
// be able to put a link there.
void ServiceLimits::CheckSocket(const std::string& what, const std::string& path, bool is_own) {
  if (!is_own || !IsListed({"/run/" + name_ + "/"}, path)) {
    CheckPath(limits_.binds, what, path);
  }
}

void ServiceLimits::CheckListen(const images::Service& service) {
  for (const uint64_t port : service.ports) {
    CheckPort(port);
  }
  for (const std::string& text : service.listen) {
    const std::optional<images::ListenAddress> listen = images::ParseListenAddress(text);
    if (!listen) {
      Add("listen {}", text);
    } else if (listen->path.empty()) {
      CheckPort(listen->port);
    } else {
      CheckSocket("socket", listen->path, !service.runtime);
    }
  }
}

// The host asks as root, and its answer is told: it asks the service alone.
void ServiceLimits::CheckAddress(const std::optional<images::Address>& address,
                                 const std::string& text) {
  constexpr std::array kHere = {"127.0.0.1", "[::1]", "localhost"};
  if (!address || std::ranges::find(kHere, address->host) == kHere.end()) {
    Add("a check of {}, which is not on this host", text);
    return;
  }
  CheckPort(address->port);
}

void ServiceLimits::CheckHealth(const images::Service& service) {
  constexpr std::string_view kHttp = "http://";
  const auto check_socket = [&](const std::string& path) {
    CheckSocket("a check of", path, !service.runtime && IsOneOf(service.listen, path));
  };
  if (const std::optional<std::string>& tcp = service.health.tcp) {
    tcp->starts_with('/') ? check_socket(*tcp) : CheckAddress(images::ParseAddress(*tcp, 0), *tcp);
  }
  if (!service.health.http) {
    return;
  }
  const std::string url = images::CheckedUrl(service);
  if (const std::optional<images::SocketUrl> socket = images::ParseSocketUrl(url)) {
    check_socket(socket->socket);
  } else if (!url.starts_with(kHttp)) {
    Add("a check of {}", url);
  } else {
    const std::string host = url.substr(kHttp.size(), url.find('/', kHttp.size()) - kHttp.size());
    CheckAddress(images::ParseAddress(host, kHttpPort), host);
  }
}

void ServiceLimits::Check(const std::string& application, const images::Service& service) {
  if (name_ != application && !IsOneOf(limits_.services, name_)) {
    Add("its name");
  }
  // One of the host that is called so would not be the one that is granted.
  if (const std::string user = service.user.value_or(kDynamicUser);
      service.user == kDynamicUser || !IsOneOf(limits_.users, user)) {
    Add("user {}", user);
  }
  if (!IsOneOf(limits_.hardening, service.hardening)) {
    Add("hardening {}", service.hardening);
  }
  for (const images::Bind& bind : service.binds) {
    CheckPath(limits_.binds, "bind of", bind.host);
  }
  for (const auto& [name, file] : service.credentials) {
    CheckPath(limits_.credentials, "credential", file);
  }
  if (service.environment_file) {
    CheckPath(limits_.credentials, "environment file", *service.environment_file);
  }
  for (const auto& [section, lines] : service.directives) {
    for (const auto& [option, value] : lines) {
      if (const std::string directive = section + "/" + option;
          !IsOneOf(limits_.directives, directive)) {
        Add("directive {}", directive);
      }
    }
  }
  CheckListen(service);
  CheckHealth(service);
}

// That a switch may wait for it at most, with the host's lock. Numbers of a manifest are small.
uint64_t SecondsOf(const images::Service& service) {
  const uint64_t commands = service.hooks.before_start.size() + service.hooks.after_healthy.size();
  return commands * service.hooks.timeout_seconds + service.health.timeout_seconds +
         service.health.settle_seconds + service.health.try_seconds;
}

void Require(const GateOperator& who, const images::Manifest& manifest, Paths paths) {
  std::vector<std::string> problems = LimitProblems(who.limits, manifest, paths);
  if (problems.empty()) {
    return;
  }
  const size_t all = problems.size();
  problems.resize(std::min(all, kMostProblems));
  base::Fail(kUntrusted, "{} is beyond what gate.json grants {}: {}{}", manifest.name, who.name,
             base::Printable(fmt::format("{}", fmt::join(problems, "; "))),
             all > kMostProblems ? fmt::format("; and {} more", all - kMostProblems) : "");
}

// Without its name, which is not theirs to know.
void RequireTheirs(const GateOperator& who, const std::string& application) {
  if (!who.Has(application)) {
    base::Fail(kUntrusted, "this changes also what gate.json does not grant {}", who.name);
  }
}

void AddServices(const GateOperator& who, const images::HostLayout& layout, uint64_t number,
                 std::set<std::string>& services) {
  if (number == kNoGeneration) {
    return;
  }
  for (const auto& [name, digest] : LoadGeneration(layout, number).apps) {
    if (who.Has(name)) {
      const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
      for (const auto& [service, fields] : version.manifest().services) {
        services.insert(service);
      }
    }
  }
}

}  // namespace

void RequireVerb(const GateOperator& who, Verb verb) {
  if (!who.may.contains(verb)) {
    base::Fail(kUntrusted, "gate.json does not grant {} to {}", ToText(verb), who.name);
  }
}

void RequireApplication(const GateOperator& who, const std::string& application) {
  if (!who.Has(application)) {
    base::Fail(kUntrusted, "gate.json does not grant application {} to {}", application, who.name);
  }
}

std::vector<std::string> LimitProblems(const GateLimits& limits, const images::Manifest& manifest,
                                       Paths paths) {
  std::vector<std::string> out;
  if (manifest.image.size_bytes > limits.max_bytes) {
    out.push_back(
        fmt::format("{} bytes of at most {}", manifest.image.size_bytes, limits.max_bytes));
  }
  uint64_t seconds = 0;
  for (const auto& [name, service] : manifest.services) {
    seconds += SecondsOf(service);
  }
  if (seconds > limits.max_seconds) {
    out.push_back(
        fmt::format("{} seconds for hooks and checks of at most {}", seconds, limits.max_seconds));
  }
  for (const auto& [name, service] : manifest.services) {
    ServiceLimits(limits, name, paths, out).Check(manifest.name, service);
  }
  return out;
}

void RequireLimits(const GateOperator& who, const images::Manifest& manifest) {
  Require(who, manifest, Paths::kAsWritten);
}

void RequireSameUnits(const GateOperator& who, const images::HostLayout& layout, uint64_t from,
                      uint64_t to) {
  std::set<std::string> services;
  AddServices(who, layout, from, services);
  AddServices(who, layout, to, services);
  const auto of_others = [&](uint64_t number) {
    std::map<std::string, std::string> units = UnitTexts(layout, number);
    units.merge(TaskTexts(layout, number));  // web:before-start.service
    std::erase_if(units, [&](const auto& unit) {
      const std::string stem = unit.first.substr(0, unit.first.rfind('.'));
      return services.contains(stem.substr(0, stem.find(':')));
    });
    return units;
  };
  if (of_others(from) != of_others(to)) {
    base::Fail(kUntrusted,
               "this also changes units of what gate.json does not grant {}: another version of "
               "Slipway wrote them; let root activate it",
               who.name);
  }
}

void RequireSwitch(const GateOperator& who, const images::HostLayout& layout, const Apps& from,
                   const Apps& to, bool was_healthy) {
  RequireVerb(who, was_healthy ? Verb::kRollback : Verb::kActivate);
  for (const auto& [name, digest] : from) {
    if (!to.contains(name)) {
      RequireTheirs(who, name);
    }
  }
  for (const auto& [name, digest] : to) {
    if (const auto old = from.find(name); old != from.end() && old->second == digest) {
      continue;
    }
    RequireTheirs(who, name);
    const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
    if (version.stored().digest != digest) {
      base::Fail(base::ExitCode::kVerification,
                 "{} holds another manifest than the generation "
                 "names",
                 version.path());
    }
    Require(who, version.manifest(), Paths::kResolved);
  }
}

}  // namespace activator
