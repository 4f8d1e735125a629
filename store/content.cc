#include "store/content.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace store {
namespace {

constexpr size_t kHashedPieceBytes = size_t{1} << 20;

}  // namespace

Content Content::Text(std::string text) {
  Content out;
  out.text_ = std::move(text);
  out.size_bytes_ = out.text_.size();
  out.sha256_ = base::Sha256Of(out.text_);
  return out;
}

Content Content::File(const std::string& path) {
  Content out;
  out.path_ = path;
  out.fd_ = base::OpenForReading(path);
  base::Sha256Hasher hasher;
  std::vector<uint8_t> piece(kHashedPieceBytes);
  while (const size_t got = base::PReadInto(out.fd_.get(), piece, out.size_bytes_, path)) {
    hasher.Update(std::span(piece).first(got));
    out.size_bytes_ += got;
  }
  out.sha256_ = hasher.Finish();
  return out;
}

size_t Content::Read(uint64_t offset, std::span<uint8_t> out) const {
  out = out.first(std::min<uint64_t>(out.size(), size_bytes_ - std::min(offset, size_bytes_)));
  if (!fd_.valid()) {
    std::memcpy(out.data(), text_.data() + (out.empty() ? 0 : offset), out.size());
    return out.size();
  }
  if (base::PReadInto(fd_.get(), out, offset, path_) != out.size()) {
    base::Fail(base::ExitCode::kVerification, "{} became shorter while it was sent", path_);
  }
  return out.size();
}

}  // namespace store
