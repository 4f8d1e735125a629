#include "builder/file_segments.h"

#include <algorithm>
#include <utility>

#include "base/interrupt.h"

namespace builder {

FileSegments::FileSegments(std::vector<const Node*> files, const chunker::CutFinder& cuts)
    : files_(std::move(files)), cuts_(cuts), waiting_(std::make_unique<Segment>()) {
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
  out.read_bytes = std::min<uint64_t>(file.size_bytes - read_bytes_,
                                      cuts_.sizes().max_bytes - waiting_->content().size());
  file.ReadInto(waiting_->Extend(out.read_bytes), read_bytes_);
  read_bytes_ += out.read_bytes;
  waiting_->MoveRest(cuts_.FirstCut(waiting_->content()), *next);
  out.segment = std::exchange(waiting_, std::move(next));
  out.ends_file = read_bytes_ == file.size_bytes && waiting_->content().empty();
  if (out.ends_file) {
    ++file_;
    read_bytes_ = 0;
  }
  return out;
}

}  // namespace builder
