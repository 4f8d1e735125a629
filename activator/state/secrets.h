// The values of applications' secrets, in ROOT/.secrets (docs/formats/host-layout.md). An error or
// a record never has one. Whoever writes holds the host's lock.
#ifndef SLIPWAY_ACTIVATOR_STATE_SECRETS_H_
#define SLIPWAY_ACTIVATOR_STATE_SECRETS_H_

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "images/version/host_layout.h"

namespace activator {

// systemd gives a service 1 MiB of credentials, and reads no longer text of an encrypted one, which
// is larger by a third.
inline constexpr size_t kMaxSecretBytes = size_t{768} << 10;

// How this host keeps them: as it did before, otherwise encrypted where it can, which is tried. A
// folder as host keeps them plain.
images::SecretForm SecretFormOf(const images::HostLayout& layout);
// The same for a plan: nothing is tried. nullopt: not decided yet.
std::optional<images::SecretForm> KeptSecretForm(const images::HostLayout& layout);
// From now on it does so: units name the files before they are there.
void KeepSecretForm(const images::HostLayout& layout, images::SecretForm form);

// The value; nullopt: it was not set. Throws Error{kFailed} where it cannot be decrypted.
std::optional<std::string> ReadSecret(const images::HostLayout& layout, const std::string& name,
                                      const std::string& key);
// Keeps the value in the host's form, in place of any other.
// Where it throws, the value before is in its place again if it was kept (KeepPrevious).
void WriteSecret(const images::HostLayout& layout, const std::string& name, const std::string& key,
                 const std::string& value);
void RemoveSecret(const images::HostLayout& layout, const std::string& name,
                  const std::string& key);

// While services are restarted with a new value, the one before stands beside it.
void KeepPrevious(const images::HostLayout& layout, const std::string& name,
                  const std::string& key);
void ForgetPrevious(const images::HostLayout& layout, const std::string& name,
                    const std::string& key);
// Puts it back; false: there is none.
bool PutBackPrevious(const images::HostLayout& layout, const std::string& name,
                     const std::string& key);
struct SecretName {
  std::string application;
  std::string key;
};
// The same of all, and returns them: nobody knows how services do with the new ones. Needs no room.
std::vector<SecretName> UndoCutOffSecrets(const images::HostLayout& layout);

struct StoredSecret {
  std::string name;  // of the application
  std::string key;
  std::string path;
  struct stat file {};
};
// By name and key.
std::vector<StoredSecret> StoredSecrets(const images::HostLayout& layout);

// What is wrong with the file of a secret that a service reads; empty: nothing.
std::string SecretProblem(const images::HostLayout& layout, const std::string& name,
                          const std::string& key);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_SECRETS_H_
