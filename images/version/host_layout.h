// The paths of everything below a host's root (/var/lib/images), and the list of the versions
// there.
#ifndef SLIPWAY_IMAGES_VERSION_HOST_LAYOUT_H_
#define SLIPWAY_IMAGES_VERSION_HOST_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "images/name.h"

namespace images {

inline constexpr const char* kDefaultRoot = "/var/lib/images";
// Beside agents in a directory that is not ROOT/bin: links to what the roots that use them run.
inline constexpr const char* kRootLinkPrefix = ".slipway-root-";

// A directory NAME/ID, of which nothing but its name was looked at.
struct VersionDirectory {
  std::string name;
  ImageId id;
  std::string path;
};

// Nothing where the text is not such a name: a root may hold what an operator put there.
std::optional<ImageId> IdIfOne(const std::string& text);

// How a host keeps the values of secrets: the folder says it, and with it each unit's line.
enum class SecretForm { kPlain, kEncrypted };

class HostLayout {
 public:
  explicit HostLayout(std::string root) : root_(std::move(root)) {}

  // The same with another folder for what is coming.
  HostLayout WithIncoming(std::string incoming) const {
    HostLayout out(*this);
    out.incoming_ = std::move(incoming);
    return out;
  }

  const std::string& root() const { return root_; }
  std::string Application(const std::string& name) const { return root_ + "/" + name; }
  std::string Version(const std::string& name, const ImageId& id) const {
    return Application(name) + "/" + id.text();
  }
  std::string Incoming() const { return incoming_; }
  std::string Incoming(const ImageId& id) const { return Incoming() + "/" + id.text(); }
  std::string Generations() const { return root_ + "/generations"; }
  std::string Generation(uint64_t number) const {
    return Generations() + "/" + std::to_string(number);
  }
  std::string Current() const { return root_ + "/current"; }
  std::string SwitchRecord() const { return root_ + "/switch.json"; }
  std::string Confirmation() const { return root_ + "/confirmed.json"; }
  std::string History() const { return root_ + "/history.jsonl"; }
  std::string HealthyVersions() const { return root_ + "/healthy.json"; }
  std::string Lock() const { return root_ + "/lock"; }
  // Starts with a dot: no application is named so.
  std::string VersionLocks() const { return root_ + "/.version-locks"; }
  std::string Trust() const { return root_ + "/trust"; }  // docs/formats/release.md
  std::string Pull() const { return root_ + "/pull"; }    // docs/formats/host-layout.md
  // Starts with a dot as well.
  std::string Secrets() const { return root_ + "/.secrets"; }
  std::string Secrets(SecretForm form) const {
    return Secrets() + (form == SecretForm::kEncrypted ? "/encrypted" : "/plain");
  }
  std::string Secret(SecretForm form, const std::string& name, const std::string& key) const {
    return Secrets(form) + "/" + name + "/" + key;
  }
  std::string Bin() const { return root_ + "/bin"; }

  // Every NAME/ID directory, by name then id. What is not named like a version is passed over.
  std::vector<VersionDirectory> Versions() const;

 private:
  std::string root_;
  std::string incoming_ = root_ + "/incoming";
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_HOST_LAYOUT_H_
