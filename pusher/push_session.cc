#include "pusher/push_session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "images/chunk_reader.h"
#include "pusher/chunk_list.h"
#include "pusher/delta_sender.h"
#include "pusher/keep_alive.h"
#include "pusher/texts.h"

namespace pusher {
namespace {

constexpr std::string_view kFeaturePrefix = "erofs-";

// "erofs-zstd" is what --target calls "zstd".
std::string TargetOf(const std::string& feature) {
  return feature.starts_with(kFeaturePrefix) ? feature.substr(kFeaturePrefix.size()) : feature;
}

Hello ReceiveHello(Wire& wire) {
  return Hello::Parse(Expect(wire, MessageType::kHello).text(), wire.peer());
}

bool Holds(const Hello& hello, const images::ImageDirectory& image) {
  return std::ranges::any_of(hello.held, [&](const HeldImage& held) {
    return held.name == image.manifest().name && held.manifest_sha256 == image.stored().digest;
  });
}

void CheckLength(uint64_t size_bytes, uint64_t max_bytes, const std::string& path) {
  if (size_bytes > max_bytes) {
    base::Fail(base::Code::kFailed, "{} has {} bytes, a push carries at most {}", path, size_bytes,
               max_bytes);
  }
}

ImageTexts TextsOf(const images::ImageDirectory& image) {
  ImageTexts out;
  out.manifest = image.stored().text;
  out.index = base::ReadFile(image.index_path());
  out.provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  CheckLength(out.manifest.size(), kMaxManifestBytes, image.path() + "/" + images::kManifestFile);
  CheckLength(out.index.size(), kMaxIndexBytes, image.index_path());
  CheckLength(out.provenance.size(), kMaxProvenanceBytes, image.provenance_path());
  return out;
}

void OfferImage(Wire& wire, const images::ImageDirectory& image, const Basis* basis) {
  Offer offer;
  offer.name = image.manifest().name;
  offer.manifest_sha256 = image.stored().digest;
  offer.basis = basis == nullptr ? 0 : basis->version + 1;
  SendOffer(wire, offer, TextsOf(image), basis == nullptr ? "" : BasisTexts(basis->image));
}

void OfferHeld(Wire& wire, const images::ImageDirectory& image) {
  Offer offer;
  offer.name = image.manifest().name;
  offer.manifest_sha256 = image.stored().digest;
  offer.held = true;
  offer.provenance_bytes = TextsOf(image).provenance.size();
  SendText(wire, MessageType::kOffer, offer.Serialize());
}

// Which chunks the host lacks.
std::vector<bool> ReceiveMissing(Wire& wire, size_t chunk_count) {
  return UnpackBits(Expect(wire, MessageType::kMissing).payload, chunk_count, wire.peer());
}

std::vector<bool> ReceiveNeed(Wire& wire, size_t chunk_count) {
  const Need need = Need::Parse(Expect(wire, MessageType::kNeed).text(), wire.peer());
  std::vector<bool> missing = ReceiveMissing(wire, chunk_count);
  const auto count = static_cast<uint64_t>(std::ranges::count(missing, true));
  if (need.chunks_total != chunk_count || need.chunks_missing != count) {
    base::Fail(base::Code::kFailed,
               "{} broke the protocol: it counts other chunks than it asks for", wire.peer());
  }
  return missing;
}

bool CanRebuild(const Hello& hello, const images::Codec& codec) {
  const auto found = hello.codecs.find(codec.name);
  return found != hello.codecs.end() && found->second == codec.library_version;
}

// Sends what the host lacks of one image.
class ContentSender {
 public:
  ContentSender(Wire& wire, const images::ImageDirectory& image, const ChunkList& chunks,
                std::vector<bool> missing, const base::Io& io)
      : wire_(wire),
        image_(image),
        chunks_(chunks),
        missing_(std::move(missing)),
        io_(io),
        progress_(io, fmt::format("{}: sending {}", wire.peer(), image.manifest().name),
                  MissingBytes()) {}

