// The end of a push: versions are published with their labels, and a generation is staged; or the
// disk is full.
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "activator/receive/receive_session.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/progress.h"
#include "images/label.h"

namespace activator {
namespace {

// 0: it is not there.
ino_t InodeOf(const std::string& path) {
  const std::optional<struct stat> found = base::StatIfThere(path);
  return found ? found->st_ino : 0;
}

}  // namespace

// Names in `answer` what it replaced of the active generation.
void ReceiveSession::Publish(pusher::Staged& answer) {
  answer.active_generation = ActiveGeneration(layout_);
  const auto active = FindGeneration(layout_, answer.active_generation);
  for (const auto& assembly : assemblies_) {
    const images::StoredManifest& stored = assembly->stored();
    const std::string name = stored.manifest.name;
    const std::string version = layout_.Version(name, stored.id) + "/";
    const auto files = [&] {
      return std::pair(InodeOf(version + images::kImageFile),
                       InodeOf(version + images::kVerityFile));
    };
    const auto before = files();
    assembly->Publish(!acceptance_->ReleaseOf(name).empty());
    published_ = true;
    const bool is_active =
        active && active->apps.contains(name) && active->apps.at(name) == stored.digest;
    if (is_active && files() != before) {
      answer.replaced.push_back(name);
    }
  }
  assemblies_.clear();
}

base::FileLock ReceiveSession::LockHost() const {
  return base::FileLock(layout_.Lock(), "the host", "a push by " + options_.by, options_.lock_wait);
}

void ReceiveSession::PublishAndStage() {
  RemoveGone(layout_);
  for (const std::string& reason : acceptance_->Record()) {
    Event event;
    event.event = "took-older";
    event.generation = ActiveGeneration(layout_);
    event.by = options_.by;
    event.reason = reason;
    RecordEvent(layout_, std::move(event));
  }
  pusher::Staged answer;
  Publish(answer);
  RemoveGone(layout_);
  for (const auto& [name, digest] : changes_) {
    const std::string version = layout_.Version(name, images::ImageId::Of(digest));
    if (!OpenIfComplete(version)) {  // the greeting was a while ago
      base::Fail(base::ExitCode::kFailed, "{} was removed meanwhile; push again", version);
    }
    Label(name, version, answer.notes);
  }
  acceptance_->WriteReleases();
  const StagedGeneration staged = steps_.stage(layout_, changes_, options_.by);
  answer.generation = staged.number;
  answer.created = staged.created;
  answer.active = staged.active;
  answer.added_bytes = added_bytes_;
  answer.notes.insert(answer.notes.end(), staged.notes.begin(), staged.notes.end());
  pusher::SendText(wire_, pusher::MessageType::kStaged, answer.Serialize());
  wire_.Flush();
}

// Equal content may be pushed under another label: the newest stands.
void ReceiveSession::Label(const std::string& name, const std::string& version,
                           std::vector<std::string>& notes) const {
  const std::string& label = labels_.at(name);
  const std::string before = images::ReadLabel(version);
  if (label == before) {
    return;
  }
  if (!label.empty()) {
    images::WriteLabel(version, label);
  }
  if (!before.empty()) {
    notes.push_back(
        label.empty() ? fmt::format("{} has the content of version {} there, and keeps that label",
                                    name, before)
                      : fmt::format("{} has the content of version {} there; its label is {} now",
                                    name, before, label));
  }
}

// Half an image on a full disk helps nobody who has to make room there.
void ReceiveSession::FailDiskFull(const base::Error& error) {
  std::string left = published_         ? "images that are whole were kept"
                     : changes_.empty() ? "nothing was sent"
                                        : "what had arrived was removed";
  for (const auto& assembly : assemblies_) {
    try {
      assembly->Discard();
    } catch (const base::Error& discarding) {  // the others go all the same
      left = fmt::format("what had arrived could not be removed ({})", discarding.what());
    }
  }
  assemblies_.clear();
  std::string free = base::HumanBytes(base::FreeBytes(layout_.root()));
  if (const std::optional<uint64_t> inodes = base::FreeInodes(layout_.root());
      inodes && *inodes < 1000) {
    free += fmt::format(" and {} inodes", *inodes);
  }
  base::Fail(base::ExitCode::kFailed,
             "the disk is full: {}; {}, {} are free now; make room (activate prune) and try again",
             error.what(), left, free);
}

}  // namespace activator
