#include "images/service/service_checks.h"

#include <fmt/format.h>

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

std::optional<FieldProblem> FindProblem(const Services& services) {
  for (const auto& [name, service] : services) {
    if (auto problem = ProblemOfDirectives(name, service)) {
      return problem;
    }
  }
  return ProblemOfPorts(services);
}

}  // namespace images
