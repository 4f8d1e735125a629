#include "pusher/session/push_session.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/file.h"
#include "chunker/codec_table.h"
#include "images/version/can_run.h"
#include "pusher/protocol/image_metadata.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/last_words.h"
#include "pusher/session/content_sender.h"
#include "pusher/session/release_to_send.h"

namespace pusher {
namespace {

bool Holds(const Hello& hello, const images::ImageDirectory& image) {
  return std::ranges::any_of(hello.held, [&](const VersionDigest& held) {
    return held.name == image.manifest().name && held.manifest_sha256 == image.stored().digest;
  });
}

}  // namespace

PushSession::PushSession(Wire& wire, const std::vector<images::ImageDirectory>& images,
                         const PushOptions& options)
    : wire_(wire), images_(images), options_(options), phases_(wire.peer()) {}

template <typename Work>
auto PushSession::TellingFailure(const Work& work) {
  try {
    return work();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kUnreachable) {
      ThrowLastWords(wire_);
    } else {
      TellFailure(wire_, error);
    }
    throw;
  }
}

PushPlan PushSession::Plan(const base::Io& io) {
  io_ = io;
  phases_ = base::PhaseLog(wire_.peer());
  return TellingFailure([&] { return PlanAll(); });
}

PushResult PushSession::Push(const base::Io& io) {
  io_ = io;
  phases_ = base::PhaseLog(wire_.peer());  // somebody may have thought about the plan for long
  return TellingFailure([&] { return PushAll(); });
}

void PushSession::Greet() {
  if (hello_) {
    return;
  }
  hello_ = ReceiveHello(wire_);
  if (hello_->mounts) {
    for (const images::ImageDirectory& image : images_) {
      images::CheckCanRun(image.manifest(), {hello_->architecture, hello_->features},
                          "host " + wire_.peer());
    }
  }
  for (const images::ImageDirectory& image : images_) {
    items_.push_back(ItemOf(image));
  }
  phases_.Done("the host said what it holds");
}

PushSession::Item PushSession::ItemOf(const images::ImageDirectory& image) {
  Item out;
  out.image = &image;
  out.held = Holds(*hello_, image);
  out.release = ReleaseToSend(image, hello_->trust, wire_.peer(), io_);
  if (out.held) {
    LearnThatHeld(image);
    return out;
  }
  out.work = (options_.work == nullptr ? alone_ : *options_.work).Of(image);
  if (options_.deltas) {
    out.basis = FindBasis(*hello_, image);
    out.work->Learn(CanSendDeltas(out) ? &out.basis->image : nullptr);
  }
  out.why_no_deltas = WhyNoDeltas(*hello_, image, out.basis);
  if (!options_.deltas && !out.why_no_deltas.empty()) {
    out.why_no_deltas = "deltas are off";
  }
  return out;
}

// Where it may be guessed what a host wants of it.
void PushSession::LearnThatHeld(const images::ImageDirectory& image) {
  if (options_.work == nullptr || !options_.deltas) {
    return;
  }
  try {
    options_.work->Of(image)->Learn(nullptr);
  } catch (const base::Error&) {  // nothing of it is needed
  }
}

PushedImage PushSession::BeginningOf(const Item& item) const {
  PushedImage out;
  out.name = item.image->manifest().name;
  out.id = item.image->id().text();
  out.image_bytes = item.image->manifest().image.size_bytes;
  out.already_there = item.held;
  return out;
}

void PushSession::SendBegin(Wire& wire, bool plan) const {
  Begin begin;
  begin.protocol = ProtocolWith(*hello_);
  begin.images = images_.size();
  begin.plan = plan;
  for (const Item& item : items_) {
    if (!plan && !item.held) {
      const images::Manifest& manifest = item.image->manifest();
      begin.new_images.push_back({manifest.name, item.image->stored().digest, manifest.image.sha256,
                                  manifest.image.size_bytes});
    }
  }
  SendText(wire, MessageType::kBegin, begin.Serialize());
}

// To the host or to a rehearsal. Texts that nobody has packed yet take seconds.
void PushSession::SendOfferOf(Wire& wire, const Item& item) const {
  const KeepAlive alive(wire_);
  Offer offer;
  offer.name = item.image->manifest().name;
  offer.manifest_sha256 = item.image->stored().digest;
  offer.held = item.held;
  offer.label = item.image->label();
  if (item.held) {
    offer.provenance_bytes =
        base::ReadFileIfThere(item.image->provenance_path()).value_or("").size();
    offer.release_bytes = item.release.size();
    SendText(wire, MessageType::kOffer, offer.Serialize());
    SendBlob(wire, item.release);
    return;
  }
  offer.basis = item.basis ? item.basis->version + 1 : 0;
  SendOffer(wire, offer, item.release,
            *item.work->Metadata(item.basis ? &item.basis->image : nullptr));
}

// What both of us have an older version for that the host can make chunks of.
bool PushSession::CanSendDeltas(const Item& item) const {
  return options_.deltas && item.basis && !item.whole &&
         CanRebuild(*hello_, item.image->manifest().image.codec);
}

// Null for chunks alone.
std::shared_ptr<DeltaCache> PushSession::DeltasFor(const Item& item) {
  if (!CanSendDeltas(item)) {
    return nullptr;
  }
  const KeepAlive alive(wire_, std::chrono::seconds(5), kPatience);
  try {
    return item.work->DeltasAgainst(item.basis->image);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    io_.Err("imgpush: {}: no deltas against {}: {}\n", wire_.peer(), item.basis->image.path(),
            error.what());
    return nullptr;
  }
}

