#include "pusher/protocol/wire.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "pusher/protocol/message_type.h"

namespace pusher {
namespace {

constexpr size_t kChecksumBytes = 8;
constexpr size_t kTypeAt = 4;
constexpr size_t kChecksumAt = 5;
constexpr size_t kReadStepBytes = 64 << 10;

using Checksum = std::array<uint8_t, kChecksumBytes>;

Checksum ChecksumOf(uint8_t type, base::Bytes head, base::Bytes tail) {
  base::Sha256Hasher hasher;
  hasher.Update({&type, 1});
  hasher.Update(head);
  hasher.Update(tail);
  Checksum out{};
  std::copy_n(hasher.Finish().bytes.begin(), out.size(), out.begin());
  return out;
}

}  // namespace

FrameHeader FrameHeaderOf(uint8_t type, base::Bytes head, base::Bytes tail) {
  const size_t length = head.size() + tail.size();
  FrameHeader out{};
  for (size_t i = 0; i < kTypeAt; ++i) {
    out[i] = static_cast<uint8_t>(length >> (8 * i));
  }
  out[kTypeAt] = type;
  std::ranges::copy(ChecksumOf(type, head, tail), out.begin() + kChecksumAt);
  return out;
}

size_t PayloadBytes(const FrameHeader& header) {
  size_t out = 0;
  for (size_t i = 0; i < kTypeAt; ++i) {
    out |= size_t{header[i]} << (8 * i);
  }
  return out;
}

uint8_t TypeIn(const FrameHeader& header) { return header[kTypeAt]; }

bool IsIntact(const FrameHeader& header, base::Bytes payload) {
  return std::ranges::equal(ChecksumOf(TypeIn(header), payload, {}),
                            std::span(header).subspan(kChecksumAt));
}

template <typename Work>
void Wire::Sending(const Work& work) {
  const std::lock_guard<std::mutex> lock(send_mutex_);
  if (broken_) {
    throw base::Error(*broken_);
  }
  try {
    work();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kUnreachable) {
      broken_ = error;
    }
    throw;
  }
}

void Wire::Send(uint8_t type, base::Bytes head, base::Bytes tail) {
  const size_t length = head.size() + tail.size();
  if (length > kMaxPayloadBytes) {
    base::Fail(base::ExitCode::kFailed, "a message of {} bytes to {} is too long: at most {}",
               length, peer(), kMaxPayloadBytes);
  }
  const FrameHeader header = FrameHeaderOf(type, head, tail);
  Sending([&] {
    stream_.Write(header);
    stream_.Write(head);
    stream_.Write(tail);
  });
  sent_bytes_ += header.size() + length;
  base::LogDebug("{}: sent {}, {} bytes", peer(), NameOf(static_cast<MessageType>(type)), length);
}

void Wire::SendAside(uint8_t type) {
  Send(type, {});
  sent_bytes_ -= kFrameHeaderBytes;
}

void Wire::Flush() {
  Sending([&] { stream_.Flush(); });
}

bool Wire::IsBroken() {
  const std::lock_guard<std::mutex> lock(send_mutex_);
  return broken_.has_value();
}

void Wire::FailAsText(base::Bytes header) {
  std::string text(base::AsText(header));
  const auto end = std::ranges::find_if(
      text, [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\r') || c >= 0x7f; });
  if (end - text.begin() < 3) {
    return;
  }
  if (end == text.end()) {  // the rest of the line is on its way
    stream_.SetIdleLimit(std::chrono::seconds(1));
    try {
      text += stream_.ReadLine(200).value_or("");
    } catch (const base::Error&) {
    }
  } else {
    text.erase(end, text.end());
  }
  base::Fail(
      base::ExitCode::kFailed,
      "{} broke the protocol: '{}' was printed into the connection; a start file of the login "
      "shell there may do so from the background: send its output to /dev/null",
      peer(), base::Printable(text));
}

std::optional<Frame> Wire::Receive() {
  if (!IsBroken()) {  // then its last words may be there all the same
    Flush();
  }
  FrameHeader header{};
  if (!stream_.Read(header)) {
    return std::nullopt;
  }
  const size_t length = PayloadBytes(header);
  if (length > kMaxPayloadBytes) {
    FailAsText(header);
    base::Fail(base::ExitCode::kFailed,
               "{} broke the protocol: a message of {} bytes, at most {} are possible", peer(),
               length, kMaxPayloadBytes);
  }
  Frame frame;
  frame.type = TypeIn(header);
  while (frame.payload.size() < length) {
    const size_t at = frame.payload.size();
    frame.payload.resize(std::min(length, at + kReadStepBytes));
    if (!stream_.Read(std::span(frame.payload).subspan(at))) {
      base::Fail(base::ExitCode::kUnreachable, "{} ended the connection in the middle of a message",
                 peer());
    }
  }
  if (!IsIntact(header, frame.payload)) {
    base::Fail(base::ExitCode::kFailed,
               "{} broke the protocol: a message arrived damaged (does a start file of the login "
               "shell there print from the background?)",
               peer());
  }
  base::LogDebug("{}: got {}, {} bytes", peer(), NameOf(static_cast<MessageType>(frame.type)),
                 length);
  return frame;
}

}  // namespace pusher
