#include "activator/state/secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "activator/state/generations.h"
#include "activator/state/systemd_creds.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

using images::SecretForm;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::string_view kPrevious = ".previous-";  // no key starts so

std::string PathOf(const images::HostLayout& layout, const std::string& name,
                   const std::string& key) {
  return layout.Secret(SecretFormOf(layout), name, key);
}

std::string PreviousOf(const std::string& path) {
  return base::ParentOf(path) + "/" + std::string(kPrevious) + base::BaseName(path);
}

// A new time says that it changed.
bool PutBack(const std::string& path) {
  const std::string previous = PreviousOf(path);
  if (!base::LstatIfThere(previous)) {
    return false;
  }
  if (::utimensat(AT_FDCWD, previous.c_str(), nullptr, 0) != 0 ||
      base::TheSys().Rename(previous.c_str(), path.c_str()) != 0) {
    base::FailErrno(errno, "cannot put back {}", path);
  }
  base::FsyncDirectory(base::ParentOf(path));
  return true;
}

}  // namespace

std::optional<SecretForm> KeptSecretForm(const images::HostLayout& layout) {
  for (const SecretForm form : {SecretForm::kEncrypted, SecretForm::kPlain}) {
    if (base::LstatIfThere(layout.Secrets(form))) {
      return form;
    }
  }
  return std::nullopt;
}

SecretForm SecretFormOf(const images::HostLayout& layout) {
  if (const std::optional<SecretForm> kept = KeptSecretForm(layout)) {
    return *kept;
  }
  return !IsDirectoryHost(layout) && CanEncryptCredentials() ? SecretForm::kEncrypted
                                                             : SecretForm::kPlain;
}

void KeepSecretForm(const images::HostLayout& layout, SecretForm form) {
  base::MakeDirectories(layout.Secrets());  // who may not read them may see the form, for a plan
  base::MakeDirectories(layout.Secrets(form), kFolderMode);
}

std::optional<std::string> ReadSecret(const images::HostLayout& layout, const std::string& name,
                                      const std::string& key) {
  const SecretForm form = SecretFormOf(layout);
  const std::optional<std::string> text = base::ReadFileIfThere(layout.Secret(form, name, key));
  return text && form == SecretForm::kEncrypted ? DecryptCredential(key, *text) : text;
}

void WriteSecret(const images::HostLayout& layout, const std::string& name, const std::string& key,
                 const std::string& value) {
  const SecretForm form = SecretFormOf(layout);
  KeepSecretForm(layout, form);
  const std::string path = layout.Secret(form, name, key);
  const std::string text = form == SecretForm::kEncrypted ? EncryptCredential(key, value) : value;
  base::MakeDirectories(base::ParentOf(path), kFolderMode);
  try {
    base::WriteFileAtomically(path, text, kFileMode);
  } catch (const base::Error&) {
    const std::string previous = PreviousOf(path);  // or a failed sync may leave the new one there
    if (base::ReadFileIfThere(path) == base::ReadFileIfThere(previous)) {
      base::UnlinkIfThere(previous);
    } else {
      PutBack(path);
    }
    throw;
  }
}

void RemoveSecret(const images::HostLayout& layout, const std::string& name,
                  const std::string& key) {
  const std::string path = PathOf(layout, name, key);
  base::Unlink(path);
  base::FsyncDirectory(base::ParentOf(path));
  ::rmdir(base::ParentOf(path).c_str());  // not where others are in it
}

void KeepPrevious(const images::HostLayout& layout, const std::string& name,
                  const std::string& key) {
  const std::string path = PathOf(layout, name, key);
  if (const std::optional<std::string> text = base::ReadFileIfThere(path)) {
    base::WriteFileAtomically(PreviousOf(path), *text, kFileMode);
  }
}

void ForgetPrevious(const images::HostLayout& layout, const std::string& name,
                    const std::string& key) {
  const std::string path = PathOf(layout, name, key);
  if (base::UnlinkIfThere(PreviousOf(path))) {
    base::FsyncDirectory(base::ParentOf(path));
  }
}

bool PutBackPrevious(const images::HostLayout& layout, const std::string& name,
                     const std::string& key) {
  return PutBack(PathOf(layout, name, key));
}

std::vector<SecretName> UndoCutOffSecrets(const images::HostLayout& layout) {
  std::vector<SecretName> out;
  const std::optional<SecretForm> form = KeptSecretForm(layout);
  if (!form) {
    return out;
  }
  for (const std::string& name : base::ListDirectory(layout.Secrets(*form))) {
    const std::string folder = layout.Secrets(*form) + "/" + name;
    for (const std::string& file : base::ListDirectory(folder)) {
      if (file.starts_with(kPrevious)) {
        out.push_back({name, file.substr(kPrevious.size())});
        PutBack(folder + "/" + out.back().key);
      } else if (file.starts_with(base::kTemporaryPrefix)) {
        base::Unlink(folder + "/" + file);  // what a crash left
      }
    }
  }
  return out;
}

std::vector<StoredSecret> StoredSecrets(const images::HostLayout& layout) {
  std::vector<StoredSecret> out;
  const std::optional<SecretForm> form = KeptSecretForm(layout);
  if (!form) {
    return out;
  }
  for (const std::string& name : base::ListDirectory(layout.Secrets(*form))) {
    for (const std::string& key : base::ListDirectory(layout.Secrets(*form) + "/" + name)) {
      const std::string path = layout.Secret(*form, name, key);
      if (const auto file = base::LstatIfThere(path); file && images::IsCredentialName(key)) {
        out.push_back({name, key, path, *file});
      }
    }
  }
  return out;
}

std::string SecretProblem(const images::HostLayout& layout, const std::string& name,
                          const std::string& key) {
  const std::optional<SecretForm> form = KeptSecretForm(layout);
  const std::string path = form ? layout.Secret(*form, name, key) : "";
  const std::optional<struct stat> found = form ? base::LstatIfThere(path) : std::nullopt;
  if (!found) {
    return fmt::format("needs the secret {}: activate secret set {} {}", key, name, key);
  }
  if (!S_ISREG(found->st_mode)) {
    return fmt::format("cannot have its secret {}: {} is not a file", key, path);
  }
  if (found->st_uid != ::geteuid() || (found->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fmt::format(
        "has a secret {} that others than root may read: chown root {} && chmod 600 {}", key, path,
        path);
  }
  return "";
}

}  // namespace activator