// To the host or to a rehearsal. It may take a while, in which the host must know that we live.
void PushSession::SendContent(Wire& wire, const Item& item, const std::vector<bool>& missing,
                              const std::string& label, PushedImage& result) {
  result.chunks_total = missing.size();
  result.chunks_sent = CountOf(missing);
  if (result.chunks_sent == 0) {
    return;
  }
  KeepAlive alive(wire_);
  const std::shared_ptr<DeltaCache> deltas = DeltasFor(item);
  alive.Touch();
  ContentSender sender(wire, *item.work, missing, alive, io_, label);
  result.chunks_as_delta = sender.Send(
      deltas.get(),
      options_.pack && chunker::CodecNamed(item.image->manifest().image.codec.name).packable);
  result.basis = deltas != nullptr ? item.basis->text() : "";
  if (const std::string trouble = deltas == nullptr ? "" : deltas->trouble(); !trouble.empty()) {
    io_.Err("imgpush: {}: some chunks were sent without deltas: {}\n", wire_.peer(), trouble);
  }
}

// Reads the old version while the offer is on its way and the host answers.
std::future<void> PushSession::ReadOldAhead(const Item& item) const {
  if (!CanSendDeltas(item) ||
      item.basis->image.manifest().image.sha256 == item.image->manifest().image.sha256) {
    return {};
  }
  return std::async([&item] {  // without a thread to be had it is not done
    try {
      item.work->DeltasAgainst(item.basis->image);
    } catch (const base::Error&) {  // found again, and said, by who needs it
    }
  });
}

// Returns what the host asked for.
std::vector<bool> PushSession::PushImage(const Item& item, PushedImage& result) {
  const std::future<void> ahead = ReadOldAhead(item);
  SendOfferOf(wire_, item);
  if (item.held) {
    return {};
  }
  std::vector<bool> missing = ReceiveNeed(wire_, item.work->chunks().size());
  phases_.Done("offered " + item.image->manifest().name);
  answered_ = true;
  const std::string label = fmt::format("{}: sending {}", wire_.peer(), result.name);
  SendContent(wire_, item, missing, label, result);
  phases_.Done("sent " + item.image->manifest().name);
  if (ahead.valid()) {  // nothing is missing, and nobody has waited for it
    const KeepAlive alive(wire_, std::chrono::seconds(5), kPatience);
    ahead.wait();
  }
  return missing;
}

PushResult PushSession::PushAll() {
  Greet();
  SendBegin(wire_, false);
  PushResult result;
  for (Item& item : items_) {
    result.images.push_back(BeginningOf(item));
    item.asked_for = PushImage(item, result.images.back());
  }
  result.staged = Commit(result);
  return result;
}

// Of those that the host held and found damaged it asks for what is wrong with them; of the others
// for what did not come out of deltas, and what is damaged in versions that it meant to take it of.
void PushSession::PushAgain(const Retransmit& again, PushResult& result) {
  for (const std::string& name : again.names) {
    base::LogInfo("{}: sending {} again", wire_.peer(), name);
    const auto found = std::ranges::find(result.images, name, &PushedImage::name);
    if (found == result.images.end() || (!found->already_there && found->chunks_as_delta == 0 &&
                                         found->chunks_sent == found->chunks_total)) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it asks for {} again",
                 wire_.peer(), Printable(name));
    }
    Item& item = items_[static_cast<size_t>(found - result.images.begin())];
    if (found->already_there) {
      PushRepaired(item, *found);
    } else {
      PushRest(item, *found);
    }
  }
}

void PushSession::PushRest(Item& item, PushedImage& result) {
  item.whole = true;
  PushedImage rest;
  const std::vector<bool> missing = PushImage(item, rest);
  for (size_t number = 0; number < missing.size(); ++number) {
    if (missing[number]) {
      ++(item.asked_for[number] ? result.chunks_failed : result.chunks_sent);
      item.asked_for[number] = true;
    }
  }
}

void PushSession::PushRepaired(Item& item, PushedImage& result) {
  io_.Err("imgpush: {}: {} {} is damaged there and is sent again\n", wire_.peer(), result.name,
          result.id);
  item.held = false;
  item.work = (options_.work == nullptr ? alone_ : *options_.work).Of(*item.image);
  result = BeginningOf(item);
  result.repaired = true;
  item.asked_for = PushImage(item, result);
}

Staged PushSession::Commit(PushResult& result) {
  SendEmpty(wire_, MessageType::kCommit);
  Message answer = ReceiveMessage(wire_);
  answered_ = true;
  for (int times = 0; answer.type == MessageType::kAgain && times < kMostAgain; ++times) {
    PushAgain(Retransmit::Parse(answer.text(), wire_.peer()), result);
    SendEmpty(wire_, MessageType::kCommit);
    answer = ReceiveMessage(wire_);
  }
  CheckType(wire_, answer, MessageType::kStaged);
  phases_.Done("the host verified and staged it");
  return Staged::Parse(answer.text(), wire_.peer());
}

PushResult Push(Wire& wire, const std::vector<images::ImageDirectory>& images, const base::Io& io,
                const PushOptions& options) {
  return PushSession(wire, images, options).Push(io);
}

}  // namespace pusher
