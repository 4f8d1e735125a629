#include "activator/activate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "activator/activation.h"
#include "activator/boot.h"
#include "activator/command_line.h"
#include "activator/generations.h"
#include "activator/outcome.h"
#include "activator/preflight.h"
#include "activator/prune.h"
#include "activator/receive.h"
#include "activator/recovery.h"
#include "activator/report.h"
#include "activator/root.h"
#include "activator/switch_record.h"
#include "activator/transient.h"
#include "activator/unit_directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/progress.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLockPatience{1000};  // for whoever only looks (report.h)
constexpr seconds kBootPatience{120};        // nobody is there to try again

// Who asks, as far as the environment tells; a static program asks no user database.
std::string Requester() {
  const char* user = std::getenv("SUDO_USER");
  const char* connection = std::getenv("SSH_CONNECTION");
  std::string out = user != nullptr ? user : fmt::format("user {}", ::getuid());
  if (user == nullptr && ::getuid() == 0) {
    out = "root";
  }
  if (connection != nullptr) {
    const std::string from = connection;
    out += " from " + from.substr(0, from.find(' '));
  }
  return out;
}

class Tool {
 public:
  Tool(CommandLine line, const base::Io& io, std::function<void(int)> observer)
      : line_(std::move(line)),
        io_(io),
        host_{images::HostLayout(line_.root),
              systemd_,
              base::SystemClock(),
              io_,
              FindUnitDirectory().path,
              &CheckImage,
              std::move(observer),
              FindUnitDirectory().survives_reboot},
        is_directory_(IsDirectoryHost(host_.layout)) {
    host_.accounts = &accounts_;
    host_.read_image_file = &ReadImageFile;
    host_.listeners = &ReadListeners;
    if (line_.by.empty()) {
      line_.by = Requester();
    }
  }

  int Run();

 private:
  int Start();
  int RunSwitchHere();
  std::optional<Outcome> OutcomeSoFar() const;
  int Boot();
  int List();
  int ShowStatus();
  int RenderUnits();
  void RecoverBeforePrune() const;
  int PruneOld();
  void RequireRoot() const;
  void RequireSystemd() const;
  void RequireHost() const;
  milliseconds LockWait(milliseconds otherwise) const {
    return line_.lock_wait_seconds ? milliseconds(seconds(*line_.lock_wait_seconds)) : otherwise;
  }
  base::FileLock Lock(const std::string& what, milliseconds patience = kLockPatience) const {
    return {host_.layout.Lock(), host_.layout.root(),
            fmt::format("activate {}, by {}", what, line_.by), LockWait(patience)};
  }
  ActivationRequest Request() const {
    Timeout timeout;
    if (line_.timeout_seconds > 0) {
      timeout = seconds(line_.timeout_seconds);
    }
    return {*line_.wanted, line_.number,        line_.by,
            timeout,       line_.activation_id, line_.adopt ? Foreign::kAdopt : Foreign::kRefuse};
  }

  CommandLine line_;
  const base::Io io_;
  RealSystemd systemd_;
  RealAccounts accounts_;
  Host host_;
  const bool is_directory_;
};

void Tool::RequireRoot() const {
  if (!is_directory_ && ::geteuid() != 0) {
    base::Fail(base::Code::kFailed,
               "this changes the host's services: run it as root (sudo activate)");
  }
}

void Tool::RequireSystemd() const {
  if (!is_directory_ && !HasSystemd()) {
    base::Fail(base::Code::kFailed,
               "this machine does not run systemd (there is no /run/systemd/system), so there is "
               "nothing that could run the services");
  }
}

// Reading an empty or mistyped --root would look like a host without applications.
void Tool::RequireHost() const {
  if (!base::Exists(host_.layout.Generations())) {
    base::Fail(base::Code::kFailed, "{} is not a host's root: nothing was pushed there yet",
               host_.layout.root());
  }
}

int Tool::Start() {
  RequireRoot();
  RequireSystemd();
  RequireHost();
  const bool given_id = !line_.activation_id.empty();
  if (!given_id) {
    line_.activation_id = NewActivationId();
  }
  if (is_directory_) {
    const base::FileLock lock = Lock("");
    ActivateDirectory(host_.layout, io_, Request());
    return 0;
  }
  PrepareRoot(host_.layout);
  if (given_id) {
    WaitUntilEnded(systemd_, line_.activation_id);
  }
  return RunInTransientUnit(host_.layout, line_.activation_id, RunSwitchArguments(line_), io_);
}

int Tool::RunSwitchHere() {
  IgnoreLostConnection();
  RequireRoot();
  RequireSystemd();
  PrepareRoot(host_.layout);
  const base::FileLock lock = Lock("switching, id " + line_.activation_id);
  if (const std::optional<Outcome> outcome = OutcomeSoFar()) {
    if (outcome->exit_code != 0) {
      throw base::Error(static_cast<base::Code>(outcome->exit_code), outcome->said);
    }
    io_.Err("activate: {}\n", outcome->said);
    return 0;
  }
  Activate(host_, Request());
  return 0;
}

