#include "pusher/publish/file_upload.h"

#include "base/error.h"
#include "base/progress.h"

namespace pusher {

void CountPut(uint64_t bytes, UploadCounts& counts) {
  ++counts.objects;
  counts.bytes += bytes;
}

void FileUpload::Put(store::Store& store, UploadCounts& counts, const base::Io& io) const {
  const store::Info there = store.Head(key);
  if (there.state == store::State::kHere) {
    if (there.size_bytes != size_bytes) {
      base::Fail(base::ExitCode::kVerification,
                 "{}/{} has {} bytes and should have {}: delete it, and publish again",
                 store.location(), key, there.size_bytes, size_bytes);
    }
    ++counts.already_there;
    return;
  }
  base::ChangingLine line(io);
  line.Show(fmt::format("{}: reading {}", title, base::HumanBytes(size_bytes)));
  const store::Content content = store::Content::File(path);
  if (content.size_bytes() != size_bytes || content.sha256() != sha256) {
    base::Fail(base::ExitCode::kVerification, "{} {}", path, if_other);
  }
  line.Show(fmt::format("{}: uploading {}", title, base::HumanBytes(size_bytes)));
  if (store.PutIfAbsent(key, content, kNeverChanges)) {
    CountPut(size_bytes, counts);
  } else {
    ++counts.already_there;
  }
}

void FileUpload::Plan(store::Store& store, UploadCounts& counts) const {
  if (store.Exists(key)) {
    ++counts.already_there;
  } else {
    CountPut(size_bytes, counts);
  }
}

}  // namespace pusher
