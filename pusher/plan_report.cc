#include "pusher/plan_report.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/progress.h"
#include "pusher/report.h"

namespace pusher {
namespace {

constexpr size_t kMostPackages = 30;  // --json has all

std::string VersionText(const std::string& version, const std::string& id) {
  return version.empty() ? id : fmt::format("{} ({})", version, id);
}

std::string TitleOf(const PlannedImage& planned) {
  const std::string now = VersionText(planned.version, planned.image.id);
  if (planned.change.old_id.empty()) {
    return fmt::format("{} {}, new there", planned.image.name, now);
  }
  if (planned.change.old_id == planned.image.id) {
    const bool is_new = planned.change.old_version != planned.version;
    return fmt::format("{} {}, active already{}", planned.image.name, now,
                       is_new && !planned.change.old_version.empty()
                           ? " with the label " + planned.change.old_version
                           : "");
  }
  return fmt::format("{} {} -> {}", planned.image.name,
                     VersionText(planned.change.old_version, planned.change.old_id), now);
}

std::string PackageText(const images::PackageChange& change) {
  using Kind = images::PackageChange::Kind;
  const std::string versions = change.kind == Kind::kChanged
                                   ? change.from + " -> " + change.to
                                   : (change.kind == Kind::kRemoved ? change.from : change.to);
  return fmt::format("  {:<8} {}{}{}\n", images::ToText(change.kind), change.name,
                     versions.empty() ? "" : " ", versions);
}

std::string PackagesText(const std::vector<images::PackageChange>& packages) {
  std::string out;
  for (size_t i = 0; i < std::min(packages.size(), kMostPackages); ++i) {
    out += PackageText(packages[i]);
  }
  if (packages.size() > kMostPackages) {
    out +=
        fmt::format("  and {} more\n", base::Counted(packages.size() - kMostPackages, "package"));
  }
  return out;
}

std::string ContentText(const PlannedImage& planned) {
  const PushedImage& image = planned.image;
  if (image.already_there) {
    return "  is there already\n";
  }
  std::string how;
  if (!image.basis.empty()) {
    how = fmt::format(", {} as deltas against {}", image.chunks_as_delta, image.basis);
  } else if (!planned.why_no_deltas.empty()) {
    how = fmt::format(", as chunks: {}", planned.why_no_deltas);
  }
  return fmt::format("  {} of {} chunks are missing: {}{}\n", image.chunks_sent, image.chunks_total,
                     ShareText(planned.send_bytes, image.image_bytes), how);
}

std::string UnitsText(const HostOutcome& outcome) {
  const Planned& host = outcome.plan->host;
  if (!FolderOf(outcome.target.destination).empty()) {
    return "switches its `current`; nothing runs from a folder";
  }
  std::string out;
  const auto add = [&](const char* verb, const std::vector<std::string>& units) {
    if (!units.empty()) {
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", verb, fmt::join(units, " "));
    }
  };
  add("restarts", host.restart);
  add("starts", host.start);
  add("stops", host.stop);
  return out.empty() ? "changes no unit" : out;
}

}  // namespace

std::string PlanText(const HostOutcome& outcome) {
  const PushPlan& plan = *outcome.plan;
  std::string out;
  for (const PlannedImage& planned : plan.images) {
    out += fmt::format("{}: {}\n", outcome.target.name, TitleOf(planned)) +
           PackagesText(planned.change.packages) + ContentText(planned);
  }
  const uint64_t free_after =
      plan.host.free_bytes - std::min(plan.host.free_bytes, plan.host.needed_bytes);
  return out +
         fmt::format("{}: the push sends {}, {} are free there afterwards; activating it {}\n",
                     outcome.target.name, ShareText(plan.send_bytes, outcome.image_bytes),
                     base::HumanBytes(free_after),
                     plan.host.problems.empty() ? UnitsText(outcome) : "would be refused");
}

void ReportPlan(const HostOutcome& outcome, bool as_result, hosts::ProgressDisplay& board) {
  if (outcome.plan) {
    as_result ? board.WriteOut(PlanText(outcome)) : board.WriteErr(PlanText(outcome));
  }
  ReportAgent(outcome, board);
  if (outcome.error) {
    board.WriteErr(ErrorLineOf(outcome.target.name, *outcome.error));
  }
}

}  // namespace pusher
