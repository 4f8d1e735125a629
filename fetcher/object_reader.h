// Reads an object from its start to its end: in one request if it is small, otherwise in pieces,
// one when the one before it is used up.
#ifndef SLIPWAY_FETCHER_OBJECT_READER_H_
#define SLIPWAY_FETCHER_OBJECT_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "store/store.h"

namespace fetcher {

inline constexpr uint64_t kPieceBytes = uint64_t{4} << 20;

class ObjectReader {
 public:
  // `store` must outlive the object.
  ObjectReader(store::Store& store, std::string key);

  // False: there is no such object. To be called first.
  bool Open();
  // Fills the front of `out`, which is not empty, and says how much of it; 0: the end.
  size_t Read(std::span<uint8_t> out);

 private:
  void ReadPiece();

  store::Store& store_;
  const std::string key_;
  std::string piece_;
  size_t used_ = 0;          // of the piece
  uint64_t piece_end_ = 0;   // in the object
  uint64_t size_bytes_ = 0;  // of the object
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_OBJECT_READER_H_
