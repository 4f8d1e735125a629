#include "activator/receive/receive_session.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>

#include "activator/os/shared_blocks.h"
#include "activator/receive/chunk_receiver.h"
#include "activator/receive/conversation.h"
#include "activator/state/generations.h"
#include "activator/state/root.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "chunker/codec_table.h"
#include "images/release/judge.h"
#include "images/version/can_run.h"
#include "pusher/protocol/image_metadata.h"

namespace activator {
namespace {

using pusher::MessageType;

constexpr struct stat kNothing {};

class SetAtEnd {
 public:
  explicit SetAtEnd(std::atomic<bool>& flag) : flag_(flag) {}
  ~SetAtEnd() { flag_ = true; }
  SetAtEnd(const SetAtEnd&) = delete;
  SetAtEnd& operator=(const SetAtEnd&) = delete;

 private:
  std::atomic<bool>& flag_;
};

std::string ImageOf(const std::string& version) { return version + "/" + images::kImageFile; }

}  // namespace

ReceiveSession::ReceiveSession(const ReceiveOptions& options, const ReceiveSteps& steps,
                               pusher::Wire& wire, pusher::KeepAlive& alive)
    : options_(options), steps_(steps), wire_(wire), alive_(alive), layout_(LayoutOf(options)) {}

void ReceiveSession::Take(HostView host) {
  features_ = std::move(host.features);
  held_ = std::move(host.held);
  locks_.emplace(std::move(host.locks));
  acceptance_.emplace(std::move(host.acceptance));
}

void ReceiveSession::Run(HostView host) {
  Take(std::move(host));
  Greet();
  phases_.Done("greeted");
  pusher::Message message = pusher::Expect(wire_, MessageType::kBegin);
  for (;;) {
    const pusher::Begin begin = pusher::Begin::Parse(message.text(), wire_.peer());
    if (!begin.plan) {
      ReceivePush(begin);
      return;
    }
    AnswerPlan(begin.images);
    std::optional<pusher::Message> next = pusher::ExpectOrEnd(wire_, MessageType::kBegin);
    if (!next) {
      return;
    }
    message = *std::move(next);
  }
}

// Each image is complete in incoming/ID before the next one starts, and all are before anything is
// published: a push is staged as a whole or not at all.
void ReceiveSession::ReceivePush(const pusher::Begin& begin) {
  acceptance_->ForgetAll();  // plans may have been asked for before
  try {
    CheckInodes(layout_.root());
    for (const pusher::NewImage& image : begin.new_images) {  // before the first of them is sent
      CheckOffer({image.name, image.manifest_sha256, ""});
    }
    CheckRoomFor(begin.new_images);
    for (uint64_t i = 0; i < begin.images; ++i) {
      ReceiveImage();
    }
    pusher::Expect(wire_, MessageType::kCommit);
    ReceiveAgain();
    phases_.Done("received");
    for (const auto& assembly : assemblies_) {
      alive_.Touch();
      assembly->Verify();
      added_bytes_ += assembly->added_bytes();
    }
    alive_.Touch();
    phases_.Done("verified");
    if (steps_.hand_over) {
      HandOver();
    } else {
      const base::FileLock lock = LockHost();
      PublishAndStage();
      phases_.Done("published and staged");
    }
  } catch (const base::Error& error) {
    if (base::IsDiskFull(error)) {
      FailDiskFull(error);
    }
    throw;
  }
}

void ReceiveSession::Greet() {
  pusher::Hello hello;
  hello.agent_version = base::kVersion;
  hello.architecture = images::MachineArchitecture();
  hello.mounts = !options_.plain_directory;
  hello.features = features_;
  for (const chunker::CodecKind& codec : chunker::Codecs()) {
    hello.codecs[codec.name] = codec.library_version();
  }
  hello.free_bytes = base::FreeBytes(layout_.root());
  hello.active_generation = ActiveGeneration(layout_);
  if (const std::optional<images::Policy>& policy = acceptance_->policy()) {
    hello.trust = {policy->channels, policy->threshold};
  }
  if (!options_.without_deltas) {
    for (const HeldVersion& image : held_) {
      hello.held.push_back({image.name, image.manifest_sha256});
    }
  }
  pusher::SendHello(wire_, std::move(hello));
}

// Before the first of several is sent; each looks again at its turn. What they share with older
// versions where the file system can is not known yet.
void ReceiveSession::CheckRoomFor(const std::vector<pusher::NewImage>& images) const {
  std::vector<std::string> names;
  uint64_t needed_bytes = 0;
  for (const pusher::NewImage& image : images) {
    const images::ImageId id = images::ImageId::Of(image.manifest_sha256);
    const auto there = base::LstatIfThere(ImageOf(layout_.Incoming(id)));
    const bool here =
        base::Exists(ImageOf(layout_.Version(image.name, id))) ||
        std::ranges::find(held_, image.image_sha256, &HeldVersion::image_sha256) != held_.end();
    if (!here) {
      names.push_back(image.name);
      needed_bytes += BytesToReserve(image.image_bytes, there.value_or(kNothing));
    }
  }
  if (names.size() > 1 && needed_bytes > 0 && !CanShareBlocks(layout_.Incoming())) {
    CheckFits(layout_, fmt::format("{}", fmt::join(names, " and ")), needed_bytes);
  }
}

void ReceiveSession::ReceiveImage() {
  const pusher::Offer offer =
      pusher::Offer::Parse(pusher::Expect(wire_, MessageType::kOffer).text(), wire_.peer());
  alive_.Touch();
  if (!changes_.emplace(offer.name, offer.manifest_sha256).second) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it offers {} twice", wire_.peer(),
               offer.name);
  }
  CheckOffer({offer.name, offer.manifest_sha256, offer.label, offer.basis != 0});
  TakeRelease(offer);
  labels_[offer.name] = offer.label;
  if (offer.held) {
    AcceptHeld(offer);
    return;
  }
  const HeldVersion* const basis = BasisOf(offer);
  pusher::ImageMetadata texts = ReceiveMetadata(offer, basis);
  Assembly& assembly = AssemblyOf(ReadManifest(offer, std::move(texts.manifest)), texts.index);
  std::vector<bool> needed = assembly.Needed();
  SendNeed(assembly.chunks(), needed);
  wire_.Flush();
  // Meanwhile the chunks are on their way. Without a thread to be had it is done at the end.
  std::atomic<bool> ended = false;
  std::future<void> filling = std::async([&] {
    assembly.FillExpected([&] {
      if (ended) {
        base::Fail(base::ExitCode::kFailed, "the push has ended");
      }
      alive_.Touch();
    });
  });
  const SetAtEnd end(ended);  // a push that fails does not wait for the rest
  assembly.WriteMetadata(texts.index, texts.provenance, acceptance_->ReleaseOf(offer.name));
  if (std::ranges::find(needed, true) != needed.end()) {
    ChunkReceiver(wire_, alive_, assembly, std::move(needed))
        .Run(basis == nullptr ? "" : basis->path, options_.host_jobs);
  }
  filling.get();
}

