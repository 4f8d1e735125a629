// Encrypts credentials with systemd-creds, with a key that never leaves this machine.
#ifndef SLIPWAY_ACTIVATOR_STATE_SYSTEMD_CREDS_H_
#define SLIPWAY_ACTIVATOR_STATE_SYSTEMD_CREDS_H_

#include <string>

namespace activator {

// Whether this host can encrypt a credential and read it again, found by doing it.
bool CanEncryptCredentials();

// What LoadCredentialEncrypted=NAME:FILE takes as the file. The value goes through a pipe alone.
// Throws Error{kFailed} with what systemd-creds said.
std::string EncryptCredential(const std::string& name, const std::string& value);
std::string DecryptCredential(const std::string& name, const std::string& encrypted);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_SYSTEMD_CREDS_H_
