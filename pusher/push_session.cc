#include "pusher/push_session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "pusher/chunk_list.h"

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

void SendOffer(Wire& wire, const images::ImageDirectory& image, const std::string& index) {
  const std::string provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  Offer offer;
  offer.name = image.manifest().name;
  offer.manifest_sha256 = image.stored().digest;
  offer.manifest_bytes = image.stored().text.size();
  offer.index_bytes = index.size();
  offer.provenance_bytes = provenance.size();
  CheckLength(offer.manifest_bytes, kMaxManifestBytes, image.path() + "/" + images::kManifestFile);
  CheckLength(offer.index_bytes, kMaxIndexBytes, image.index_path());
  CheckLength(offer.provenance_bytes, kMaxProvenanceBytes, image.provenance_path());
  SendText(wire, MessageType::kOffer, offer.Serialize());
  SendBlob(wire, image.stored().text);
  SendBlob(wire, index);
  SendBlob(wire, provenance);
}

void OfferHeld(Wire& wire, const images::ImageDirectory& image) {
  Offer offer;
  offer.name = image.manifest().name;
  offer.manifest_sha256 = image.stored().digest;
  offer.held = true;
  SendText(wire, MessageType::kOffer, offer.Serialize());
}

// Which chunks the host lacks.
std::vector<bool> ReceiveNeed(Wire& wire, size_t chunk_count) {
  const Need need = Need::Parse(Expect(wire, MessageType::kNeed).text(), wire.peer());
  const Message flags = Expect(wire, MessageType::kMissing);
  std::vector<bool> missing = UnpackBits(flags.payload, chunk_count, wire.peer());
  const auto count = static_cast<uint64_t>(std::ranges::count(missing, true));
  if (need.chunks_total != chunk_count || need.chunks_missing != count) {
    base::Fail(base::Code::kFailed,
               "{} broke the protocol: it counts other chunks than it asks for", wire.peer());
  }
  return missing;
}

// Sends the chunks and returns their number. Each is verified first: a damaged image must not cost
// a transfer to be found out.
uint64_t SendChunks(Wire& wire, const images::ImageDirectory& image, const ChunkList& chunks,
                    const std::vector<bool>& missing, const base::Io& io) {
  const base::UniqueFd fd = base::OpenForReading(image.image_path());
  uint64_t total_bytes = 0;
  for (size_t number = 0; number < chunks.size(); ++number) {
    total_bytes += missing[number] ? chunks[number].size_bytes : 0;
  }
  base::Progress progress(io, fmt::format("{}: sending {}", wire.peer(), image.manifest().name),
                          total_bytes);
  uint64_t sent = 0;
  for (size_t number = 0; number < chunks.size(); ++number) {
    if (!missing[number]) {
      continue;
    }
    base::ThrowIfInterrupted();
    const DistinctChunk& chunk = chunks[number];
    const std::vector<uint8_t> data =
        base::PRead(fd.get(), chunk.offsets[0], chunk.size_bytes, image.image_path());
    if (base::Sha256Of(data) != chunk.id.digest) {
      base::Fail(base::Code::kVerification,
                 "{} is damaged: the {} bytes from {} are not those that its index names; build "
                 "it again",
                 image.image_path(), chunk.size_bytes, chunk.offsets[0]);
    }
    SendChunk(wire, static_cast<uint32_t>(number), data);
    progress.Add(data.size());
    ++sent;
  }
  return sent;
}

PushedImage PushImage(Wire& wire, const Hello& hello, const images::ImageDirectory& image,
                      const base::Io& io) {
  PushedImage result{image.manifest().name,
                     image.id().text(),
                     image.manifest().image.size_bytes,
                     Holds(hello, image),
                     0,
                     0};
  if (result.already_there) {
    OfferHeld(wire, image);
    return result;
  }
  const std::string index = base::ReadFile(image.index_path());
  const ChunkList chunks(images::ParseIndexOf(image.manifest(), index, image.index_path()));
  SendOffer(wire, image, index);
  const std::vector<bool> missing = ReceiveNeed(wire, chunks.size());
  result.chunks_total = chunks.size();
  result.chunks_sent = SendChunks(wire, image, chunks, missing, io);
  return result;
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

PushResult Push(Wire& wire, const std::vector<images::ImageDirectory>& images, const base::Io& io) {
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
      result.images.push_back(PushImage(wire, hello, image, io));
    }
    SendEmpty(wire, MessageType::kCommit);
    result.staged = Staged::Parse(Expect(wire, MessageType::kStaged).text(), wire.peer());
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
