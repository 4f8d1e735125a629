// One command of `activate` on this host. What is not in activate.cc is in tool_confirm.cc,
// tool_prune.cc (uninstall, too), tool_pull.cc, tool_reports.cc and tool_secret.cc.
#ifndef SLIPWAY_ACTIVATOR_TOOL_H_
#define SLIPWAY_ACTIVATOR_TOOL_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "activator/command_line.h"
#include "activator/gate/gate.h"
#include "activator/host/host.h"
#include "activator/os/accounts.h"
#include "activator/os/systemd.h"
#include "activator/report/comparison.h"
#include "activator/report/report.h"
#include "activator/report/verify.h"
#include "activator/state/outcome.h"
#include "activator/switch/activation.h"
#include "activator/switch/transient.h"
#include "activator/uninstall.h"
#include "base/io.h"
#include "base/lock.h"

namespace activator {

// For whoever only looks (report.h).
inline constexpr std::chrono::milliseconds kLockPatience{1000};

class Tool {
 public:
  Tool(CommandLine line, const base::Io& io, std::function<void(int)> observer);

  int Run();

 private:
  int Start();
  int ConfirmSwitch();
  bool Waits() const;
  Glance WatchForWait(bool confirms);
  void ActivateBesideChannels();
  void TellChannels(const Apps& before);
  int PullNow();
  int EnrollHost();
  void TellActivation() const;
  int RunSwitchHere();
  void RequireHealthyNow() const;
  ChooseUnits Theirs() const;  // null: all
  void RequireOwnId(const std::optional<SwitchRecord>& cut_off) const;
  std::optional<Outcome> OutcomeSoFar() const;
  int Boot();
  int AfterBoot();
  int List();
  Status StatusNow(bool check);
  int ShowStatus();
  int Logs();
  int RenderUnits();
  int ReportForDebugging();
  int PruneOld();
  int Secret();
  void ChangeSecret();
  int UninstallAll();
  void TellUninstalled(const Uninstalled& uninstalled) const;
  int Diff();
  int DryRun();
  void Tell(const Comparison& comparison) const;
  int History();
  int At();
  int VerifyAll();
  void MarkForRepair(const std::vector<VerifiedVersion>& versions) const;
  void RequireRoot() const;
  void RequireSystemd() const;
  void RequireHost() const;
  void RequireServices(const char* command) const;
  std::chrono::milliseconds LockWait(std::chrono::milliseconds otherwise) const {
    return line_.lock_wait_seconds
               ? std::chrono::milliseconds(std::chrono::seconds(*line_.lock_wait_seconds))
               : otherwise;
  }
  base::FileLock Lock(const std::string& what,
                      std::chrono::milliseconds patience = kLockPatience) const {
    return {host_.layout.Lock(), host_.layout.root(),
            fmt::format("activate {}, by {}", what, line_.by), LockWait(patience)};
  }
  ActivationRequest Request() const;

  CommandLine line_;
  std::optional<GateOperator> gate_;  // nullopt: not behind one
  const base::Io io_;
  RealSystemd systemd_;
  RealAccounts accounts_;
  Host host_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TOOL_H_
