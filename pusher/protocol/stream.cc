#include "pusher/protocol/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/sys.h"

namespace pusher {
namespace {

constexpr size_t kFlushBytes = 64 << 10;
constexpr size_t kReadBytes = 128 << 10;
constexpr size_t kMaxBufferedBytes = 1 << 20;
constexpr size_t kDiagnosticsBytes = 8 << 10;
// A signal that comes just before poll must not be missed for ever.
constexpr std::chrono::milliseconds kPollSlice(200);

using SteadyClock = std::chrono::steady_clock;

bool TryAgain(int error_number) {
  return error_number == EINTR || error_number == EAGAIN || error_number == EWOULDBLOCK;
}

}  // namespace

Stream::Stream(int in, int out, StreamOptions options)
    : in_(in), out_(out), options_(std::move(options)) {
  const int flags = ::fcntl(out_, F_GETFL);
  if (flags < 0 || ::fcntl(out_, F_SETFL, flags | O_NONBLOCK) != 0) {
    base::FailErrno(errno, "cannot use the connection to {}", options_.peer);
  }
  if (options_.diagnostics >= 0) {
    ::fcntl(options_.diagnostics, F_SETFL, O_NONBLOCK);
  }
}

Stream::Ready Stream::WaitFor(bool reading, bool writing) {
  const auto start = SteadyClock::now();
  for (;;) {
    base::ThrowIfInterrupted();
    std::array<pollfd, 3> fds{{{reading ? in_ : -1, POLLIN, 0},
                               {writing ? out_ : -1, POLLOUT, 0},
                               {options_.diagnostics, POLLIN, 0}}};
    const int count = ::poll(fds.data(), fds.size(), static_cast<int>(kPollSlice.count()));
    if (count < 0 && !TryAgain(errno)) {
      base::FailErrno(errno, "cannot wait for {}", options_.peer);
    }
    if (count > 0) {
      if (fds[2].revents != 0) {
        ReadDiagnostics();
      }
      if (fds[0].revents != 0 || fds[1].revents != 0) {
        return {fds[0].revents != 0, fds[1].revents != 0};
      }
    }
    if (options_.while_waiting) {
      options_.while_waiting();
    }
    if (SteadyClock::now() - start >= options_.idle_limit) {
      base::Fail(base::ExitCode::kUnreachable,
                 "nothing moved to or from {} for {} s; the link is dead", options_.peer,
                 (options_.idle_limit.count() + 999) / 1000);
    }
  }
}

void Stream::ReadDiagnostics() {
  std::array<char, 4096> buffer;
  const ssize_t got = base::TheSys().Read(options_.diagnostics, buffer.data(), buffer.size());
  if (got > 0) {
    diagnostics_.append(buffer.data(), static_cast<size_t>(got));
    LogDiagnostics({buffer.data(), static_cast<size_t>(got)});
    if (diagnostics_.size() > kDiagnosticsBytes) {
      diagnostics_.erase(0, diagnostics_.size() - kDiagnosticsBytes);
    }
  } else if (got == 0 || !TryAgain(errno)) {
    options_.diagnostics = -1;
  }
}

// A line each, as they are complete.
void Stream::LogDiagnostics(std::string_view text) {
  if (!base::IsLogged(base::LogLevel::kInfo)) {
    return;
  }
  for (const char c : text) {
    if (c == '\n' || unlogged_.size() >= kDiagnosticsBytes) {
      base::LogInfo("{}: {}", options_.peer, std::exchange(unlogged_, ""));
    }
    if (c != '\n' && c != '\r') {  // ssh ends its lines with a carriage return too
      unlogged_ += c;
    }
  }
}

const std::string& Stream::Diagnostics() {
  for (int turns = 0; options_.diagnostics >= 0 && turns < 64; ++turns) {
    pollfd fd{options_.diagnostics, POLLIN, 0};
    if (::poll(&fd, 1, 0) <= 0) {
      break;
    }
    ReadDiagnostics();
  }
  return diagnostics_;
}

bool Stream::Fill() {
  if (input_ended_) {
    return false;
  }
  if (input_start_ > 0) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(input_start_));
    input_start_ = 0;
  }
  const size_t filled = input_.size();
  input_.resize(filled + kReadBytes);
  const ssize_t got = base::TheSys().Read(in_, input_.data() + filled, kReadBytes);
  const int error_number = errno;
  input_.resize(filled + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    if (TryAgain(error_number)) {
      return true;
    }
    if (error_number != ECONNRESET) {
      base::FailErrno(error_number, "cannot read from {}", options_.peer);
    }
  }
  input_ended_ = got <= 0;
  return !input_ended_;
}

