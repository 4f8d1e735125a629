// Any text is a channel's head, or refused: one that is taken is written again with the same bytes,
// and each host starts when it says. A first line of any form is tried without signatures, too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "images/channel/channel_head.h"
#include "images/channel/prune.h"
#include "images/channel/rollout.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  try {
    if (images::SignedHead::Parse(text, "head").Serialize() != text) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  const std::string line = text.substr(0, text.find('\n')) + "\n";
  images::ChannelHead head;
  try {
    head = images::ChannelHead::ParseLine(line, "head");
  } catch (const base::Error&) {
    return 0;
  }
  if (head.Serialize() != line) {
    std::abort();
  }
  for (const uint64_t place : {uint64_t{0}, uint64_t{4999}, images::kPlaces - 1}) {
    const images::RolloutStart start = images::StartOf(head, {"canary"}, place);
    if (start.kind == images::StartKind::kAt && start.at < head.created) {
      std::abort();
    }
  }
  head.SetDigest();
  images::KeysOf(head);
  return 0;
}
