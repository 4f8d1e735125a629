#include "images/service/service_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "images/service/directives.h"
#include "images/service/port_claims.h"
#include "images/service/unit_options.h"

namespace images {
namespace {

std::optional<FieldProblem> ProblemOfDirectives(const std::string& name, const Service& service) {
  for (const auto& [section, lines] : service.directives) {
    for (const auto& [option, value] : lines) {
      const std::string field = fmt::format("services.{}.directives.{}.{}", name, section, option);
      if (const std::string why = DirectiveProblem(section, option, value); !why.empty()) {
        return FieldProblem{field, "this line " + why};
      }
      if (std::string why = UnknownOptionProblem(section, option); !why.empty()) {
        return FieldProblem{field, std::move(why)};
      }
    }
  }
  return std::nullopt;
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

std::optional<FieldProblem> ProblemOfPorts(const Services& services) {
  const std::vector<PortClaim> claims = PortClaimsOf(services);
  for (auto claim = claims.begin(); claim != claims.end(); ++claim) {
    for (auto before = claims.begin(); before != claim; ++before) {
      if (before->service != claim->service && Collide(*before, *claim)) {
        return FieldProblem{
            fmt::format("services.{}.{}", claim->service, claim->address ? "listen" : "ports"),
            fmt::format("port {} is the service {}'s already: give one of the two another{}",
                        claim->port, before->service,
                        claim->address || before->address
                            ? ""
                            : ", or an address of its own by \"listen\"")};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

bool NamesItsUser(const Service& service) {
  const auto lines = service.directives.find("Service");
  return service.user.has_value() ||
         (lines != service.directives.end() &&
          (lines->second.contains("User") || lines->second.contains("Group") ||
           lines->second.contains("DynamicUser")));
}

std::optional<FieldProblem> FindProblem(const Services& services, UserCheck user) {
  for (const auto& [name, service] : services) {
    if (auto problem = ProblemOfDirectives(name, service)) {
      return problem;
    }
    if (auto problem = user == UserCheck::kNow ? ProblemOfUser(name, service) : std::nullopt) {
      return problem;
    }
  }
  return ProblemOfPorts(services);
}

}  // namespace images
