#include "images/service/service_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "images/service/directives.h"
#include "images/service/port_claims.h"
#include "images/service/unit_options.h"

namespace images {
namespace {

constexpr size_t kMaxUserNameBytes = 31;  // what sysusers takes

void AddProblemsOfDirectives(const std::string& name, const Service& service,
                             std::vector<FieldProblem>& out) {
  for (const auto& [section, lines] : service.directives) {
    for (const auto& [option, value] : lines) {
      const std::string field = fmt::format("services.{}.directives.{}.{}", name, section, option);
      if (const std::string why = DirectiveProblem(section, option, value); !why.empty()) {
        out.push_back({field, "this line " + why});
      } else if (std::string unknown = UnknownOptionProblem(section, option); !unknown.empty()) {
        out.push_back({field, std::move(unknown)});
      }
    }
  }
}

// Those that systemd-based systems have from the start. Others of a host are found before a switch.
constexpr std::array<std::string_view, 48> kUsersOfEveryHost = {
    "adm",     "audio",    "backup",  "bin",    "cdrom",  "daemon",     "dbus",   "dialout",
    "dip",     "disk",     "fax",     "floppy", "games",  "input",      "irc",    "kmem",
    "kvm",     "list",     "lp",      "mail",   "man",    "messagebus", "news",   "nobody",
    "nogroup", "operator", "plugdev", "proxy",  "render", "root",       "sasl",   "sgx",
    "shadow",  "src",      "staff",   "sudo",   "sync",   "sys",        "syslog", "tape",
    "tty",     "users",    "utmp",    "uucp",   "video",  "voice",      "wheel",  "www-data"};

// With DynamicUser=, systemd takes a user of the host that has the service's name.
std::optional<FieldProblem> ProblemOfUser(const std::string& name, const Service& service) {
  if (NamesItsUser(service) ||
      !std::binary_search(kUsersOfEveryHost.begin(), kUsersOfEveryHost.end(), name)) {
    return std::nullopt;
  }
  return FieldProblem{"services." + name,
                      fmt::format("a host has a user or group {0}, whom the service would run as: "
                                  "give it another name, or say \"user\": \"{0}\" if that is meant",
                                  name)};
}

// Its checks after a boot pass over what a timer starts.
std::optional<FieldProblem> ProblemOfSchedule(const std::string& name, const Service& service) {
  if (!service.schedule || !service.health.rolls_back_after_boot) {
    return std::nullopt;
  }
  return FieldProblem{
      fmt::format("services.{}.health.after_boot", name),
      "nobody looks after a boot at what a \"schedule\" starts: leave \"after_boot\" out"};
}

// Of two files at one path, only one would be seen.
void AddProblemsOfHostFiles(const std::string& name, const Service& service,
                            std::vector<FieldProblem>& out) {
  const HostFiles& files = service.host_files;
  const std::array<std::tuple<const char*, bool, std::string_view>, 3> wanted = {
      {{"certificates", files.certificates.value_or(false), "/etc/ssl/certs/ca-certificates.crt"},
       {"hosts", files.hosts, "/etc/hosts"},
       {"time_zone", files.time_zone, "/etc/localtime"}}};
  for (const auto& [field, is_set, path] : wanted) {
    for (const Bind& bind : service.binds) {
      if (is_set && bind.image == path) {
        out.push_back({fmt::format("services.{}.host_files.{}", name, field),
                       fmt::format("\"binds\" has a file of the host at {}, too: leave one of the "
                                   "two out",
                                   path)});
      }
    }
  }
}

void AddProblemsOfPorts(const Services& services, std::vector<FieldProblem>& out) {
  const std::vector<PortClaim> claims = PortClaimsOf(services);
  for (auto claim = claims.begin(); claim != claims.end(); ++claim) {
    const auto before = std::find_if(claims.begin(), claim, [&](const PortClaim& other) {
      return other.service != claim->service && Collide(other, *claim);
    });
    if (before != claim) {
      out.push_back(
          {fmt::format("services.{}.{}", claim->service, claim->address ? "listen" : "ports"),
           fmt::format("port {} is the service {}'s already: give one of the two "
                       "another{}",
                       claim->port, before->service,
                       claim->address || before->address
                           ? ""
                           : ", or an address of its own by \"listen\"")});
    }
  }
}

}  // namespace

std::string UserNameProblem(const std::string& name) {
  const bool plain =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
  const bool starts_well = !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'));
  return plain && starts_well && name.size() <= kMaxUserNameBytes
             ? ""
             : fmt::format(
                   "'{}' is not the name of a user: use 1 to {} of a-z, 0-9, '-' and '_', "
                   "starting with a letter or '_'",
                   name, kMaxUserNameBytes);
}

bool NamesItsUser(const Service& service) {
  const auto lines = service.directives.find("Service");
  return service.user.has_value() ||
         (lines != service.directives.end() &&
          (lines->second.contains("User") || lines->second.contains("Group") ||
           lines->second.contains("DynamicUser")));
}

std::vector<FieldProblem> FindProblems(const Services& services, UserCheck user) {
  std::vector<FieldProblem> out;
  for (const auto& [name, service] : services) {
    AddProblemsOfDirectives(name, service, out);
    AddProblemsOfHostFiles(name, service, out);
    if (auto problem = user == UserCheck::kNow ? ProblemOfUser(name, service) : std::nullopt) {
      out.push_back(*std::move(problem));
    }
    if (auto problem = ProblemOfSchedule(name, service)) {
      out.push_back(*std::move(problem));
    }
  }
  AddProblemsOfPorts(services, out);
  return out;
}

}  // namespace images
