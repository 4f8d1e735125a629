#include "pusher/delta/spill_file.h"

#include <fcntl.h>

namespace pusher {
SpillFile::Place SpillFile::Take(size_t size_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!file_.valid()) {
    directory_ = base::TemporaryFolder();
    const base::TemporaryDirectory alone(directory_, "slipway-push-");
    file_ = base::Open(alone.path() + "/deltas", O_RDWR | O_CREAT | O_EXCL, 0600);
  }
  const Place place{end_, size_bytes};
  end_ += size_bytes;
  return place;
}

std::optional<SpillFile::Place> SpillFile::Keep(base::Bytes data) {
  if (failed_) {
    return std::nullopt;
  }
  try {
    const Place place = Take(data.size());
    base::PWriteAll(file_.get(), data, place.offset, directory_);
    return place;
  } catch (const base::Error& error) {
    Fail(error);
    return std::nullopt;
  }
}

std::optional<std::vector<uint8_t>> SpillFile::Read(const Place& place) {
  std::vector<uint8_t> out(place.size_bytes);
  try {
    base::PReadExactly(file_.get(), out, place.offset, directory_);
    return out;
  } catch (const base::Error& error) {
    Fail(error);
    return std::nullopt;
  }
}

void SpillFile::Fail(const base::Error& error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  trouble_ = trouble_.empty() ? error.what() : trouble_;
  failed_ = true;
}

std::string SpillFile::trouble() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return trouble_;
}

}  // namespace pusher