// Whoever lost the connection asks again under the same id: what was begun then is brought to its
// end and told, never done twice.
std::optional<Outcome> Tool::OutcomeSoFar() const {
  const std::optional<SwitchRecord> cut_off = ReadSwitchRecord(host_.layout);
  if (cut_off && cut_off->activation_id == line_.activation_id) {
    Recover(host_, Services::kRestart);
  }
  return RecordedOutcome(host_.layout, line_.activation_id);
}

int Tool::Boot() {
  RequireRoot();
  RequireSystemd();
  PrepareRoot(host_.layout);
  const base::FileLock lock = Lock("boot", kBootPatience);
  RunBoot(host_);
  return 0;
}

int Tool::List() {
  RequireHost();
  const Listing listing = ReadListing(host_.layout);
  if (listing.generations.empty() && listing.unreadable.empty() && !line_.json) {
    io_.Err("activate: no generation was staged yet\n");
  }
  io_.WriteOut(line_.json ? ListJson(listing) : ListText(listing));
  return 0;
}

int Tool::ShowStatus() {
  RequireHost();
  const bool ask = !is_directory_ && HasSystemd();
  const Status status = ReadStatus(host_.layout, ask ? &systemd_ : nullptr);
  io_.WriteOut(line_.json ? StatusJson(status) : StatusText(status));
  return 0;
}

int Tool::RenderUnits() {
  RequireHost();
  const uint64_t number = line_.wanted ? line_.number : ActiveGeneration(host_.layout);
  if (number == kNoGeneration) {
    base::Fail(base::Code::kFailed, "nothing is active: say which with --generation N");
  }
  LoadGeneration(host_.layout, number);  // says which there are
  const std::map<std::string, std::string> texts = UnitTexts(host_.layout, number);
  io_.WriteOut(line_.json ? UnitsJson(texts) : UnitsText(texts));
  return 0;
}

void Tool::RecoverBeforePrune() const {
  IgnoreLostConnection();  // recovery stops and starts services: it must not end half-way
  const Recovery recovery = is_directory_ ? Recovery{RecoverDirectory(host_.layout), true}
                                          : Recover(host_, Services::kRestart);
  if (!recovery.is_up) {
    base::Fail(base::Code::kNeedsAttention, "{}. Nothing was pruned", recovery.done);
  }
  if (!recovery.done.empty()) {
    io_.Err("activate: {}\n", recovery.done);
  }
}

int Tool::PruneOld() {
  RequireRoot();
  RequireHost();
  std::optional<base::FileLock> lock;
  if (!line_.dry_run) {
    if (!is_directory_) {  // nothing ever runs from a folder as host
      PrepareRoot(host_.layout);
    }
    lock.emplace(Lock("prune"));
    RecoverBeforePrune();
  }
  const PrunePlan plan = PlanPrune(host_.layout, line_.keep);
  if (!line_.dry_run) {
    Prune(host_.layout, plan, line_.by);
  }
  for (const std::string& path : plan.kept_in_use) {
    io_.Err("activate: {} is still mounted: left there\n", path);
  }
  for (const auto& [number, why] : plan.unreadable) {
    io_.Err(
        "activate: generation {} cannot be read, so no version was removed ({}): mend its "
        "record or remove {}\n",
        number, why, host_.layout.Generation(number));
  }
  if (line_.json) {
    io_.WriteOut(PruneJson(plan, line_.dry_run));
    return 0;
  }
  const char* verb = line_.dry_run ? "would remove" : "removed";
  for (const uint64_t number : plan.generations) {
    io_.Out("{} generation {}\n", verb, number);
  }
  for (const auto* paths : {&plan.versions, &plan.incoming, &plan.agents}) {
    for (const std::string& path : *paths) {
      io_.Out("{} {}\n", verb, path);
    }
  }
  io_.Err("activate: {} {}\n",
          plan.IsEmpty() ? "nothing to prune," : (line_.dry_run ? "would free" : "freed"),
          base::HumanBytes(plan.freed_bytes));
  return 0;
}

int Tool::Run() {
  switch (line_.command) {
    case Command::kActivate:
      return Start();
    case Command::kRunSwitch:
      return RunSwitchHere();
    case Command::kList:
      return List();
    case Command::kStatus:
      return ShowStatus();
    case Command::kPrune:
      return PruneOld();
    case Command::kRender:
      return RenderUnits();
    case Command::kBoot:
      return Boot();
    case Command::kReceive:
      return RunReceive(
          {line_.root, line_.by, line_.plain_directory, LockWait(ReceiveOptions().lock_wait)}, io_);
  }
  return 0;
}

}  // namespace

int RunActivate(const std::vector<std::string>& arguments, const base::Io& io) {
  return RunObservedActivate(arguments, io, nullptr);
}

int RunObservedActivate(const std::vector<std::string>& arguments, const base::Io& io,
                        const std::function<void(int step_done)>& observer) {
  ::umask(022);  // as a push does: records and versions are for everybody to read
  std::optional<CommandLine> line = ParseCommandLine(arguments, io);
  return line ? Tool(std::move(*line), io, observer).Run() : 0;
}

}  // namespace activator