  void Send(const Basis* basis, PushedImage& result) {
    result.chunks_sent = MissingCount();
    if (result.chunks_sent == 0) {
      return;
    }
    if (const std::unique_ptr<DeltaSender> deltas = DeltasAgainst(basis)) {
      result.basis = basis->image.manifest().name + "/" + basis->image.id().text();
      result.chunks_as_delta = SendDeltas(*deltas);
    } else {
      SendChunks();
    }
    SendEmpty(wire_, MessageType::kSent);
    missing_ = ReceiveMissing(wire_, chunks_.size());
    result.chunks_failed = MissingCount();
    SendChunks();
  }

 private:
  uint64_t MissingCount() const {
    return static_cast<uint64_t>(std::ranges::count(missing_, true));
  }
  uint64_t MissingBytes() const {
    uint64_t out = 0;
    for (size_t number = 0; number < chunks_.size(); ++number) {
      out += missing_[number] ? chunks_[number].size_bytes : 0;
    }
    return out;
  }

  // Null where there is no basis, or ours cannot be read. Reading it may take a while, in which the
  // host must know that we live.
  std::unique_ptr<DeltaSender> DeltasAgainst(const Basis* basis) {
    if (basis == nullptr) {
      return nullptr;
    }
    const KeepAlive alive(wire_);
    try {
      return std::make_unique<DeltaSender>(*basis, image_, chunks_);
    } catch (const base::Error& error) {
      if (error.code() == base::Code::kInterrupted) {
        throw;
      }
      io_.Err("imgpush: {}: no deltas against {}: {}\n", wire_.peer(), basis->image.path(),
              error.what());
      return nullptr;
    }
  }

  // Each is verified first: a damaged image must not cost a transfer to be found out.
  void SendChunk(size_t number) {
    base::ThrowIfInterrupted();
    const std::vector<uint8_t> data = image_.Read(chunks_[number].first());
    pusher::SendChunk(wire_, static_cast<uint32_t>(number), data);
    progress_.Add(data.size());
  }

  void SendChunks() {
    for (size_t number = 0; number < chunks_.size(); ++number) {
      if (missing_[number]) {
        SendChunk(number);
      }
    }
  }

  // Returns the number of chunks that went as deltas.
  uint64_t SendDeltas(DeltaSender& deltas) {
    uint64_t out = 0;
    for (size_t number = 0; number < chunks_.size();) {
      if (!missing_[number]) {
        ++number;
        continue;
      }
      base::ThrowIfInterrupted();
      size_t count = 0;
      const std::optional<DeltaMessage> delta = deltas.Make(number, missing_, count);
      if (delta) {
        wire_.Send(static_cast<uint8_t>(MessageType::kDelta), delta->Serialize());
        wire_.Flush();  // the host makes chunks of it while we make the next one
        out += count;
      }
      for (size_t i = number; i < number + count; ++i) {
        delta ? progress_.Add(chunks_[i].size_bytes) : SendChunk(i);
      }
      number += count;
    }
    return out;
  }

