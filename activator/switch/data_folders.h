// The folders of the host that services keep their data in: /var/lib/SERVICE and its like in
// /var/cache, /var/log and /run. When a service starts, systemd gives such a folder, with all that
// is in it, to the service's user, and moves it to private/ beside it for a dynamic user. Nothing
// gives it back to whoever had it before.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_DATA_FOLDERS_H_
#define SLIPWAY_ACTIVATOR_SWITCH_DATA_FOLDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/state/switch_record.h"
#include "images/service/service.h"

namespace activator {

// What is wrong, one entry a folder: a service would take it from another user of this host, who is
// none of systemd's dynamic ones. What the same service has in `before` is its own already, and a
// folder of root's that is empty, or holds lost+found alone, is anybody's. Not said again: what
// DirectoryProblem says of the same folder.
std::vector<std::string> TakenFolders(const Host& host, const images::Services& services,
                                      const images::Services& before);

// Folders that a service of `to` has and did not have in `from`, as they are now. One that is not
// there, or that is private to a dynamic user, is none of them.
std::vector<DataFolder> NewDataFolders(const Host& host, uint64_t from, uint64_t to);

// Gives them the place, owner and mode that they had. Any number of times.
void RestoreDataFolders(const Host& host, const std::vector<DataFolder>& folders);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_DATA_FOLDERS_H_
