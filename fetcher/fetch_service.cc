#include "fetcher/fetch_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "fetcher/play.h"
#include "images/channel/object_key.h"
#include "images/channel/state_document.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/last_words.h"

namespace fetcher {
namespace {

using pusher::MessageType;

constexpr std::chrono::seconds kIdle(30);
constexpr std::chrono::minutes kDrip(5);
// What is kept of a range that comes before its turn: docs/formats/fetch.md, "Memory".
constexpr uint64_t kAheadBytes = uint64_t{12} << 20;

store::Options Bounded(store::Options options) {
  options.limits.ahead_bytes = std::min(options.limits.ahead_bytes, kAheadBytes);
  return options;
}

pusher::FetchState StateOf(store::State state) {
  switch (state) {
    case store::State::kHere:
      return pusher::FetchState::kHere;
    case store::State::kUnchanged:
      return pusher::FetchState::kUnchanged;
    default:  // also hidden: nobody can tell
      return pusher::FetchState::kMissing;
  }
}

// Reads what follows a request, so that the next one can be read.
void Drop(pusher::Wire& wire, uint64_t size_bytes) {
  while (size_bytes > 0) {
    const pusher::Message part = pusher::Expect(wire, MessageType::kBlob);
    if (part.payload.empty() || part.payload.size() > size_bytes) {
      base::Fail(base::ExitCode::kFailed,
                 "{} broke the protocol: an object is not as long as announced", wire.peer());
    }
    size_bytes -= part.payload.size();
  }
}

}  // namespace

FetchService::FetchService(pusher::Wire& wire, store::Options options)
    : wire_(wire), options_(Bounded(std::move(options))) {}

// Of a store that cannot be reached the peer must hear, too: both have the same code.
void FetchService::Run() {
  try {
    Serve();
  } catch (const base::Error& error) {
    pusher::TellFailure(wire_, error);
    if (error.code() == base::ExitCode::kUnreachable) {
      pusher::ThrowLastWords(wire_);
    }
    throw;
  }
}

void FetchService::Serve() {
  for (;;) {
    wire_.stream().SetLimits(pusher::kPatience, kDrip);  // it activates meanwhile
    const auto message = pusher::ExpectOrEnd(wire_, MessageType::kFetchRequest);
    if (!message) {
      return;
    }
    wire_.stream().SetLimits(kIdle, kDrip);
    const pusher::FetchRequest request = pusher::ParseFetchRequest(message->text(), wire_.peer());
    if (const auto* open = std::get_if<pusher::OpenStore>(&request)) {
      Open(*open);
    } else if (const auto* get = std::get_if<pusher::GetObject>(&request)) {
      Get(*get);
    } else if (const auto* put = std::get_if<pusher::PutObject>(&request)) {
      Put(*put);
    } else if (const auto* play = std::get_if<pusher::PlayPush>(&request)) {
      Play(wire_, TheStore(), play->versions).Run();
    } else {
      Answer({});
    }
  }
}

// It has no answer: what is wrong is said to the requests that follow.
void FetchService::Open(const pusher::OpenStore& open) {
  store::Options options = options_;
  options.endpoint = open.endpoint;
  options.region = open.region;
  options.ca_file = open.ca_file;
  options.must_exist = true;
  store_.reset();
  trouble_.reset();
  try {
    store_ = store::Open(open.location, options);
  } catch (const base::Error& error) {
    trouble_ = error;
  }
}

store::Store& FetchService::TheStore() {
  if (trouble_) {
    throw base::Error(*trouble_);
  }
  if (!store_) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it named no store", wire_.peer());
  }
  return *store_;
}

void FetchService::AnswerWith(const std::function<store::Object()>& work) {
  store::Object object;
  try {
    const pusher::KeepAlive alive(wire_);
    object = work();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    base::LogInfo("{}", error.what());
    pusher::SendText(wire_, MessageType::kFailure,
                     pusher::Failure{error.code(), error.what()}.Serialize());
    return;
  }
  pusher::FetchAnswer answer;
  answer.state = StateOf(object.state);
  if (object.version.size() <= pusher::kMaxVersionBytes) {
    answer.version = object.version;
  }
  answer.size_bytes = object.body.size();
  Answer(std::move(answer));
  pusher::SendBlob(wire_, object.body);
}

void FetchService::Answer(pusher::FetchAnswer answer) {
  if (store_) {
    const store::Traffic traffic = store_->traffic();
    answer.requests = traffic.requests;
    answer.bytes = traffic.received_bytes;
    answer.clock_offset_seconds = traffic.clock_offset_seconds;
  }
  pusher::SendText(wire_, MessageType::kFetchAnswer, answer.Serialize());
}

void FetchService::Get(const pusher::GetObject& get) {
  AnswerWith([&] { return TheStore().Get(get.key, get.max_bytes, get.known_version); });
}

// A host's own report alone: whoever has taken fetch over writes nothing else by it.
void FetchService::Put(const pusher::PutObject& put) {
  const auto key = images::ObjectKey::Parse(put.key);
  const bool may =
      key && key->kind == images::ObjectKind::kState && put.size_bytes <= images::kMaxStateBytes;
  std::string body;
  if (may) {
    body = pusher::ReceiveBlob(wire_, put.size_bytes);
  } else {
    Drop(wire_, put.size_bytes);
  }
  AnswerWith([&] {
    if (!may) {
      base::Fail(base::ExitCode::kUsage,
                 "fetch does not write {} bytes to '{}': only state/HOST.json, at most {} bytes",
                 put.size_bytes, base::Printable(put.key, 200), images::kMaxStateBytes);
    }
    store::Object out;
    out.state = store::State::kHere;
    out.version =
        TheStore().Put(put.key, store::Content::Text(body), {store::Caching::kNoCache, true});
    return out;
  });
}

}  // namespace fetcher