void Stream::Write(base::Bytes data) {
  output_.insert(output_.end(), data.begin(), data.end());
  if (output_.size() >= kFlushBytes) {
    Flush();
  }
}

// False: not yet, and a moment has passed.
bool Stream::MayWrite(bool reading) {
  constexpr int kMomentMilliseconds = 10;
  const size_t waiting = output_.size() - output_start_;
  if (allowed_ == 0) {
    allowed_ = options_.rate ? options_.rate->Take(waiting) : waiting;
  }
  if (allowed_ > 0) {
    return true;
  }
  base::ThrowIfInterrupted();
  pollfd fd{reading ? in_ : -1, POLLIN, 0};
  if (::poll(&fd, 1, kMomentMilliseconds) > 0) {
    Fill();
  }
  return false;
}

void Stream::WriteSome() {
  const ssize_t put = base::TheSys().Write(out_, output_.data() + output_start_,
                                           std::min(allowed_, output_.size() - output_start_));
  if (put >= 0) {
    allowed_ -= static_cast<size_t>(put);
    output_start_ += static_cast<size_t>(put);
    sent_bytes_ += static_cast<uint64_t>(put);
  } else if (errno == EPIPE || errno == ECONNRESET) {
    base::Fail(base::ExitCode::kUnreachable, "{} ended the connection", options_.peer);
  } else if (!TryAgain(errno)) {
    base::FailErrno(errno, "cannot write to {}", options_.peer);
  }
}

void Stream::Flush() {
  while (output_start_ < output_.size()) {
    const bool reading =
        options_.read_while_writing && !input_ended_ && Buffered() < kMaxBufferedBytes;
    if (!MayWrite(reading)) {
      continue;
    }
    const Ready ready = WaitFor(reading, true);
    if (ready.to_read) {
      Fill();
    }
    if (ready.to_write) {
      WriteSome();
    }
  }
  DropOutput();
}

void Stream::DropOutput() {
  output_.clear();
  output_start_ = 0;
  allowed_ = 0;
}

void Stream::Take(std::span<uint8_t> out) {
  const auto from = input_.begin() + static_cast<std::ptrdiff_t>(input_start_);
  std::copy(from, from + static_cast<std::ptrdiff_t>(out.size()), out.begin());
  input_start_ += out.size();
}

bool Stream::Read(std::span<uint8_t> out) {
  return ReadBy(out, std::min(end_, SteadyClock::now() + options_.drip_limit));
}

bool Stream::ReadBy(std::span<uint8_t> out, SteadyClock::time_point limit) {
  size_t filled = 0;
  for (;;) {
    const size_t part = std::min(out.size() - filled, Buffered());
    Take(out.subspan(filled, part));
    filled += part;
    if (filled == out.size()) {
      return true;
    }
    if (SteadyClock::now() >= limit) {
      input_ended_ = true;  // what comes now is the middle of something
      base::Fail(base::ExitCode::kUnreachable, "{} sends a byte now and then, and never a message",
                 options_.peer);
    }
    if (!input_ended_) {
      WaitFor(true, false);
    }
    if (!Fill()) {
      if (filled == 0) {
        return false;
      }
      base::Fail(base::ExitCode::kUnreachable, "{} ended the connection in the middle of a message",
                 options_.peer);
    }
  }
}

std::optional<std::string> Stream::ReadLine(size_t max_bytes) {
  const SteadyClock::time_point limit = SteadyClock::now() + options_.drip_limit;
  std::string line;
  while (line.size() < max_bytes) {
    uint8_t byte = 0;
    if (!ReadBy({&byte, 1}, limit)) {
      return line.empty() ? std::nullopt : std::optional(line);
    }
    if (byte == '\n') {
      return line;
    }
    line += static_cast<char>(byte);
  }
  return line;
}

void Stream::ReadToEnd(std::chrono::milliseconds limit) {
  const auto end = SteadyClock::now() + limit;
  try {
    while (!input_ended_ && SteadyClock::now() < end) {
      SetIdleLimit(std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now()));
      WaitFor(true, false);
      Fill();
      input_.clear();
      input_start_ = 0;
    }
  } catch (const base::Error&) {  // whoever waits for an end has what it wanted already
  }
}

}  // namespace pusher
