// A two-way byte stream over a pair of descriptors (pipes, a socket) that never hangs: if no byte
// moves for the idle limit, the peer counts as gone.
//
// Does not own the descriptors; `out` becomes non-blocking and stays so. One thread may read
// while another writes, unless the stream reads while it writes.
#ifndef SLIPWAY_PUSHER_PROTOCOL_STREAM_H_
#define SLIPWAY_PUSHER_PROTOCOL_STREAM_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "pusher/protocol/rate_limit.h"

namespace pusher {

struct StreamOptions {
  std::string peer;                              // for messages: "host web1", "the sender"
  std::chrono::milliseconds idle_limit{30'000};  // no wait for the peer is longer
  // What is asked for at once (a line, a part of a message) must be there by then, so that a peer
  // that sends a byte now and then ends too.
  std::chrono::milliseconds drip_limit{300'000};
  // What arrives while a write waits is kept (up to 1 MiB), so that two sides that both write
  // never wait for each other. One of the two is enough.
  bool read_while_writing = false;
  int diagnostics = -1;                   // the peer's standard error, kept for messages; -1: none
  std::function<void()> while_waiting{};  // called several times a second in each wait
  std::shared_ptr<RateLimit> rate{};      // of what is written; null: none
};

class Stream {
 public:
  Stream(int in, int out, StreamOptions options);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // All throw Error{kUnreachable} where the peer is gone or silent, Error{kInterrupted} where we
  // were interrupted.
  void Write(base::Bytes data);  // kept until Flush() or 64 KiB
  void Flush();
  // Fills `out`; false where the peer ended the stream before its first byte.
  bool Read(std::span<uint8_t> out);
  // A line without its newline, or the first `max_bytes` of a longer one; nullopt at the end.
  std::optional<std::string> ReadLine(size_t max_bytes);
  // Reads and drops what comes until the peer ends the stream or `limit` is over.
  void ReadToEnd(std::chrono::milliseconds limit);
  // Forgets what was not sent: the peer does not read any more.
  void DropOutput();
  // From now on no wait is longer, and all reading ends after it. For the last words of a peer
  // whose connection broke.
  void SetIdleLimit(std::chrono::milliseconds limit) {
    options_.idle_limit = limit;
    end_ = std::chrono::steady_clock::now() + limit;
  }

  // The same, without an end.
  void SetLimits(std::chrono::milliseconds idle, std::chrono::milliseconds drip) {
    options_.idle_limit = idle;
    options_.drip_limit = drip;
  }

  const std::string& peer() const { return options_.peer; }
  uint64_t sent_bytes() const { return sent_bytes_; }  // handed to the system
  // The last 8 KiB of the peer's standard error so far.
  const std::string& Diagnostics();

 private:
  struct Ready {
    bool to_read = false;
    bool to_write = false;
  };
  Ready WaitFor(bool reading, bool writing);
  bool Fill();  // reads some; false at the end of the stream
  bool MayWrite(bool reading);
  void WriteSome();
  void ReadDiagnostics();
  void LogDiagnostics(std::string_view text);
  size_t Buffered() const { return input_.size() - input_start_; }
  void Take(std::span<uint8_t> out);
  bool ReadBy(std::span<uint8_t> out, std::chrono::steady_clock::time_point limit);

  const int in_;
  const int out_;
  StreamOptions options_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
  std::vector<uint8_t> input_;
  size_t input_start_ = 0;
  bool input_ended_ = false;
  std::vector<uint8_t> output_;
  size_t output_start_ = 0;
  size_t allowed_ = 0;  // by the rate, of what waits
  std::string diagnostics_;
  std::string unlogged_;  // the beginning of a line of them
  uint64_t sent_bytes_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_STREAM_H_
