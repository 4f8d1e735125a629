// Heads for tests, and hosts that can run what they name.
#ifndef TESTS_IMAGES_CHANNEL_HEADS_H_
#define TESTS_IMAGES_CHANNEL_HEADS_H_

#include <string>
#include <vector>

#include "base/clock.h"
#include "images/channel/channel_head.h"
#include "images/channel/decision.h"
#include "images/channel/rollout.h"
#include "tests/images/release/signing.h"

namespace tests {

inline images::TimePoint At(const std::string& text) { return *base::FromIso8601(text); }

inline const images::TimePoint kCreated = At("2026-11-30T12:00:00Z");

inline images::AppVariant Variant(const std::string& content,
                                  const std::string& feature = "erofs-zstd") {
  return {base::Sha256Of(content), "x86_64", {feature}};
}

// Web and db; everybody at once; for a week.
inline images::ChannelHead Head(uint64_t version = 42) {
  images::ChannelHead out;
  out.channel = "web";
  out.version = version;
  out.created = kCreated;
  out.expires = kCreated + std::chrono::days(7);
  out.apps = {{"web", {Variant("web"), Variant("web for lz4", "erofs-lz4")}},
              {"db", {Variant("db")}}};
  out.agent = {{"x86_64", {base::Sha256Of("activate"), 5'000'000}}};
  out.fetch = {{"x86_64", {base::Sha256Of("fetch"), 6'000'000}}};
  return out;
}

// With signatures that are none: for what does not look at them.
inline images::SignedHead Unsigned(const images::ChannelHead& head) {
  return {{head.Serialize(), {}}, head};
}

inline std::string SignHead(const Keys& keys, const images::ChannelHead& head,
                            const std::vector<std::string>& names) {
  const std::string line = head.Serialize();
  std::string out = line;
  for (const std::string& name : names) {
    out += keys.BlockOf(images::kChannelNamespace, line, keys.KeyFile(name));
  }
  return out;
}

}  // namespace tests

#endif  // TESTS_IMAGES_CHANNEL_HEADS_H_
