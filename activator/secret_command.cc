#include "activator/secret_command.h"

#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "activator/health/find_down.h"
#include "activator/health/restart.h"
#include "activator/health/stopping.h"
#include "activator/host/dependents.h"
#include "activator/input.h"
#include "activator/report/drift.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/state/secret_readers.h"
#include "activator/state/secrets.h"
#include "base/confirm.h"
#include "base/error.h"

namespace activator {
namespace {

std::vector<SecretReader> ReadersOf(const Host& host, const SecretChange& change) {
  std::vector<SecretReader> out;
  const uint64_t active = ActiveGeneration(host.layout);
  const Apps apps = active == kNoGeneration ? Apps{} : LoadGeneration(host.layout, active).apps;
  if (const auto app = apps.find(change.name); app != apps.end()) {
    out = SecretReadersIn(host.layout, app->first, app->second);
  }
  std::erase_if(out, [&](const SecretReader& reader) { return reader.key != change.key; });
  return out;
}

UnitNames UnitsOf(const std::vector<SecretReader>& readers) {
  UnitNames out;
  for (const SecretReader& reader : readers) {
    out.push_back(reader.unit);
  }
  return out;
}

// What reads it and is restarted, and what systemd stops along with that.
struct Restarted {
  InstalledUnits units;
  InstalledUnits ours{};  // all that runs of the generation
  UnitNames others{};     // of the host's own
};

// What a timer starts reads it when it is next due.
Restarted RestartedBy(const Host& host, const UnitNames& readers) {
  Restarted out;
  if (readers.empty()) {
    return out;
  }
  const InstalledUnits all = LoadUnits(host.layout, ActiveGeneration(host.layout));
  out.units = Unscheduled(Select(all, readers));
  const UnitNames rest = NamesOf(Unscheduled(all)) - NamesOf(out.units);
  out.ours = Select(all, rest - DownUnits(host, rest));
  out.others = FindDependents(host.systemd, host.systemd.Show(NamesOf(out.units)), {}, NamesOf(all))
                   .started_again;
  return out;
}

// Hooks are a switch's: they do not run.
void RestartAndWatch(const Host& host, const Restarted& restarted, Timeout timeout) {
  host.systemd.ResetFailed(NamesOf(restarted.units));
  RestartInPlace(host, NamesOf(restarted.units));
  InstalledUnits watched = restarted.units;
  const UnitNames down = DownUnits(host, NamesOf(restarted.ours));
  host.systemd.ResetFailed(down);
  host.systemd.Start(down, Jobs::kAwaitBriefly);
  watched.merge(Select(restarted.ours, down));
  WaitUntilStarted(host, watched, timeout);
  watched.merge(StartOthers(host, restarted.others));
  WaitUntilStarted(host, watched, timeout);
  WaitUntilSettled(host, watched);
}

void Record(const Host& host, const SecretChange& change, const char* what,
            const std::string& reason = "") {
  Event event;
  event.event = what;
  event.generation = event.from = ActiveGeneration(host.layout);
  event.by = change.by;
  event.what = fmt::format("secret {} {}", change.name, change.key);
  event.reason = reason;
  RecordOrSay(host.layout, std::move(event), host.io);
}

// One that cannot be read, as on a machine with another key, is another one.
bool IsKeptAlready(const Host& host, const SecretChange& change, const std::string& value) {
  try {
    return ReadSecret(host.layout, change.name, change.key) == value;
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return false;
  }
}

[[noreturn]] void GoBack(const Host& host, const SecretChange& change, const Restarted& restarted,
                         const base::Error& why) {
  const std::string what = fmt::format("the secret {} of {}", change.key, change.name);
  if (!PutBackPrevious(host.layout, change.name, change.key)) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("{} was set, and there was none before: {}", what, why.what()),
                      why.detail());
  }
  base::Error::Detail detail = why.detail();
  try {
    // Or an automatic restart meanwhile would count against it.
    StopUnits(host, NamesOf(restarted.units));
    RestartAndWatch(host, restarted, change.timeout);
    detail.insert(detail.begin(), fmt::format("{} runs with the value before",
                                              fmt::join(NamesOf(restarted.units), ", ")));
    Record(host, change, "secret-put-back", why.what());
  } catch (const base::Error& error) {
    throw base::Error(
        base::ExitCode::kNeedsAttention,
        fmt::format("{} was not set: {}; the value before was put back, which did not help: {}",
                    what, why.what(), error.what()),
        why.detail());
  }
  throw base::Error(base::ExitCode::kRolledBack,
                    fmt::format("{} was not set: {}", what, why.what()), detail);
}

