#include "fetcher/object_reader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace fetcher {

ObjectReader::ObjectReader(store::Store& store, std::string key)
    : store_(store), key_(std::move(key)) {}

bool ObjectReader::Open() {
  try {
    store::Object object = store_.Get(key_, kPieceBytes);
    piece_ = std::move(object.body);
    piece_end_ = size_bytes_ = piece_.size();
    return object.state == store::State::kHere;
  } catch (const base::Error& error) {
    const store::Info info =
        error.code() == base::ExitCode::kVerification ? store_.Head(key_) : store::Info();
    if (info.state != store::State::kHere || info.size_bytes <= kPieceBytes) {
      throw;
    }
    size_bytes_ = info.size_bytes;
    return true;
  }
}

void ObjectReader::ReadPiece() {
  const uint64_t bytes = std::min(kPieceBytes, size_bytes_ - piece_end_);
  piece_.clear();
  used_ = 0;
  store::Object object = store_.GetRange(key_, {piece_end_, bytes});
  if (object.state != store::State::kHere) {
    base::Fail(base::ExitCode::kVerification, "{}/{} was removed while it was read",
               store_.location(), key_);
  }
  piece_ = std::move(object.body);
  piece_end_ += bytes;
}

size_t ObjectReader::Read(std::span<uint8_t> out) {
  if (used_ == piece_.size() && piece_end_ < size_bytes_) {
    ReadPiece();
  }
  const size_t bytes = std::min(out.size(), piece_.size() - used_);
  std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(used_), bytes, out.begin());
  used_ += bytes;
  return bytes;
}

}  // namespace fetcher
