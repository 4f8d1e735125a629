// Any text is what a host remembers or reports of channels, or a prune.json, or none of them: one
// that is taken is written so that it is read again. Any text is a key of a store, or none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "images/channel/host_memory.h"
#include "images/channel/object_key.h"
#include "images/channel/prune_record.h"
#include "images/channel/state_document.h"

namespace {

template <typename Document>
void Read(const std::string& text) {
  std::string again;
  try {
    again = Document::Parse(text, "file").Serialize();
  } catch (const base::Error&) {
    return;
  }
  if (Document::Parse(again, "file").Serialize() != again) {
    std::abort();
  }
}

std::string KeyOf(const images::ObjectKey& key) {
  switch (key.kind) {
    case images::ObjectKind::kHead:
      return images::HeadKey(key.name);
    case images::ObjectKind::kHeadCopy:
      return images::HeadCopyKey(key.name, key.version);
    case images::ObjectKind::kVersionFile:
      return images::ImageFileKey(key.name, images::ImageId::Parse(key.id), key.file);
    case images::ObjectKind::kDelta:
      return images::DeltaKey(key.name, images::ImageId::Parse(key.id),
                              images::ImageId::Parse(key.from));
    case images::ObjectKind::kAgent:
      return images::AgentKey(*key.digest);
    case images::ObjectKind::kFetch:
      return images::FetchKey(*key.digest);
    case images::ObjectKind::kState:
      return images::StateKey(key.name);
    case images::ObjectKind::kPrune:
      break;
  }
  return images::kPruneKey;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  Read<images::HostMemory>(text);
  Read<images::StateDocument>(text);
  Read<images::PruneRecord>(text);
  const auto key = images::ObjectKey::Parse(text);
  if (key && KeyOf(*key) != text) {
    std::abort();
  }
  return 0;
}
