#include "builder/write/file_segments.h"

#include <algorithm>
#include <utility>

#include "base/interrupt.h"

namespace builder {

FileSegments::FileSegments(std::vector<const Node*> files, const CachedCompressor& compressor)
    : files_(std::move(files)), compressor_(compressor), waiting_(std::make_unique<Segment>()) {
  ReadAhead(std::make_unique<Segment>());
}

FileSegment FileSegments::Next(std::unique_ptr<Segment> empty) {
  FileSegment out = ahead_.get();
  ReadAhead(std::move(empty));
  return out;
}

void FileSegments::ReadAhead(std::unique_ptr<Segment> empty) {
  if (file_ < files_.size()) {
    // In Next where there is no thread to be had.
    ahead_ =
        std::async([this, next = std::move(empty)]() mutable { return Read(std::move(next)); });
  }
}

FileSegment FileSegments::Read(std::unique_ptr<Segment> next) {
  base::ThrowIfInterrupted();
  const Node& file = *files_[file_];
  FileSegment out;
  out.read_bytes =
      std::min<uint64_t>(file.size_bytes - read_bytes_,
                         compressor_.segment_cuts().sizes().max_bytes - waiting_->content().size());
  file.ReadInto(waiting_->Extend(out.read_bytes), read_bytes_);
  read_bytes_ += out.read_bytes;
  const bool is_all = read_bytes_ == file.size_bytes;
  CachedCompressor::First first = compressor_.FirstOf(waiting_->content(), is_all);
  waiting_->MoveRest(first.size_bytes, *next);
  out.segment = std::exchange(waiting_, std::move(next));
  const bool ends_file = is_all && waiting_->content().empty();
  out.segment->how = {&compressor_, ends_file, std::move(first.chunks)};
  if (ends_file) {
    ++file_;
    read_bytes_ = 0;
  }
  return out;
}

}  // namespace builder