  Wire& wire_;
  const images::ChunkReader image_;
  const ChunkList& chunks_;
  std::vector<bool> missing_;
  const base::Io& io_;
  base::Progress progress_;
};

enum class Trust { kHello, kNone };  // in what the host says that it holds of the image itself

PushedImage PushImage(Wire& wire, const Hello& hello, const images::ImageDirectory& image,
                      const base::Io& io, const PushOptions& options, Trust trust = Trust::kHello) {
  PushedImage result;
  result.name = image.manifest().name;
  result.id = image.id().text();
  result.image_bytes = image.manifest().image.size_bytes;
  result.already_there = trust == Trust::kHello && Holds(hello, image);
  if (result.already_there) {
    OfferHeld(wire, image);
    return result;
  }
  const ChunkList chunks(image.ReadIndex());
  const std::optional<Basis> basis = options.deltas ? FindBasis(hello, image) : std::nullopt;
  OfferImage(wire, image, basis ? &*basis : nullptr);
  std::vector<bool> missing = ReceiveNeed(wire, chunks.size());
  result.chunks_total = chunks.size();
  ContentSender sender(wire, image, chunks, std::move(missing), io);
  const bool rebuilds = basis && CanRebuild(hello, image.manifest().image.codec);
  sender.Send(rebuilds ? &*basis : nullptr, result);
  return result;
}

// Those that the host holds and found damaged when it looked: it asks for what is wrong with them.
void PushAgain(Wire& wire, const Again& again, const Hello& hello,
               const std::vector<images::ImageDirectory>& images, const base::Io& io,
               PushResult& result) {
  for (const std::string& name : again.names) {
    const auto found = std::ranges::find(result.images, name, &PushedImage::name);
    if (found == result.images.end() || !found->already_there) {
      base::Fail(base::Code::kFailed, "{} broke the protocol: it asks for {} again", wire.peer(),
                 Printable(name));
    }
    io.Err("imgpush: {}: {} {} is damaged there and is sent again\n", wire.peer(), name, found->id);
    const auto at = static_cast<size_t>(found - result.images.begin());
    *found = PushImage(wire, hello, images[at], io, {.deltas = false}, Trust::kNone);
    found->repaired = true;
  }
}

// Commits, once more where the host asks for something again.
void Commit(Wire& wire, const Hello& hello, const std::vector<images::ImageDirectory>& images,
            const base::Io& io, PushResult& result) {
  SendEmpty(wire, MessageType::kCommit);
  Message answer = ReceiveMessage(wire);
  if (answer.type == MessageType::kAgain) {
    PushAgain(wire, Again::Parse(answer.text(), wire.peer()), hello, images, io, result);
    SendEmpty(wire, MessageType::kCommit);
    answer = ReceiveMessage(wire);
  }
  CheckType(wire, answer, MessageType::kStaged);
  result.staged = Staged::Parse(answer.text(), wire.peer());
}

// The connection broke while we wrote: the host may have said why before it went away.
void ThrowLastWords(Wire& wire) {
  wire.stream().SetIdleLimit(std::chrono::seconds(2));
  wire.stream().DropOutput();
  try {
    for (;;) {
      ReceiveMessage(wire);
    }
  } catch (const base::Error& error) {
    if (error.code() != base::Code::kUnreachable) {
      throw;
    }
  }
}

// A host that fails sees a failure of ours as a lost connection otherwise.
void TellFailure(Wire& wire, const base::Error& error) {
  try {
    wire.stream().SetIdleLimit(std::chrono::seconds(1));
    SendText(wire, MessageType::kFailure, Failure{error.code(), error.what()}.Serialize());
    wire.Flush();
  } catch (const base::Error&) {  // our own error is the one that counts
  }
}

}  // namespace

void CheckHostCanRun(const Hello& host, const images::Manifest& image, const std::string& peer) {
  if (!host.mounts) {
    return;
  }
  if (image.architecture != host.architecture) {
    base::Fail(base::Code::kFailed, "host {} is {}, the image {} is built for {}", peer,
               host.architecture, image.name, image.architecture);
  }
  for (const std::string& feature : image.image.required_features) {
    if (std::ranges::find(host.features, feature) != host.features.end()) {
      continue;
    }
    if (host.features.empty()) {
      base::Fail(base::Code::kFailed,
                 "host {} cannot mount {} EROFS images, nor any other kind: its kernel needs EROFS "
                 "and loop devices",
                 peer, TargetOf(feature));
    }
    std::vector<std::string> targets;
    std::ranges::transform(host.features, std::back_inserter(targets), &TargetOf);
    base::Fail(base::Code::kFailed,
               "host {} cannot mount {} EROFS images; it can mount: {}; build with --target {}",
               peer, TargetOf(feature), fmt::join(targets, ", "), targets.front());
  }
}

PushResult Push(Wire& wire, const std::vector<images::ImageDirectory>& images, const base::Io& io,
                const PushOptions& options) {
  try {
    const Hello hello = ReceiveHello(wire);
    for (const images::ImageDirectory& image : images) {
      CheckHostCanRun(hello, image.manifest(), wire.peer());
    }
    Begin begin;
    begin.images = images.size();
    SendText(wire, MessageType::kBegin, begin.Serialize());
    PushResult result;
    for (const images::ImageDirectory& image : images) {
      result.images.push_back(PushImage(wire, hello, image, io, options));
    }
    Commit(wire, hello, images, io, result);
    return result;
  } catch (const base::Error& error) {
    if (error.code() == base::Code::kUnreachable) {
      ThrowLastWords(wire);
    } else {
      TellFailure(wire, error);
    }
    throw;
  }
}

}  // namespace pusher
