// Images of small services whose program does what its arguments say (tests/support/actor.cc), for
// tests on real hosts.
#ifndef SLIPWAY_TESTS_E2E_APPLICATIONS_H_
#define SLIPWAY_TESTS_E2E_APPLICATIONS_H_

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/e2e/scene.h"

namespace tests {

inline const nlohmann::json kServe = {"/bin/actor", "serve", "8080", "0", "hello"};

class Applications {
 public:
  Applications() {
    base::MakeDirectories(workshop_.folder() + "/images/tree/bin");
    MustRun({"cp", SLIPWAY_ACTOR, workshop_.folder() + "/images/tree/bin/actor"});
  }

  // An image of one service of that name; `service` is its definition, with the exec kServe.
  std::string Build(const std::string& name, nlohmann::json service) {
    if (!service.contains("hardening")) {
      service["hardening"] = "standard";
    }
    if (!service.contains("exec")) {
      service["exec"] = kServe;
    }
    const nlohmann::json definition = {{"name", name},
                                       {"source", {{"root", "tree"}}},
                                       {"target", Target()},
                                       {"services", {{name, service}}}};
    workshop_.WriteDefinition(name, definition.dump());
    const RunResult built = workshop_.Imgbuild({name});
    if (built.exit_code != 0) {
      throw std::runtime_error("imgbuild failed: " + built.err);
    }
    return built.out.substr(0, built.out.find('\n'));
  }

 private:
  Workshop workshop_;
};

inline RunResult PushAndActivate(const TestHost& host, const std::vector<std::string>& images,
                                 const std::string& agent = "") {
  return Activate(host,
                  "--generation " + std::to_string(MustPushTo(host, images, agent).generation));
}

inline std::string Current(const TestHost& host) {
  return host.MustRun("readlink /var/lib/images/current");
}

}  // namespace tests

#endif  // SLIPWAY_TESTS_E2E_APPLICATIONS_H_
