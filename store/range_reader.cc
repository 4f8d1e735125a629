#include "store/range_reader.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"

namespace store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLong(60'000);
constexpr int kPartial = 206;
constexpr int kWhole = 200;
constexpr int kBeyondTheEnd = 416;

// True for "bytes FIRST-LAST/SIZE" of exactly these, with any size or "*".
bool IsContentRange(std::string_view text, uint64_t first, uint64_t last) {
  const std::string start = fmt::format("bytes {}-{}/", first, last);
  if (!text.starts_with(start)) {
    return false;
  }
  const std::string_view size = text.substr(start.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
  return size == "*" || (error == std::errc() && end == size.data() + size.size() && number > last);
}

}  // namespace

class RangeReader::Part : public Receiver {
 public:
  Part(RangeReader& reader, size_t its_index, const Range& its_range, const RetryPolicy& policy)
      : index(its_index), range(its_range), retries(policy), reader_(reader) {}

  bool Begin(const Answer& head) override { return reader_.Begin(*this, head); }
  bool Take(base::Bytes piece) override { return reader_.Take(*this, piece); }

  uint64_t next() const { return range.offset + done; }
  uint64_t end() const { return range.offset + range.size_bytes; }
  bool is_done() const { return done == range.size_bytes; }

  const size_t index;
  const Range range;
  Retries retries;
  uint64_t done = 0;
  bool is_running = false;
  steady_clock::time_point due{};

 private:
  RangeReader& reader_;
};

RangeReader::RangeReader(HttpClient& client, std::string url, const RetryPolicy& policy,
                         RangeSupport& support)
    : client_(client), url_(std::move(url)), policy_(policy), support_(support) {}

RangeReader::~RangeReader() { client_.DropAll(); }

RangeReader::Result RangeReader::Read(const std::vector<Range>& ranges, const RangeSink& sink) {
  sink_ = &sink;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].size_bytes > 0) {
      parts_.push_back(std::make_unique<Part>(*this, i, ranges[i], policy_));
    }
  }
  while (!IsDone()) {
    StartDue();
    if (std::optional<HttpClient::Done> done = client_.Next(UntilDue())) {
      auto& part = static_cast<Part&>(*done->receiver);
      if (std::optional<Answer> refusal = Settle(part, std::move(done->answer))) {
        client_.DropAll();
        return {{State::kMissing, false}, std::move(refusal)};
      }
    }
  }
  return {{State::kHere, whole_ != nullptr}, std::nullopt};
}

bool RangeReader::IsDone() const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const auto& part) { return part->is_done(); });
}

void RangeReader::StartDue() {
  const steady_clock::time_point now = base::SystemClock().Monotonic();
  const Limits& limits = client_.settings().limits;
  uint64_t ahead_bytes = 0;
  for (const std::unique_ptr<Part>& part : parts_) {
    if (ahead_bytes > 0 || !part->is_done()) {
      if (ahead_bytes > 0 && part->range.size_bytes > limits.ahead_bytes - ahead_bytes) {
        return;
      }
      ahead_bytes += std::min(part->range.size_bytes, limits.ahead_bytes);
    }
    const size_t most = whole_ == nullptr && support_.is_known ? limits.connections : 1;
    if (running_ >= most) {
      return;
    }
    if (part->is_running || part->is_done() || part->due > now ||
        (whole_ != nullptr && whole_ != part.get())) {
      continue;
    }
    Request request{.url = url_, .is_bounded = false};
    request.headers = {fmt::format("Range: bytes={}-{}", part->next(), part->end() - 1)};
    client_.Start(request, part.get());
    part->is_running = true;
    ++running_;
  }
}

milliseconds RangeReader::UntilDue() const {
  const steady_clock::time_point now = base::SystemClock().Monotonic();
  milliseconds out = kLong;
  for (const std::unique_ptr<Part>& part : parts_) {
    if (!part->is_running && !part->is_done() && part->due > now) {
      out = std::min(out, std::chrono::ceil<milliseconds>(part->due - now));
    }
  }
  return out;
}

bool RangeReader::Begin(Part& part, const Answer& head) {
  if (head.status == kWhole && whole_ != nullptr && whole_ != &part) {
    return false;  // one is enough
  }
  if (head.status != kWhole && (head.status != kPartial || whole_ == &part)) {
    base::Fail(base::ExitCode::kVerification, "{} answers {} to a request for a range", url_,
               head.status);
  }
  const auto tag = head.headers.find("etag");
  const std::string version = tag == head.headers.end() ? "" : tag->second;
  if (version_ && *version_ != version) {
    base::Fail(base::ExitCode::kVerification, "{} was changed while it was read: try again", url_);
  }
  version_ = version;
  if (head.status == kWhole) {
    whole_ = &part;
    whole_at_ = 0;
    return true;
  }
  CheckPart(part, head);
  support_.is_known = true;
  return whole_ == nullptr;
}

void RangeReader::CheckPart(const Part& part, const Answer& head) {
  const auto found = head.headers.find("content-range");
  const std::string text = found == head.headers.end() ? "" : found->second;
  if (!IsContentRange(text, part.next(), part.end() - 1)) {
    // A shorter part: the object ends within the range.
    base::Fail(base::ExitCode::kVerification,
               "{} was asked for bytes {}-{} and answers with '{}': it is shorter, or something "
               "between alters answers",
               url_, part.next(), part.end() - 1, base::Printable(text, 100));
  }
}

bool RangeReader::Take(Part& part, base::Bytes piece) {
  if (whole_ == &part) {
    Distribute(piece);
    return !IsDone();
  }
  if (whole_ != nullptr) {
    return false;
  }
  if (piece.size() > part.range.size_bytes - part.done) {
    base::Fail(base::ExitCode::kVerification, "{} sends more bytes than it was asked for", url_);
  }
  Deliver(part, piece);
  return true;
}

void RangeReader::Deliver(Part& part, base::Bytes piece) {
  (*sink_)(part.index, piece);
  part.done += piece.size();  // not of what the sink threw at
}

// Of the whole object, in its order.
void RangeReader::Distribute(base::Bytes piece) {
  const uint64_t piece_end = whole_at_ + piece.size();
  for (const std::unique_ptr<Part>& part : parts_) {
    if (!part->is_done() && part->next() >= whole_at_ && part->next() < piece_end) {
      const uint64_t take = std::min(part->end(), piece_end) - part->next();
      Deliver(*part, piece.subspan(part->next() - whole_at_, take));
    }
  }
  whole_at_ = piece_end;
}

void RangeReader::FailEnd(const Part& part) const {
  base::Fail(base::ExitCode::kVerification, "{} ends before byte {}: it is damaged", url_,
             part.end());
}

std::optional<Answer> RangeReader::Settle(Part& part, Answer answer) {
  part.is_running = false;
  --running_;
  if (answer.failure == Failure::kStopped || (part.is_done() && whole_ != &part)) {
    return std::nullopt;
  }
  if (answer.IsGood()) {
    // All of the answer is there, so what is missing is not in the object.
    for (const std::unique_ptr<Part>& other : parts_) {
      if (!other->is_done() && (whole_ == &part || other.get() == &part)) {
        FailEnd(*other);
      }
    }
    return std::nullopt;
  }
  if (answer.failure == Failure::kNone && answer.status == kBeyondTheEnd) {
    FailEnd(part);
  }
  const std::optional<milliseconds> delay = part.retries.Next(answer);
  if (!delay) {
    return answer;
  }
  part.due = base::SystemClock().Monotonic() + *delay;
  return std::nullopt;
}

}  // namespace store
