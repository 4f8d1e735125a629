// `activate verify`: reads every image that the host holds and compares it with its manifest.
#ifndef SLIPWAY_ACTIVATOR_REPORT_VERIFY_H_
#define SLIPWAY_ACTIVATOR_REPORT_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

struct VerifyOptions {
  std::vector<std::string> names;  // of applications; empty: all
  bool repair = false;
};

struct VerifiedVersion {
  std::string name;
  std::string id;
  std::string path;
  uint64_t bytes = 0;             // of the image, that were read
  uint64_t damaged_chunks = 0;    // of the image's chunks
  std::string problem;            // what is wrong, for people; empty: it is whole
  std::string reads_verified_by;  // "dm-verity", "fs-verity"; empty: nothing
  std::string release;            // who signed it, for what, when, or that nobody did
  std::string release_problem;    // why this host would not activate it by that; empty: it would
  std::vector<uint64_t> generations;  // that name it
};

// Reads alone; shows how far it is. Throws Error{kFailed} where an application of `names` is not
// there.
std::vector<VerifiedVersion> VerifyVersions(const images::HostLayout& layout,
                                            const std::vector<std::string>& names,
                                            const base::Io& io);

// Marks the damaged ones, durable, so that a push does not take them for held and sends what is
// damaged (chunk_store.h); takes the mark from whole ones. The caller holds the host's lock.
void MarkDamaged(const std::vector<VerifiedVersion>& versions);

std::string VerifyText(const std::vector<VerifiedVersion>& versions);
std::string VerifyJson(const std::vector<VerifiedVersion>& versions);
// Throws Error{kVerification} where one is damaged, or where one of generation `active` is signed
// in a way that this host does not take; says what to do. Of others the text says it alone.
void ThrowIfDamaged(const std::vector<VerifiedVersion>& versions, bool marked, uint64_t active);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_VERIFY_H_
