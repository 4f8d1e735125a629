#include "activator/secret_command.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "activator/health/restart.h"
#include "activator/health/stopping.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/state/secret_readers.h"
#include "activator/state/secrets.h"
#include "base/confirm.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/sys.h"

namespace activator {
namespace {

Apps ActiveApps(const images::HostLayout& layout) {
  const std::optional<Generation> active = FindGeneration(layout, ActiveGeneration(layout));
  return active ? active->apps : Apps{};
}

UnitNames ReadersOf(const Host& host, const SecretChange& change) {
  UnitNames out;
  for (const SecretReader& reader : SecretReadersOf(host.layout, ActiveApps(host.layout))) {
    if (reader.name == change.name && reader.key == change.key) {
      out.push_back(reader.unit);
    }
  }
  return out;
}

// What a timer starts reads it when it is next due.
InstalledUnits RestartedBy(const Host& host, const SecretChange& change) {
  const UnitNames readers = change.restarts ? ReadersOf(host, change) : UnitNames{};
  return readers.empty()
             ? InstalledUnits{}
             : Unscheduled(Select(LoadUnits(host.layout, ActiveGeneration(host.layout)), readers));
}

// Hooks are a switch's: they do not run.
void RestartAndWatch(const Host& host, const InstalledUnits& units, Timeout timeout) {
  host.systemd.ResetFailed(NamesOf(units));
  RestartInPlace(host, NamesOf(units));
  WaitUntilStarted(host, units, timeout);
  WaitUntilSettled(host, units);
}

void Record(const Host& host, const SecretChange& change, const char* what,
            const std::string& reason = "") {
  Event event;
  event.event = what;
  event.generation = event.from = ActiveGeneration(host.layout);
  event.by = change.by;
  event.what = fmt::format("secret {} {}", change.name, change.key);
  event.reason = reason;
  RecordEvent(host.layout, std::move(event));
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

[[noreturn]] void GoBack(const Host& host, const SecretChange& change, const InstalledUnits& units,
                         const base::Error& why) {
  const std::string what = fmt::format("the secret {} of {}", change.key, change.name);
  if (!PutBackPrevious(host.layout, change.name, change.key)) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("{} was set, and there was none before: {}", what, why.what()),
                      why.detail());
  }
  base::Error::Detail detail = why.detail();
  try {
    StopUnits(host, NamesOf(units));  // or an automatic restart meanwhile would count against it
    RestartAndWatch(host, units, change.timeout);
    detail.insert(detail.begin(),
                  fmt::format("{} runs with the value before", fmt::join(NamesOf(units), ", ")));
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

size_t ReadPiece(int fd, std::array<char, 65536>& buffer) {
  for (;;) {
    const ssize_t size = base::TheSys().Read(fd, buffer.data(), buffer.size());
    if (size >= 0) {
      return static_cast<size_t>(size);
    }
    if (errno != EINTR) {
      base::FailErrno(errno, "cannot read standard input");
    }
    base::ThrowIfInterrupted();
  }
}

void WriteOrKeep(const Host& host, const SecretChange& change, const std::string& value) {
  try {
    WriteSecret(host.layout, change.name, change.key, value);
  } catch (const base::Error&) {
    ForgetPrevious(host.layout, change.name, change.key);
    throw;
  }
}

}  // namespace

std::string AskForSecret(const base::Io& io, const SecretChange& change) {
  if (io.in_is_terminal) {
    return base::AskSecret(io, fmt::format("Secret {} of {}: ", change.key, change.name));
  }
  std::string out;
  std::array<char, 65536> buffer;
  while (const size_t size = ReadPiece(io.in, buffer)) {
    out.append(buffer.data(), size);
    if (out.size() > kMaxSecretBytes) {
      base::Fail(base::ExitCode::kUsage,
                 "the value has more than {} bytes, which is all that systemd gives a service",
                 kMaxSecretBytes);
    }
  }
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "standard input is empty: give the value there");
  }
  return out;
}

void SetSecret(const Host& host, const SecretChange& change, const std::string& value) {
  if (IsKeptAlready(host, change, value)) {
    host.io.Err("activate: the secret {} of {} has this value already: nothing to do\n", change.key,
                change.name);
    return;
  }
  const InstalledUnits units = RestartedBy(host, change);
  if (!units.empty()) {
    KeepPrevious(host.layout, change.name, change.key);
  }
  WriteOrKeep(host, change, value);
  try {
    RestartAndWatch(host, units, change.timeout);
  } catch (const base::Error& error) {
    GoBack(host, change, units, error);
  }
  ForgetPrevious(host.layout, change.name, change.key);
  Record(host, change, "secret-set");
  host.io.Err("activate: the secret {} of {} is set{}\n", change.key, change.name,
              units.empty() ? std::string()
                            : fmt::format("; restarted: {}", fmt::join(NamesOf(units), ", ")));
}

void RemoveUnusedSecret(const Host& host, const SecretChange& change) {
  const UnitNames readers = ReadersOf(host, change);
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