// Before a byte of the texts is decompressed or parsed.
void ReceiveSession::TakeRelease(const pusher::Offer& offer) {
  const std::string text = pusher::ReceiveBlob(wire_, offer.release_bytes);
  alive_.Touch();
  acceptance_->Check(offer.name, offer.manifest_sha256, text);
}

// One that is asked for again goes on.
Assembly& ReceiveSession::AssemblyOf(images::StoredManifest manifest, const std::string& index) {
  for (const auto& assembly : assemblies_) {
    if (assembly->stored().id == manifest.id) {
      return *assembly;
    }
  }
  using Wait = std::optional<std::chrono::milliseconds>;
  const Wait wait =
      steps_.hand_over ? Wait() : options_.lock_wait;  // it is shut in: no locks there
  assemblies_.push_back(
      std::make_unique<Assembly>(layout_, std::move(manifest), index, options_.by, wait));
  FillFromWhatIsHere(*assemblies_.back(), index);
  return *assemblies_.back();
}

const HeldVersion& ReceiveSession::FindHeld(const pusher::Offer& offer) const {
  const auto found = std::ranges::find_if(held_, [&](const HeldVersion& image) {
    return image.name == offer.name && image.manifest_sha256 == offer.manifest_sha256;
  });
  if (found == held_.end() || asked_again_ > 0) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: {} {} is not here", wire_.peer(),
               offer.name, images::ImageId::Of(offer.manifest_sha256).text());
  }
  return *found;
}

void ReceiveSession::AcceptHeld(const pusher::Offer& offer) {
  const std::string& path = FindHeld(offer).path;
  CheckLimits(images::ImageDirectory(path).manifest());
  if (const std::optional<images::ImageDirectory> held = OpenIfComplete(path)) {
    CheckVerity(held->stored());
  }
  if (!IsIntact(path, offer.manifest_sha256, offer.provenance_bytes > 0) ||
      !HasSignedProvenance(offer.name, path)) {
    damaged_.push_back(offer.name);
  }
}

// The greeting read no content, deltas may fail, and what was expected of other versions may be
// damaged there. Of a version that is damaged at its place, what is right is taken from there.
void ReceiveSession::ReceiveAgain() {
  std::vector<std::string> names = std::exchange(damaged_, {});
  for (const auto& assembly : assemblies_) {
    if (assembly->missing_count() > 0) {
      names.push_back(assembly->stored().manifest.name);
    }
  }
  if (names.empty()) {
    return;
  }
  if (asked_again_ == pusher::kMostAgain) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it did not send all of {}",
               wire_.peer(), names.front());
  }
  ++asked_again_;
  pusher::SendText(wire_, MessageType::kAgain, pusher::Retransmit{names}.Serialize());
  for (const std::string& name : names) {
    changes_.erase(name);
    acceptance_->Forget(name);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    ReceiveImage();
  }
  pusher::Expect(wire_, MessageType::kCommit);
  ReceiveAgain();
}

