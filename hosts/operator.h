// Who types a command here that changes other hosts, for their records.
#ifndef SLIPWAY_HOSTS_OPERATOR_H_
#define SLIPWAY_HOSTS_OPERATOR_H_

#include <string>

namespace hosts {

// "anna@laptop", of harmless characters: what this machine says, which its user can change.
std::string Operator();

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_OPERATOR_H_
