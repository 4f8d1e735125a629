#include "pusher/publish/head_signer.h"

#include <utility>

#include "images/release/signing.h"

namespace pusher {

std::vector<std::string> SigningKeys(const std::vector<std::string>& named) {
  return named.empty() ? std::vector<std::string>{images::DefaultSigningKey()} : named;
}

Publisher::Signer HeadSigner(std::vector<std::string> keys, HeadJudge judge, const base::Io& io) {
  return [keys = std::move(keys), judge = std::move(judge), io](const images::ChannelHead& head) {
    images::SignedLine line{head.Serialize(), {}};
    for (const std::string& key : keys) {
      line.signatures.push_back(
          images::Sign(line.line, images::kChannelNamespace, key, "imgpush", io));
    }
    // By another key each, and not too many.
    images::SignedHead out = images::SignedHead::Parse(line.Serialize(), "the new head");
    judge(out, head.created, "the new head");
    return out;
  };
}

}  // namespace pusher