// What the offer's texts and the deltas of its chunks refer to; null: they refer to nothing.
const HeldVersion* ReceiveSession::BasisOf(const pusher::Offer& offer) const {
  if (offer.basis == 0) {
    return nullptr;
  }
  if (offer.basis > held_.size()) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: there is no version {} here",
               wire_.peer(), offer.basis);
  }
  return &held_[offer.basis - 1];
}

pusher::ImageMetadata ReceiveSession::ReceiveMetadata(const pusher::Offer& offer,
                                                      const HeldVersion* basis) {
  const bool as_delta = basis != nullptr && offer.delta_bytes > 0;
  pusher::ImageMetadata out = pusher::ReceiveMetadata(
      wire_, offer,
      as_delta ? pusher::BaseMetadata(images::ImageDirectory(basis->path)) : std::string());
  if (!acceptance_->IsProvenance(offer.name, base::Sha256Of(out.provenance))) {
    base::Fail(base::ExitCode::kVerification,
               "the provenance of {} is not the one that was signed: imgbuild sign --renew {}",
               offer.name, offer.name);
  }
  return out;
}

images::StoredManifest ReceiveSession::ReadManifest(const pusher::Offer& offer,
                                                    std::string text) const {
  images::StoredManifest manifest =
      images::StoredManifest::Parse(std::move(text), "the manifest that was sent");
  if (manifest.digest != offer.manifest_sha256 || manifest.manifest.name != offer.name) {
    base::Fail(base::ExitCode::kFailed,
               "{} broke the protocol: the manifest is not the one offered", wire_.peer());
  }
  CheckLimits(manifest.manifest);
  CheckVerity(manifest);
  if (!options_.plain_directory) {  // the sender has checked it; a host does not rely on that
    images::CheckCanRun(manifest.manifest, {images::MachineArchitecture(), features_}, "this host");
  }
  CheckApplication(layout_, manifest.manifest.name);
  return manifest;
}

void ReceiveSession::CheckVerity(const images::StoredManifest& stored) const {
  if (const std::optional<images::Policy>& policy = acceptance_->policy()) {
    images::CheckVerity(stored.manifest.image.verity_root.has_value(), *policy,
                        images::SubjectOf(stored.manifest.name, stored.digest));
  }
}

// Looks anew: another push may have brought something since the greeting, above all the one that
// this one waited for. What stands at the version's own place may be damaged, and mostly right;
// what others have by their indexes is read while the rest is on its way.
void ReceiveSession::FillFromWhatIsHere(Assembly& assembly, const std::string& own_index) {
  const images::StoredManifest& stored = assembly.stored();
  const std::string own_place = ImageOf(layout_.Version(stored.manifest.name, stored.id));
  const std::vector<HeldVersion> here = VersionsToSee(options_);
  if (assembly.LinkTo(own_place)) {
    return;
  }
  for (const HeldVersion& image : here) {
    alive_.Touch();
    if (image.image_sha256 == stored.manifest.image.sha256 && ImageOf(image.path) != own_place &&
        assembly.LinkTo(ImageOf(image.path))) {
      return;
    }
  }
  const auto fill = [&] { assembly.FillExpected([this] { alive_.Touch(); }); };
  assembly.Open();
  if (base::Exists(own_place)) {
    assembly.AddLocalSource(
        own_place, images::ParseIndexOf(stored.manifest, own_index, "the index that was sent"));
    fill();  // the others may have what is wrong there
  }
  for (const HeldVersion& image : here) {
    alive_.Touch();
    const std::optional<chunker::ChunkIndex> index = IndexOf(image);
    if (index && ImageOf(image.path) != own_place && base::Exists(ImageOf(image.path))) {
      assembly.AddLocalSource(ImageOf(image.path), *index);
    }
  }
  for (const auto& other : assemblies_) {  // of the same push
    if (other.get() != &assembly) {
      assembly.AddLocalSource(other->image_path(), other->ReadIndex());
    }
  }
  if (assembly.expects() && CanShareBlocks(layout_.Incoming())) {
    fill();  // what is shared needs no room
  }
  assembly.Reserve();
}

void ReceiveSession::SendNeed(const pusher::ChunkList& chunks, const std::vector<bool>& missing) {
  pusher::Need need;
  need.chunks_total = chunks.size();
  need.chunks_missing = pusher::CountOf(missing);
  need.missing_bytes = pusher::BytesOf(chunks, missing);
  pusher::SendText(wire_, MessageType::kNeed, need.Serialize());
  const std::vector<uint8_t> bits = pusher::PackBits(missing);
  wire_.Send(static_cast<uint8_t>(MessageType::kMissing), bits);
}

int RunReceiveWith(const ReceiveOptions& options, const ReceiveSteps& steps, const base::Io& io) {
  return RunConversation(io, [&](pusher::Wire& wire, pusher::KeepAlive& alive) {
    steps.prepare_root(images::HostLayout(options.root));
    ReceiveSession(options, steps, wire, alive).Run(LookAtHost(options, steps.probe_features));
  });
}

}  // namespace activator