// The value is the one that is kept already, but what runs may have been started with another.
void RestartOlder(const Host& host, const SecretChange& change,
                  const std::vector<SecretReader>& readers) {
  UnitNames older;
  const std::map<std::string, UnitState> states = host.systemd.Show(UnitsOf(readers));
  for (const SecretReader& reader : readers) {
    if (change.restarts && IsSecretNewer(host, reader, states.at(reader.unit))) {
      older.push_back(reader.unit);
    }
  }
  const Restarted restarted = RestartedBy(host, older);
  try {
    RestartAndWatch(host, restarted, change.timeout);
  } catch (const base::Error& error) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("the secret {} of {} had this value already, and what ran with "
                                  "another was restarted: {}",
                                  change.key, change.name, error.what()),
                      error.detail());
  }
  host.io.Err("activate: the secret {} of {} has this value already: {}\n", change.key, change.name,
              restarted.units.empty() ? std::string("nothing to do")
                                      : fmt::format("restarted what ran with another: {}",
                                                    fmt::join(NamesOf(restarted.units), ", ")));
}

}  // namespace

std::string AskForSecret(const base::Io& io, const SecretChange& change) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core with it
  if (io.in_is_terminal) {
    return base::AskSecret(io, fmt::format("Secret {} of {}: ", change.key, change.name));
  }
  std::string out = ReadInput(io.in, kMaxSecretBytes, "standard input");
  if (out.size() > kMaxSecretBytes) {
    base::Fail(base::ExitCode::kUsage,
               "the value has more than {} bytes, which is all that systemd gives a service",
               kMaxSecretBytes);
  }
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "standard input is empty: give the value there");
  }
  return out;
}

void SetSecret(const Host& host, const SecretChange& change, const std::string& value) {
  const std::vector<SecretReader> readers = ReadersOf(host, change);
  if (IsKeptAlready(host, change, value)) {
    RestartOlder(host, change, readers);
    return;
  }
  const Restarted restarted = RestartedBy(host, change.restarts ? UnitsOf(readers) : UnitNames{});
  if (!restarted.units.empty()) {
    KeepPrevious(host.layout, change.name, change.key);
  }
  WriteSecret(host.layout, change.name, change.key, value);
  try {
    RestartAndWatch(host, restarted, change.timeout);
  } catch (const base::Error& error) {
    GoBack(host, change, restarted, error);
  }
  ForgetPrevious(host.layout, change.name, change.key);
  Record(host, change, "secret-set");
  const bool is_plain = SecretFormOf(host.layout) == images::SecretForm::kPlain;
  host.io.Err("activate: the secret {} of {} is set{}{}\n", change.key, change.name,
              is_plain ? ", in plain text, because systemd-creds does not work here" : "",
              restarted.units.empty()
                  ? std::string()
                  : fmt::format("; restarted: {}", fmt::join(NamesOf(restarted.units), ", ")));
}

void RemoveUnusedSecret(const Host& host, const SecretChange& change) {
  const UnitNames readers = UnitsOf(ReadersOf(host, change));
  if (!readers.empty()) {
    base::Fail(base::ExitCode::kFailed, "the active generation needs the secret {} of {}, for {}",
               change.key, change.name, fmt::join(readers, ", "));
  }
  const std::vector<StoredSecret> stored = StoredSecrets(host.layout);
  if (std::ranges::none_of(stored, [&](const StoredSecret& secret) {
        return secret.name == change.name && secret.key == change.key;
      })) {
    base::Fail(base::ExitCode::kFailed, "{} has no secret {}; see activate secret list {}",
               change.name, change.key, change.name);
  }
  RemoveSecret(host.layout, change.name, change.key);
  Record(host, change, "secret-removed");
  host.io.Err("activate: the secret {} of {} is removed\n", change.key, change.name);
}

}  // namespace activator
