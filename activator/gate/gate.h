// ROOT/trust/gate.json: who may deploy what over a login that is no root's (`activate gate NAME` as
// the forced command of a key). The authority on the format is docs/formats/gate.md.
#ifndef SLIPWAY_ACTIVATOR_GATE_GATE_H_
#define SLIPWAY_ACTIVATOR_GATE_GATE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "images/version/host_layout.h"

namespace activator {

inline constexpr uint64_t kGateFormat = 1;

enum class Verb { kPush, kActivate, kRollback, kReport };
const char* ToText(Verb verb);

// What images may ask of the host. What is not listed is forbidden.
struct GateLimits {
  std::vector<std::string> services;  // by name; the application's own is always one
  std::vector<std::string> users;     // "dynamic", or users of the host
  std::vector<std::string> hardening;
  std::vector<std::string> binds;        // paths of the host; one with / at its end: all below it
  std::vector<std::string> credentials;  // likewise; files, the environment's too
  std::vector<std::string> directives;   // "Service/LimitNOFILE"
  std::vector<uint64_t> ports;           // TCP
  uint64_t max_bytes = 0;                // of an image
  uint64_t max_seconds = 600;            // of an image's hooks and checks together
  bool operator==(const GateLimits&) const = default;
};

struct GateOperator {
  std::string name;
  std::set<std::string> applications;
  std::set<Verb> may;
  GateLimits limits;
  bool operator==(const GateOperator&) const = default;

  bool Has(const std::string& application) const { return applications.contains(application); }
};

struct Gate {
  std::map<std::string, GateOperator> operators;  // by name
  bool operator==(const Gate&) const = default;

  // Throws Error{kVerification} that names file and field.
  static Gate Parse(const std::string& text, const std::string& name_of_file);
};

std::string GateFile(const images::HostLayout& layout);

// The operator by the file as it is now. Throws Error{kVerification} where the host does not take
// signed images alone, where the file is missing, wrong, or somebody else's to change, and where
// there is no such operator.
GateOperator LoadOperator(const images::HostLayout& layout, const std::string& name);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_GATE_H_
