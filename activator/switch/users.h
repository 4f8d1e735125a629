// Creates the named users of services before their units start, and makes the image know them.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_USERS_H_
#define SLIPWAY_ACTIVATOR_SWITCH_USERS_H_

#include <cstdint>
#include <set>
#include <string>

#include "activator/host/host.h"
#include "activator/stage/stage.h"
#include "images/service/service.h"

namespace activator {

// The services of these versions, as far as they can be read.
images::Services ServicesOf(const images::HostLayout& layout, const Apps& apps,
                            const PendingManifests& coming = {});
// Of a generation's.
images::Services ServicesOf(const images::HostLayout& layout, uint64_t generation);

// Throws Error{kFailed} where the host neither has nor can get a user that a service needs.
void CheckUsers(const Host& host, const images::Services& services);

// `services`: of a whole generation. Throws Error{kFailed} where several of its units run as a
// number that the host neither has nor can get a user for (SharedNumbersFragment).
void CheckSharedNumbers(const Host& host, const images::Services& services);

// Throws Error{kFailed} where a service that names no user would run as one of the host's.
void CheckDynamicUsers(const Host& host, const images::Services& services);

enum class AbsentUsers {
  kMake,
  kRefuse,  // at boot: they were made at the activation, and who knows them may only be starting
};

// Makes the users that the version needs and the host lacks, and writes passwd and group beside its
// image, durable (units/render.h binds them). Users are never removed. Throws Error{kFailed} where
// one is missing.
void ProvideUsersOf(const Host& host, const images::ImageDirectory& version, AbsentUsers absent);

// The same for all versions of the generation, made where they are absent; and a user for each
// number that several of its units run as (SharedNumbersFragment).
void ProvideUsers(const Host& host, uint64_t generation);

// A field of a line of passwd(5) or group(5).
std::string PasswdField(const std::string& line, size_t index);

// systemd itself gives such a number to a user, while its service runs.
bool IsDynamicId(uint64_t id);

// The fragment of sysusers.d(5) that makes the named users of `services` but those of `there`;
// empty where none is missing.
std::string SysusersFragment(const images::Services& services, const std::set<std::string>& there);

// The same for numbers that several units run as, hooks and checks among them, and that the host
// has no user for. systemd (252, 257, 262) runs one unit as such a number, and looks it up for the
// next.
std::string SharedNumbersFragment(Accounts& accounts, const images::Services& services);

// passwd(5) or group(5): `first`, then the lines of `own`, the image's, of other names. Where the
// image has none, root and nobody.
std::string MergeAccounts(const std::string& first, const std::string& own, bool are_groups);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_USERS_H_
