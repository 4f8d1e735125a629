// Installs the program that the boot unit runs.
#ifndef SLIPWAY_ACTIVATOR_HOST_INSTALL_SELF_H_
#define SLIPWAY_ACTIVATOR_HOST_INSTALL_SELF_H_

#include <string>

#include "images/version/host_layout.h"

namespace activator {

// Puts this program at ROOT/bin/activate where there is none, for the boot unit to run. One that is
// there stays: a push replaces it, and never by an older one.
void InstallSelf(const images::HostLayout& layout);

// What `PROGRAM --version` says; empty where it is not there, does not run, or is not what its name
// says (activate-DIGEST, fetch-DIGEST).
std::string ProgramVersion(const std::string& program);

// By their numbers: "0.10.0" is newer than "0.9.1".
bool IsNewerVersion(const std::string& one, const std::string& other);

// Makes ROOT/bin/activate a link to `agent`, a program of `version` that runs (it calls this),
// unless what is there runs too and is newer.
void LinkAgent(const images::HostLayout& layout, const std::string& agent,
               const std::string& version);

// The same with this program.
void LinkThisAgent(const images::HostLayout& layout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_INSTALL_SELF_H_
