#include "images/channel/prune.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "images/channel/object_key.h"

namespace images {
namespace {

std::string DeltasOf(const std::string& name, const std::string& id) {
  return fmt::format("{}{}/{}/", kDeltasPrefix, name, id);
}

// Every head that is listed must have been read.
void CheckHeadsAreRead(const std::vector<std::string>& listed, const StoreHeads& heads) {
  for (const std::string& key : listed) {
    const std::optional<ObjectKey> parsed = ObjectKey::Parse(key);
    if (!parsed || (parsed->kind != ObjectKind::kHead && parsed->kind != ObjectKind::kHeadCopy)) {
      continue;
    }
    const auto channel = heads.find(parsed->name);
    const bool is_read =
        channel != heads.end() && (parsed->kind == ObjectKind::kHead
                                       ? channel->second.versions.contains(channel->second.current)
                                       : channel->second.versions.contains(parsed->version));
    if (!is_read) {
      base::Fail(base::ExitCode::kBusy,
                 "{} is listed and not there, so nobody knows what it names: nothing is pruned; "
                 "another prune may have removed it just now: try again",
                 key);
    }
  }
}

// Where another run, or this one, is deleting.
PruneStep GoOn(const PruneRecord& record, TimePoint now, const std::string& run) {
  PruneStep out;
  if (record.deletion->run != run && now < record.deletion->since + kTakeOverAfter) {
    out.waits = true;
    return out;
  }
  out.next = record;
  if (record.deletion->run != run) {  // it was killed
    out.next.deletion->run = run;
    out.next.deletion->since = now;
  }
  out.to_delete = record.deletion->keys;
  return out;
}

}  // namespace

std::set<uint64_t> KeptVersions(const ChannelHeads& heads, TimePoint now) {
  std::set<uint64_t> out;
  size_t last = 0;
  for (auto at = heads.versions.rbegin(); at != heads.versions.rend(); ++at) {
    const auto& [version, head] = *at;
    const bool is_last = version <= heads.current && last++ < kKeptVersions;
    if (version >= heads.current || is_last || head.created + kKeptDays > now) {
      out.insert(version);
    }
  }
  return out;
}

std::set<std::string> KeysOf(const ChannelHead& head) {
  std::set<std::string> out;
  for (const auto& [name, variants] : head.apps) {
    for (const AppVariant& variant : variants) {
      for (const char* file : kImageFiles) {
        out.insert(ImageFileKey(name, ImageId::Of(variant.manifest_sha256), file));
      }
    }
  }
  for (const auto& [architecture, program] : head.agent) {
    out.insert(AgentKey(program.sha256));
  }
  for (const auto& [architecture, program] : head.fetch) {
    out.insert(FetchKey(program.sha256));
  }
  return out;
}

NamedKeys::NamedKeys(const StoreHeads& heads, TimePoint now) {
  for (const auto& [channel, of_channel] : heads) {
    for (const uint64_t version : KeptVersions(of_channel, now)) {
      const ChannelHead& head = of_channel.versions.at(version);
      keys_.merge(KeysOf(head));
      keys_.insert(HeadCopyKey(channel, version));
      for (const auto& [name, variants] : head.apps) {
        for (const AppVariant& variant : variants) {
          deltas_.insert(DeltasOf(name, ImageId::Of(variant.manifest_sha256).text()));
        }
      }
    }
  }
}

bool NamedKeys::Has(const std::string& key) const {
  if (keys_.contains(key)) {
    return true;
  }
  const std::optional<ObjectKey> parsed = ObjectKey::Parse(key);
  return parsed && parsed->kind == ObjectKind::kDelta &&
         deltas_.contains(DeltasOf(parsed->name, parsed->id));
}

PruneStep PlanPrune(const PruneRecord& record, const std::vector<std::string>& listed,
                    const StoreHeads& heads, TimePoint now, const std::string& run) {
  if (record.deletion) {
    return GoOn(record, now, run);
  }
  CheckHeadsAreRead(listed, heads);
  const NamedKeys named(heads, now);
  PruneStep out;
  std::vector<std::string> unnamed;  // and not doomed yet
  for (const std::string& key : listed) {
    if (!IsPrunable(key) || named.Has(key)) {
      continue;
    }
    const auto before = record.doomed.find(key);
    if (before == record.doomed.end()) {
      unnamed.push_back(key);
    } else if (now >= before->second + kDoomedFor && out.to_delete.size() < kMaxDeleting) {
      out.to_delete.insert(key);
    } else {
      out.next.doomed.insert(*before);
    }
  }
  for (size_t i = 0; i < unnamed.size() && out.next.doomed.size() < kMaxDoomed; ++i) {
    out.next.doomed[unnamed[i]] = now;
  }
  if (!out.to_delete.empty()) {
    out.next.deletion = {run, now, out.to_delete};
  }
  return out;
}

bool MayStillDelete(const Deletion& deletion, TimePoint now) {
  return now < deletion.since + kDeleteWithin;
}

std::optional<PruneRecord> FinishDeletion(const PruneRecord& record, const std::string& run) {
  if (!record.deletion || record.deletion->run != run) {
    return std::nullopt;
  }
  PruneRecord out = record;
  out.deletion.reset();
  return out;
}

Claim ClaimKeys(const PruneRecord& record, const std::set<std::string>& wanted) {
  Claim out;
  PruneRecord next = record;
  for (const std::string& key : wanted) {
    if (record.deletion && record.deletion->keys.contains(key)) {
      out.waits = true;
      return out;
    }
    next.doomed.erase(key);
  }
  if (next != record) {
    out.next = std::move(next);
  }
  return out;
}

bool MayStillPublish(TimePoint began, TimePoint now) { return now < began + kPublishWithin; }

}  // namespace images
