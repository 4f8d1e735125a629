#include "activator/receive_session.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "activator/generations.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/progress.h"
#include "base/version.h"
#include "pusher/delta_message.h"
#include "pusher/texts.h"

namespace activator {
namespace {

using pusher::MessageType;

}  // namespace

ReceiveSession::ReceiveSession(const ReceiveOptions& options, const ReceiveSteps& steps,
                               pusher::Wire& wire, pusher::KeepAlive& alive)
    : options_(options), steps_(steps), wire_(wire), alive_(alive), layout_(options.root) {}

void ReceiveSession::Run() {
  steps_.prepare_root(layout_);
  Greet();
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
  try {
    for (uint64_t i = 0; i < begin.images; ++i) {
      ReceiveImage();
    }
    pusher::Expect(wire_, MessageType::kCommit);
    for (const auto& assembly : assemblies_) {
      alive_.Touch();
      assembly->Verify();
    }
    alive_.Touch();
    PublishAndStage();
  } catch (const base::Error& error) {
    if (IsDiskFull(error)) {
      FailDiskFull(error);
    }
    throw;
  }
}

void ReceiveSession::Greet() {
  if (!options_.plain_directory) {
    features_ = steps_.probe_features();
  }
  held_ = CompleteVersions(layout_);
  pusher::Hello hello;
  hello.agent_version = base::kVersion;
  hello.architecture = images::MachineArchitecture();
  hello.mounts = !options_.plain_directory;
  hello.features = features_;
  for (const char* codec : {chunker::kZstd, chunker::kLz4}) {
    hello.codecs[codec] = chunker::LibraryVersion(codec);
  }
  hello.free_bytes = base::FreeBytes(layout_.root());
  hello.active_generation = ActiveGeneration(layout_);
  for (const HeldImage& image : held_) {
    hello.held.push_back({image.name, image.manifest_sha256});
  }
  pusher::SendText(wire_, MessageType::kHello, hello.Serialize());
}

void ReceiveSession::ReceiveImage() {
  const pusher::Offer offer =
      pusher::Offer::Parse(pusher::Expect(wire_, MessageType::kOffer).text(), wire_.peer());
  alive_.Touch();
  if (!changes_.emplace(offer.name, offer.manifest_sha256).second) {
    base::Fail(base::Code::kFailed, "{} broke the protocol: it offers {} twice", wire_.peer(),
               offer.name);
  }
  if (offer.held) {
    AcceptHeld(offer);
    return;
  }
  pusher::ImageTexts texts = pusher::ReceiveTexts(wire_, offer, BasisOf(offer));
  assemblies_.push_back(
      std::make_unique<Assembly>(layout_, ReadManifest(offer, std::move(texts.manifest)),
                                 texts.index, texts.provenance, options_.by, options_.lock_wait));
  Assemble(*assemblies_.back());
}

const HeldImage& ReceiveSession::AcceptHeld(const pusher::Offer& offer) const {
  const auto found = std::ranges::find_if(held_, [&](const HeldImage& image) {
    return image.name == offer.name && image.manifest_sha256 == offer.manifest_sha256;
  });
  if (found == held_.end()) {
    base::Fail(base::Code::kFailed, "{} broke the protocol: {} {} is not here", wire_.peer(),
               offer.name, images::ImageId::Of(offer.manifest_sha256).text());
  }
  return *found;
}

// The texts that the offer's delta refers to.
std::string ReceiveSession::BasisOf(const pusher::Offer& offer) const {
  if (offer.basis == 0) {
    return "";
  }
  if (offer.basis > held_.size()) {
    base::Fail(base::Code::kFailed, "{} broke the protocol: there is no version {} here",
               wire_.peer(), offer.basis);
  }
  return pusher::BasisTexts(images::ImageDirectory(held_[offer.basis - 1].path));
}

images::StoredManifest ReceiveSession::ReadManifest(const pusher::Offer& offer,
                                                    std::string text) const {
  images::StoredManifest manifest =
      images::StoredManifest::Parse(std::move(text), "the manifest that was sent");
  if (manifest.digest != offer.manifest_sha256 || manifest.manifest.name != offer.name) {
    base::Fail(base::Code::kFailed, "{} broke the protocol: the manifest is not the one offered",
               wire_.peer());
  }
  CheckCanRun(manifest.manifest);
  return manifest;
}

// The sender checks the same before it sends anything; a host does not rely on that.
void ReceiveSession::CheckCanRun(const images::Manifest& manifest) const {
  if (options_.plain_directory) {
    return;
  }
  const std::string ours = images::MachineArchitecture();
  if (manifest.architecture != ours) {
    base::Fail(base::Code::kFailed, "{} is built for {}, this host is {}", manifest.name,
               manifest.architecture, ours);
  }
  for (const std::string& feature : manifest.image.required_features) {
    if (std::ranges::find(features_, feature) == features_.end()) {
      base::Fail(base::Code::kFailed, "{} needs {}, which this host's kernel cannot mount",
                 manifest.name, feature);
    }
  }
}

void ReceiveSession::Assemble(Assembly& assembly) {
  FillFromWhatIsHere(assembly);
  SendNeed(assembly.chunks(), assembly.missing());
  if (assembly.missing_count() > 0) {
    ReceiveChunks(assembly);
  }
}

void ReceiveSession::FillFromWhatIsHere(Assembly& assembly) {
  for (const HeldImage& image : held_) {
    const std::string path = image.path + "/" + images::kImageFile;
    if (image.image_sha256 == assembly.stored().manifest.image.sha256 && base::Exists(path) &&
        assembly.LinkTo(path)) {
      return;
    }
  }
  assembly.Reserve();
  for (const HeldImage& image : held_) {
    alive_.Touch();
    const std::string path = image.path + "/" + images::kImageFile;
    const std::optional<chunker::ChunkIndex> index = IndexOf(image);
    if (assembly.missing_count() > 0 && index && base::Exists(path)) {
      assembly.FillFrom(path, *index);
    }
  }
  for (const auto& other : assemblies_) {  // of the same push
    if (other.get() != &assembly && assembly.missing_count() > 0) {
      assembly.FillFrom(other->image_path(), other->ReadIndex());
    }
  }
}

void ReceiveSession::SendNeed(const pusher::ChunkList& chunks, const std::vector<bool>& missing) {
  pusher::Need need;
  need.chunks_total = chunks.size();
  for (size_t number = 0; number < chunks.size(); ++number) {
    if (missing[number]) {
      ++need.chunks_missing;
      need.missing_bytes += chunks[number].size_bytes;
    }
  }
  pusher::SendText(wire_, MessageType::kNeed, need.Serialize());
  SendMissing(missing);
}

void ReceiveSession::SendMissing(const std::vector<bool>& missing) {
  const std::vector<uint8_t> bits = pusher::PackBits(missing);
  wire_.Send(static_cast<uint8_t>(MessageType::kMissing), bits);
}

// Deltas may fail, chunks may not: what is still missing when all was sent comes as chunks.
void ReceiveSession::ReceiveChunks(Assembly& assembly) {
  const chunker::Codec& codec = assembly.stored().manifest.image.codec;
  const std::unique_ptr<Rebuilder> rebuilder = Rebuilder::Make(codec, held_);
  for (bool all_sent = false; !all_sent || assembly.missing_count() > 0;) {
    const pusher::Message message = pusher::ReceiveMessage(wire_);
    alive_.Touch();
    if (message.type == MessageType::kDelta && !all_sent) {
      TakeDelta(pusher::DeltaMessage::Parse(message.payload, wire_.peer()), rebuilder.get(),
                assembly);
    } else if (message.type == MessageType::kChunk) {
      TakeChunk(pusher::ParseChunk(message.payload, wire_.peer()), assembly);
    } else if (message.type == MessageType::kSent && !all_sent && message.payload.empty()) {
      all_sent = true;
      SendMissing(assembly.missing());
      wire_.Flush();
    } else {
      base::Fail(base::Code::kFailed, "{} broke the protocol: message {} came among the chunks",
                 wire_.peer(), static_cast<unsigned>(message.type));
    }
  }
}

void ReceiveSession::CheckAskedFor(uint64_t number, const Assembly& assembly) const {
  if (number >= assembly.chunks().size() || !assembly.IsMissing(number)) {
    base::Fail(base::Code::kFailed, "{} broke the protocol: it sent chunk {}, not asked for",
               wire_.peer(), number);
  }
}

void ReceiveSession::TakeChunk(const pusher::ChunkMessage& chunk, Assembly& assembly) {
  CheckAskedFor(chunk.number, assembly);
  if (!assembly.Store(chunk.number, chunk.data)) {
    base::Fail(base::Code::kVerification, "chunk {} of {} arrived with another content",
               chunk.number, assembly.stored().manifest.name);
  }
}

void ReceiveSession::TakeDelta(const pusher::DeltaMessage& message, Rebuilder* rebuilder,
                               Assembly& assembly) {
  for (size_t i = 0; i < message.chunks.size(); ++i) {
    CheckAskedFor(message.first_chunk + i, assembly);
  }
  if (rebuilder == nullptr) {
    return;
  }
  rebuilder->Rebuild(message, [&](size_t place, const std::vector<uint8_t>& chunk) {
    assembly.Store(message.first_chunk + place, chunk);
  });
}

void ReceiveSession::PublishAndStage() {
  const base::FileLock lock(layout_.Lock(), "the host", "a push by " + options_.by,
                            options_.lock_wait);
  for (const auto& assembly : assemblies_) {
    assembly->Publish();
  }
  assemblies_.clear();
  for (const auto& [name, digest] : changes_) {
    const std::string version = layout_.Version(name, images::ImageId::Of(digest));
    if (!OpenIfComplete(version)) {  // the greeting was a while ago
      base::Fail(base::Code::kFailed, "{} was removed meanwhile; push again", version);
    }
  }
  const StagedGeneration staged = steps_.stage(layout_, changes_, options_.by);
  pusher::Staged answer;
  answer.generation = staged.number;
  answer.created = staged.created;
  answer.active = staged.active;
  pusher::SendText(wire_, MessageType::kStaged, answer.Serialize());
  wire_.Flush();
}

// Half an image on a full disk helps nobody who has to make room there.
void ReceiveSession::FailDiskFull(const base::Error& error) {
  for (const auto& assembly : assemblies_) {
    assembly->Discard();
  }
  assemblies_.clear();
  base::Error full(base::Code::kFailed,
                   fmt::format("the disk is full: {}; what had arrived was removed, {} are "
                               "free now; make room (activate prune) and push again",
                               error.what(), base::HumanBytes(base::FreeBytes(layout_.root()))));
  throw full;
}

int RunReceiveWith(const ReceiveOptions& options, const ReceiveSteps& steps, const base::Io& io) {
  ::umask(022);  // what we make is 0755 and 0644 whatever the login shell's umask is
  pusher::StreamOptions stream_options;
  stream_options.peer = "the sender";
  pusher::Stream stream(io.in, io.out, stream_options);
  pusher::Wire wire(stream);
  pusher::KeepAlive alive(wire);
  try {
    ReceiveSession(options, steps, wire, alive).Run();
    return 0;
  } catch (const base::Error& error) {
    try {
      pusher::SendText(wire, MessageType::kFailure,
                       pusher::Failure{error.code(), error.what()}.Serialize());
      wire.Flush();
    } catch (const base::Error&) {  // nobody listens; the error itself is what counts
    }
    throw;
  }
}

}  // namespace activator
