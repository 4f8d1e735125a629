// What `imgpush publish` and `imgpush channel` print, for people and as JSON.
#ifndef SLIPWAY_PUSHER_PUBLISH_CHANNEL_REPORT_H_
#define SLIPWAY_PUSHER_PUBLISH_CHANNEL_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"
#include "images/channel/state_document.h"
#include "pusher/publish/prune_run.h"
#include "pusher/publish/publisher.h"

namespace pusher {

std::string ResultText(const PublishResult& result);
std::string ResultJson(const PublishResult& result);

// `current`: the head that is there.
std::string PlanText(const std::string& channel, const PublishPlan& plan);
std::string PlanJson(const std::string& channel, const PublishPlan& plan);

struct ShownHead {
  images::SignedHead signed_head;
  bool is_checked = false;  // its signatures were
};
std::string HeadText(const ShownHead& shown, images::TimePoint now);
std::string HeadJson(const ShownHead& shown);

// A row of `imgpush channel list`.
struct ListedHead {
  images::ChannelHead head;
  bool is_current = false;
};
std::string ListText(const std::vector<ListedHead>& heads, bool is_history);
std::string ListJson(const std::vector<ListedHead>& heads);

// A host that reports; nullopt: what it wrote is damaged, and `error` says how.
struct HostState {
  std::string host;
  std::optional<images::StateDocument> document{};
  std::string error{};
};
// `channel`: empty for all.
std::string StatusText(const std::vector<HostState>& hosts, const std::string& channel,
                       images::TimePoint now);
std::string StatusJson(const std::vector<HostState>& hosts, const std::string& channel);

// `is_checked`: the signatures of the heads were.
std::string PruneText(const PruneResult& result, bool plan, bool is_checked);
std::string PruneJson(const PruneResult& result, bool is_checked);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_CHANNEL_REPORT_H_
