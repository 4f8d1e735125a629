// The gate.json of docs/formats/gate.md.
#ifndef SLIPWAY_TESTS_ACTIVATOR_GATE_SAMPLE_GATE_H_
#define SLIPWAY_TESTS_ACTIVATOR_GATE_SAMPLE_GATE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace tests {

// Why `call` is refused, in one line; empty: it is not.
template <typename Call>
std::string WhyRefused(Call call) {
  try {
    call();
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

inline nlohmann::json SampleGate() {
  return nlohmann::json::parse(R"({
    "format": 1,
    "operators": {
      "alice": {"applications": ["web"], "may": ["push", "activate", "rollback", "report"],
                "limits": "web"}},
    "limits": {
      "web": {"users": ["dynamic"], "hardening": ["strict"], "binds": [],
              "credentials": ["/etc/slipway/secrets/web/"],
              "directives": ["Service/LimitNOFILE"], "ports": [80], "max_bytes": 2000000000}}})");
}

}  // namespace tests

#endif  // SLIPWAY_TESTS_ACTIVATOR_GATE_SAMPLE_GATE_H_
