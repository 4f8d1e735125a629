// Who called a command, for the records: a login's name and its address. Never records more of the
// environment, which may hold secrets.
#ifndef SLIPWAY_ACTIVATOR_OS_INVOKER_H_
#define SLIPWAY_ACTIVATOR_OS_INVOKER_H_

#include <string>

namespace activator {

// "root", "ada from 10.0.0.1", "user 1000": as far as the environment and that of the processes
// above tell (sudo passes on who asked, and not from where). Where the kernel knows the login, that
// one counts: an environment can be made up. A static program asks no user
// database.
std::string Invoker();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_INVOKER_H_
