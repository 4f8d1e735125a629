// dm-verity of this host: whether units with RootHash= can start, and what the devices that systemd
// made for them have found. systemd names a device after its root hash, and shares it between all
// units of that root.
#ifndef SLIPWAY_ACTIVATOR_OS_DM_VERITY_H_
#define SLIPWAY_ACTIVATOR_OS_DM_VERITY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/file.h"

namespace activator {

// Why no unit with RootHash= could start here, and what to install; empty: it could. Loads no
// module that is there to be loaded.
std::string DmVerityProblem();

enum class VerityState { kWhole, kDamaged };

// Whether each block was right that was read since the device was made; nullopt: there is none, or
// it is not ours to ask.
std::optional<VerityState> VerityStateOf(const base::Sha256& root);

// What the first target says of itself in the device mapper's answer to DM_TABLE_STATUS; empty:
// there is none of that type, or the answer is cut short.
std::string StatusOfTarget(base::Bytes answer, std::string_view type);

// The name of the device ("254:0") where it is one of dm-verity; nullopt: it is another.
std::optional<std::string> VerityDeviceName(unsigned int major, unsigned int minor);
// As systemd names a device.
std::string VerityDeviceName(const base::Sha256& root);

// Files behind the loop devices that a device is made of, as the kernel names them.
std::vector<std::string> BackingFilesBelow(unsigned int major, unsigned int minor);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_DM_VERITY_H_
