#include "activator/trust/set_trust.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "activator/trust/accepted.h"
#include "activator/trust/host_trust.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

void MakeTrust(const images::HostLayout& layout, const images::TrustTexts& texts) {
  base::TemporaryDirectory folder(layout.root(), std::string(base::kTemporaryPrefix));
  if (::chmod(folder.path().c_str(), 0755) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", folder.path());
  }
  for (const char* file : images::kTrustFiles) {
    base::WriteFileAtomically(folder.path() + "/" + file, texts.Of(file));
  }
  base::WriteFileAtomically(folder.path() + "/" + base::BaseName(AcceptedFile(layout)),
                            Accepted().Serialize());
  base::PublishDirectory(folder.path(), layout.Trust());
  folder.Release();
}

void MendAccepted(const images::HostLayout& layout) {
  try {
    ReadAccepted(layout);
  } catch (const base::Error&) {
    base::WriteFileAtomically(AcceptedFile(layout), Accepted().Serialize());
  }
}

}  // namespace

void SetTrust(const images::HostLayout& layout, const images::TrustTexts& texts) {
  images::Trust::Parse(texts, layout.Trust());
  if (!base::LstatIfThere(layout.Trust())) {
    MakeTrust(layout, texts);
  } else {
    for (const char* file : images::kTrustFiles) {
      base::WriteFileAtomically(layout.Trust() + "/" + file, texts.Of(file));
    }
    MendAccepted(layout);
  }
  LoadTrust(layout);
}

}  // namespace activator
