#include "fetcher/recorded_sender.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "fetcher/object_reader.h"
#include "images/channel/object_key.h"
#include "pusher/protocol/delta_message.h"

namespace fetcher {
namespace {

using pusher::MessageType;

bool AreAllMissing(const std::vector<bool>& missing, uint64_t first, uint64_t count) {
  if (first > missing.size() || count > missing.size() - first) {
    return false;
  }
  const auto begin = missing.begin() + static_cast<std::ptrdiff_t>(first);
  return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(count),
                     [](bool one) { return one; });
}

// Whether the host asked for all that is in the message.
bool IsAskedFor(const pusher::Frame& frame, const std::vector<bool>& missing) {
  if (static_cast<MessageType>(frame.type) == MessageType::kDelta) {
    const auto delta = pusher::DeltaMessage::Parse(frame.payload, "the recording");
    return AreAllMissing(missing, delta.first_chunk, delta.chunks.size());
  }
  return AreAllMissing(missing, pusher::ParseChunk(frame.payload, "the recording").number, 1);
}

}  // namespace

RecordedSender::RecordedSender(pusher::RecordedDeltaReader reader, uint64_t basis)
    : reader_(std::move(reader)), basis_(basis) {}

std::optional<RecordedSender> RecordedSender::Find(store::Store& store, const pusher::Hello& hello,
                                                   const pusher::VersionDigest& version) {
  int tried = 0;
  for (size_t i = 0; i < hello.held.size() && tried < kMostTriedDeltas; ++i) {
    const pusher::VersionDigest& held = hello.held[i];
    if (held.name != version.name ||
        images::ImageId::Of(held.manifest_sha256) == images::ImageId::Of(version.manifest_sha256)) {
      continue;
    }
    ++tried;
    if (auto found = Open(store, hello, version, i)) {
      return found;
    }
  }
  return std::nullopt;
}

std::optional<RecordedSender> RecordedSender::Open(store::Store& store, const pusher::Hello& hello,
                                                   const pusher::VersionDigest& version,
                                                   size_t basis) {
  const pusher::VersionDigest& held = hello.held[basis];
  const std::string key =
      images::DeltaKey(version.name, images::ImageId::Of(version.manifest_sha256),
                       images::ImageId::Of(held.manifest_sha256));
  try {
    const auto object = std::make_shared<ObjectReader>(store, key);
    if (!object->Open()) {
      return std::nullopt;
    }
    const auto read = [object](std::span<uint8_t> out) { return object->Read(out); };
    RecordedSender out(pusher::RecordedDeltaReader(read, store.location() + "/" + key), basis + 1);
    if (!out.Fits(hello, version, held)) {
      base::LogInfo("{} is for another codec, protocol or version", key);
      return std::nullopt;
    }
    out.ReadTexts();
    return out;
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kVerification) {
      throw;
    }
    base::Log(base::LogLevel::kWarning, "{}: taking the image itself", error.what());
    return std::nullopt;
  }
}

bool RecordedSender::Fits(const pusher::Hello& hello, const pusher::VersionDigest& version,
                          const pusher::VersionDigest& basis) const {
  const pusher::RecordedDeltaHeader& header = reader_.header();
  const auto codec = hello.codecs.find(header.codec);
  return header.name == version.name && header.to == version.manifest_sha256 &&
         header.from == basis.manifest_sha256 && header.protocol == pusher::ProtocolWith(hello) &&
         codec != hello.codecs.end() && codec->second == header.codec_library;
}

// All of them, so that the host is offered nothing of which a part is damaged.
void RecordedSender::ReadTexts() {
  const pusher::Offer& offer = reader_.offer();
  const uint64_t bytes = offer.delta_bytes != 0
                             ? offer.delta_bytes
                             : offer.manifest_bytes + offer.index_bytes + offer.provenance_bytes;
  if (bytes > pusher::kMaxTextDeltaBytes) {
    base::Fail(base::ExitCode::kVerification, "a recorded delta with texts of {} bytes, at most {}",
               bytes, pusher::kMaxTextDeltaBytes);
  }
  while (texts_.size() < bytes) {
    const std::optional<pusher::Frame> frame = reader_.Next();  // a blob, and not too long
    texts_ += base::AsText(frame->payload);
  }
}

void RecordedSender::Send(pusher::Wire& wire, const std::string& release,
                          pusher::KeepAlive& alive) {
  pusher::Offer offer = reader_.offer();
  offer.basis = basis_;
  offer.release_bytes = release.size();
  pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
  pusher::SendBlob(wire, release);
  pusher::SendBlob(wire, texts_);
  const std::vector<bool> missing = pusher::ReceiveNeed(wire, std::nullopt);
  if (std::ranges::find(missing, true) == missing.end()) {
    return;
  }
  try {
    SendChunks(wire, missing, alive);
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kVerification) {
      throw;
    }
    base::Log(base::LogLevel::kWarning, "{}: the rest comes from the image itself", error.what());
  }
  pusher::SendEmpty(wire, MessageType::kSent);
}

// Packed chunks are one stream: where the host lacks one of them, it can unpack none behind it.
void RecordedSender::SendChunks(pusher::Wire& wire, const std::vector<bool>& missing,
                                pusher::KeepAlive& alive) {
  while (const std::optional<pusher::Frame> frame = reader_.Next()) {
    base::ThrowIfInterrupted();
    alive.Touch();
    const auto type = static_cast<MessageType>(frame->type);
    if (type == MessageType::kSent) {
      continue;  // it is not the end of the object yet
    }
    if (IsAskedFor(*frame, missing)) {
      wire.Send(frame->type, frame->payload);
    } else if (type == MessageType::kPacked) {
      return;
    }
  }
}

}  // namespace fetcher
