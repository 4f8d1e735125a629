// ROOT/pull/config.json: which channels of which store this host pulls, and what it is called
// there; and what `activate enroll` is told. The authority on both is
// docs/formats/host-layout.md#rootpull.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_CONFIG_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace activator {

struct PullConfig {
  std::string store;     // as docs/formats/store.md names one
  std::string endpoint;  // empty: none, as the next two
  std::string region;
  std::string ca_file;
  std::string host;                   // under which it reports
  std::vector<std::string> groups;    // of waves
  std::vector<std::string> channels;  // at least one
  std::string every;                  // OnCalendar= of the timer
  uint64_t random_delay_seconds = 0;
  bool operator==(const PullConfig&) const = default;

  std::string Serialize() const;
  // Throws Error{code} that names file and field.
  static PullConfig Parse(const std::string& text, const std::string& name_of_file,
                          base::ExitCode code);
};

struct Enrollment {
  PullConfig config;
  std::optional<std::string> credentials;  // a file as store/credentials.h reads it
  base::Sha256 fetch_sha256;               // of the program, which is on the host

  // Throws Error{kUsage}.
  static Enrollment Parse(const std::string& text, const std::string& where);
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_CONFIG_H_
