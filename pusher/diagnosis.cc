#include "pusher/diagnosis.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/progress.h"
#include "base/ssh_command.h"
#include "chunker/codec_table.h"
#include "images/version/can_run.h"
#include "pusher/protocol/planned.h"

namespace pusher {
namespace {

constexpr uint64_t kOldestSystemd = 252;
constexpr std::chrono::seconds kClockTolerance(30);

uint64_t NumberIn(const std::string& text) {
  uint64_t out = 0;
  const size_t at = std::min(text.find_first_of("0123456789"), text.size());
  std::from_chars(text.data() + at, text.data() + text.size(), out);
  return out;
}

class Diagnosis {
 public:
  Diagnosis(const Examination& host, const std::vector<images::Manifest>& images)
      : host_(host), images_(images) {}

  std::vector<Finding> Run();

 private:
  std::string Fact(const std::string& key) const { return host_.Fact(key); }
  void Add(const std::string& name, Verdict verdict, const std::string& text,
           const std::string& advice = "") {
    out_.push_back({name, verdict, text, advice});
  }
  // No with what the check found, else yes.
  void AddCheck(const std::string& name, const std::string& key, const std::string& text,
                const std::string& advice = "") {
    const std::string problem = Fact(key + "-problem");
    problem.empty() ? Add(name, Verdict::kYes, text) : Add(name, Verdict::kNo, problem, advice);
  }
  // The same of what the agent is asked.
  void AddOfAgent(const std::string& name, const std::string& key, const std::string& text,
                  const std::string& advice = "") {
    knows_more_ ? AddCheck(name, key, text, advice)
                : Add(name, Verdict::kUnknown, "the agent would say");
  }

  void Login();
  void Systemd();
  void Machine();
  void Agent();
  void Codec(const chunker::CodecKind& codec);
  void Kernel();
  void Disk();
  void Boot();
  void Clock();
  void Verity();
  void Signatures();
  void Extras();

