// A plan as the sender sees it: a push up to the content, which is made and counted.
#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "pusher/session/push_session.h"

namespace pusher {
namespace {

// Takes what a push would send and counts it.
class Rehearsal {
 public:
  Rehearsal() : null_(base::Open("/dev/null", O_RDWR)), stream_(null_.get(), null_.get(), {}) {}
  Wire& wire() { return wire_; }

 private:
  base::UniqueFd null_;
  Stream stream_;
  Wire wire_{stream_};
};

}  // namespace

PushPlan PushSession::PlanAll() {
  Greet();
  SendBegin(wire_, true);
  std::vector<std::vector<bool>> missing;
  for (const Item& item : items_) {
    SendOfferOf(wire_, item);
    missing.push_back(item.held ? std::vector<bool>()
                                : ReceiveNeed(wire_, item.work->chunks().size()));
  }
  PushPlan plan;
  plan.host = ReceivePlanned(wire_);
  plan_bytes_ = wire_.sent_bytes();
  Rehearse(missing, plan);
  return plan;
}

void PushSession::Rehearse(const std::vector<std::vector<bool>>& missing, PushPlan& plan) {
  Rehearsal rehearsal;
  SendBegin(rehearsal.wire(), false);
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const uint64_t before = rehearsal.wire().sent_bytes();
    PlannedImage& planned = plan.images.emplace_back();
    planned.image = BeginningOf(item);
    planned.version = item.image->version();
    SendOfferOf(rehearsal.wire(), item);
    if (!item.held) {
      SendContent(rehearsal.wire(), item, missing[i],
                  fmt::format("{}: planning {}", wire_.peer(), planned.image.name), planned.image);
    }
    planned.why_no_deltas = planned.image.chunks_sent > 0 ? item.why_no_deltas : "";
    planned.send_bytes = rehearsal.wire().sent_bytes() - before;
    const auto change =
        std::ranges::find(plan.host.images, planned.image.name, &PlannedChange::name);
    if (change == plan.host.images.end()) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: its plan says nothing of {}",
                 wire_.peer(), planned.image.name);
    }
    planned.change = *change;
  }
  SendEmpty(rehearsal.wire(), MessageType::kCommit);
  plan.send_bytes = rehearsal.wire().sent_bytes();
}

}  // namespace pusher
