#include "activator/report/secret_listing.h"
#include "activator/secret_command.h"
#include "activator/state/lost_current.h"
#include "activator/state/root.h"
#include "activator/switch/recovery.h"
#include "activator/switch/transient.h"
#include "activator/tool.h"
#include "base/error.h"

namespace activator {

int Tool::Secret() {
  RequireRoot();
  if (host_.is_folder) {
    base::Fail(base::ExitCode::kFailed, "nothing runs from a folder as host: it needs no secrets");
  }
  if (line_.secret.action == "list") {
    RequireHost();
    const SecretListing listing = ListSecrets(host_.layout, line_.secret.name);
    io_.WriteOut(line_.json ? SecretsJson(listing) : SecretsText(listing));
    return 0;
  }
  RequireSystemd();
  ChangeSecret();
  return 0;
}

void Tool::ChangeSecret() {
  const SecretOptions& secret = line_.secret;
  SecretChange change{secret.name, secret.key, line_.by, !secret.no_restart};
  if (line_.timeout_seconds > 0) {
    change.timeout = std::chrono::seconds(line_.timeout_seconds);
  }
  const bool is_set = secret.action == "set";
  const std::string value = is_set ? AskForSecret(io_, change) : "";
  if (is_set && secret.bytes && value.size() != *secret.bytes) {
    base::Fail(base::ExitCode::kUnreachable,
               "{} of {} bytes of the value arrived before the connection was lost: nothing was "
               "changed",
               value.size(), *secret.bytes);
  }
  PrepareRoot(host_.layout);
  const base::FileLock lock = Lock("secret " + secret.action);
  IgnoreLostConnection();  // services must not stay down half-way
  RecoverOrFail(host_);
  RepairCurrent(host_.layout);  // without it nothing would seem to read it
  if (is_set) {
    SetSecret(host_, change, value);
  } else {
    RemoveUnusedSecret(host_, change);
  }
}

}  // namespace activator