  const Examination& host_;
  const std::vector<images::Manifest>& images_;
  const bool knows_more_ = Fact("agent-problem").empty();
  std::vector<Finding> out_;
};

void Diagnosis::Login() {
  AddCheck("login", "way", Fact("by").empty() ? "root" : Fact("by"));
  AddCheck("tools", "tools", "sh and coreutils or busybox");
}

void Diagnosis::Systemd() {
  const std::string version = Fact("systemd");
  if (Fact("systemd-problem").empty() && NumberIn(version) < kOldestSystemd) {
    Add("systemd", Verdict::kNo, version.empty() ? "systemctl does not say its version" : version,
        fmt::format("{} or later is needed: upgrade the host", kOldestSystemd));
    return;
  }
  AddCheck("systemd", "systemd", version);
  if (const std::string container = Fact("container"); !container.empty() && container != "none") {
    Add("container", Verdict::kNote, container,
        "the host it runs on must let it have loop devices and mounts");
  }
}

void Diagnosis::Machine() {
  const std::string machine = Fact("machine");
  for (const images::Manifest& image : images_) {
    if (!image.architecture.empty() && !images::RunsProgramsOf(machine, image.architecture)) {
      Add("machine", Verdict::kNo,
          fmt::format("{}, the image {} is built for {}", machine, image.name, image.architecture),
          "build the image for this machine");
      return;
    }
  }
  AddCheck("machine", "machine", machine);
}

void Diagnosis::Agent() {
  knows_more_ ? Add("agent", Verdict::kYes, "runs")
              : Add("agent", Verdict::kUnknown, "not asked: " + Fact("agent-problem"));
}

// A codec that no image needs is no obstacle.
void Diagnosis::Codec(const chunker::CodecKind& codec) {
  const std::string name = fmt::format("EROFS {}", codec.target);
  const bool is_needed = std::ranges::any_of(images_, [&](const images::Manifest& image) {
    return std::ranges::find(image.image.required_features, codec.feature) !=
           image.image.required_features.end();
  });
  if (!knows_more_ || !Fact("loop-problem").empty()) {
    Add(name, is_needed ? Verdict::kUnknown : Verdict::kNote,
        knows_more_ ? "loop devices would say" : "the agent would say");
    return;
  }
  const std::vector<std::string> features =
      Fact("features").empty() ? std::vector<std::string>() : base::SplitWords(Fact("features"));
  try {
    images::Manifest wanted;
    wanted.image.required_features = {codec.feature};
    images::CheckCanRun(wanted, {wanted.architecture, features}, "it");
    Add(name, Verdict::kYes, "mounts");
  } catch (const base::Error& error) {
    Add(name, is_needed ? Verdict::kNo : Verdict::kNote, error.what());
  }
}

void Diagnosis::Kernel() {
  Add("kernel", Verdict::kYes, Fact("kernel"));
  AddOfAgent("loop devices", "loop", "mount",
             "load the kernel module loop; a container must be given /dev/loop-control");
  for (const chunker::CodecKind& codec : chunker::Codecs()) {
    Codec(codec);
  }
  AddOfAgent("namespaces", "namespace", "mount namespaces can be made",
             "a container must be allowed to mount");
}

void Diagnosis::Disk() {
  const std::string path_problem = Fact("path-problem");
  if (!path_problem.empty()) {
    Add("root", Verdict::kNo, path_problem);
  } else {
    AddOfAgent("root", "root", "only root can change it");
  }
  AddOfAgent("writable", "write", "its file system is");
  AddOfAgent("programs", "noexec", "run from it");
  const uint64_t free = NumberIn(Fact("free-bytes"));
  const std::string text = base::HumanBytes(free) + " free";
  uint64_t size = 0;  // 0: no image is named
  for (const images::Manifest& image : images_) {
    size += image.image.size_bytes;
  }
  if (knows_more_ && Fact("space-problem").empty() && free < size + kHeadroomBytes) {
    Add("space", Verdict::kNo,
        fmt::format("{}, {} and {} to spare are needed", text,
                    size == 0 ? "the image" : base::HumanBytes(size),
                    base::HumanBytes(kHeadroomBytes)),
        "make room, for example with `activate prune`; `imgpush --plan` counts what is there");
    return;
  }
  AddOfAgent("space", "space", text);
}

void Diagnosis::Boot() {
  AddOfAgent("boot unit", "boot", "can be installed");
  if (const std::string units = Fact("unit-directory"); !units.empty()) {
    Add("/etc", Verdict::kNote, fmt::format("read-only: units stand in {} until a boot", units),
        "the first activation prints the unit to add to the system's own configuration");
  }
}

void Diagnosis::Clock() {
  const std::chrono::seconds ahead = host_.clock_ahead;
  const bool right = std::chrono::abs(ahead) <= kClockTolerance;
  Add("clock", right ? Verdict::kYes : Verdict::kNote,
      right ? "as here"
            : fmt::format("{} s {} ours", std::chrono::abs(ahead).count(),
                          ahead.count() > 0 ? "ahead of" : "behind"),
      right ? "" : "let it follow a time server: timedatectl set-ntp true");
}

void Diagnosis::Verity() {
  const bool is_needed = std::ranges::any_of(
      images_, [](const images::Manifest& image) { return image.image.verity_root.has_value(); });
  const std::string by_device = Fact("dm-verity");
  const bool has_all = by_device == "yes" && Fact("fs-verity") == "yes";
  Add("verity",
      is_needed && by_device != "yes" ? Verdict::kNo
      : has_all                       ? Verdict::kYes
                                      : Verdict::kNote,
      fmt::format("fs-verity, used for each image: {}; dm-verity, for \"verity\": true: {}",
                  Fact("fs-verity"), by_device));
}

// A host that takes images from everybody needs no ssh-keygen.
void Diagnosis::Signatures() {
  if (!knows_more_) {
    return;
  }
  const std::string problem = Fact("ssh-keygen-problem");
  if (Fact("trust") == "on" || !Fact("trust-problem").empty()) {
    AddCheck("signatures", problem.empty() ? "trust" : "ssh-keygen",
             "it takes signed images alone; ssh-keygen checks them");
  } else if (problem.empty()) {
    Add("signatures", Verdict::kYes, "it takes all images; ssh-keygen can check signed ones");
  } else {
    Add("signatures", Verdict::kNote, problem, "it takes all images, until imgpush --trust");
  }
}

void Diagnosis::Extras() {
  if (!knows_more_) {
    return;
  }
  const std::string selinux = Fact("selinux");
  Add("SELinux", selinux.empty() ? Verdict::kYes : Verdict::kNote,
      selinux.empty() ? "not enforcing" : selinux);
  const bool shares = Fact("reflink") == "yes";
  Add("reflink", shares ? Verdict::kYes : Verdict::kNote,
      shares ? "versions share blocks on disk"
             : "versions share no blocks on disk: each takes its whole size");
  Verity();
}

std::vector<Finding> Diagnosis::Run() {
  Login();
  Systemd();
  Machine();
  Agent();
  Kernel();
  Disk();
  Boot();
  Clock();
  Signatures();
  Extras();
  return std::move(out_);
}

}  // namespace

std::string ToText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kYes:
      return "yes";
    case Verdict::kNote:
      return "note";
    case Verdict::kNo:
      return "no";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

std::vector<Finding> Diagnose(const Examination& host,
                              const std::vector<images::Manifest>& images) {
  return Diagnosis(host, images).Run();
}

bool IsReady(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings, [](const Finding& finding) {
    return finding.verdict == Verdict::kNo || finding.verdict == Verdict::kUnknown;
  });
}

}  // namespace pusher
