// One poll of one channel: the head is asked for, verified and remembered; what Decide() says is
// done; what became of it is told.
#ifndef SLIPWAY_ACTIVATOR_PULL_CHANNEL_PULL_H_
#define SLIPWAY_ACTIVATOR_PULL_CHANNEL_PULL_H_

#include <string>

#include "activator/pull/pull_run.h"
#include "images/channel/state_document.h"

namespace activator {

// `before`: what was told last; of what was fetched it is told again. What fails is in the report;
// only an interrupt is thrown.
images::ChannelReport PullChannel(PullRun& run, const std::string& channel,
                                  const images::ChannelReport& before);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_CHANNEL_PULL_H_
