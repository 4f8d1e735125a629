// The keys of a store's objects: the one place that names them. docs/formats/channel.md lists them.
#ifndef SLIPWAY_IMAGES_CHANNEL_OBJECT_KEY_H_
#define SLIPWAY_IMAGES_CHANNEL_OBJECT_KEY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "images/name.h"

namespace images {

enum class ObjectKind {
  kHead,         // channels/CHANNEL/head
  kHeadCopy,     // channels/CHANNEL/00000042
  kVersionFile,  // images/NAME/ID/FILE
  kDelta,        // deltas/NAME/NEWID/OLDID
  kAgent,        // agents/activate-DIGEST
  kFetch,        // agents/fetch-DIGEST
  kState,        // state/HOST.json
  kPrune,        // prune.json
};

// Of an image's directory, in the order in which they are published.
inline constexpr const char* kImageFiles[] = {"manifest.json", "provenance.json", "image.caibx",
                                              "image.erofs", "release"};

// Whether a host can report under this name: as hosts.json names hosts, at most 250 bytes.
bool IsHostName(std::string_view name);

// Each throws Error{kUsage} for a name that no key can have.
std::string HeadKey(std::string_view channel);
std::string HeadCopyKey(std::string_view channel, uint64_t version);
std::string ImageFileKey(std::string_view name, const ImageId& id, std::string_view file);
std::string DeltaKey(std::string_view name, const ImageId& to, const ImageId& from);
std::string AgentKey(const base::Sha256& digest);
std::string FetchKey(const base::Sha256& digest);
std::string StateKey(std::string_view host);
inline constexpr const char* kPruneKey = "prune.json";

// What all keys of one kind begin with, for listing them.
inline constexpr const char* kChannelsPrefix = "channels/";
inline constexpr const char* kImagesPrefix = "images/";
inline constexpr const char* kDeltasPrefix = "deltas/";
inline constexpr const char* kAgentsPrefix = "agents/";
inline constexpr const char* kStatesPrefix = "state/";

// What stands in a key; the fields that its kind has not are empty.
struct ObjectKey {
  ObjectKind kind = ObjectKind::kPrune;
  std::string name;  // of the channel, the image or the host
  uint64_t version = 0;
  std::string id;    // of the image; of the newer one of a delta
  std::string from;  // the older one
  std::string file;
  std::optional<base::Sha256> digest{};
  bool operator==(const ObjectKey&) const = default;

  // nullopt: no key of ours. What it takes, the functions above give for the same parts.
  static std::optional<ObjectKey> Parse(std::string_view key);
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_OBJECT_KEY_H_
