#include "pusher/spill_file.h"

#include <fcntl.h>

#include <cstdlib>

namespace pusher {
namespace {

std::string TemporaryParent() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen == nullptr || *chosen == '\0' ? "/var/tmp" : chosen;
}

}  // namespace

SpillFile::Place SpillFile::Keep(base::Bytes data) {
  Place place;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!file_.valid()) {
      directory_ = TemporaryParent();
      const base::TemporaryDirectory alone(directory_, "slipway-push-");
      file_ = base::Open(alone.path() + "/deltas", O_RDWR | O_CREAT | O_EXCL, 0600);
    }
    place = {end_, data.size()};
    end_ += data.size();
  }
  base::PWriteAll(file_.get(), data, place.offset, directory_);
  return place;
}

std::vector<uint8_t> SpillFile::Read(const Place& place) const {
  std::vector<uint8_t> out(place.size_bytes);
  base::PReadExactly(file_.get(), out, place.offset, directory_);
  return out;
}

}  // namespace pusher
