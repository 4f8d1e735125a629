// One page of S3's list of objects (ListObjectsV2), which is XML.
#ifndef SLIPWAY_STORE_LIST_ANSWER_H_
#define SLIPWAY_STORE_LIST_ANSWER_H_

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace store {

struct ListPage {
  std::vector<Listed> objects;  // with their keys in the bucket, which need not be ours
  bool is_last = true;
};

// Throws Error{kVerification} where it is not what S3 answers, naming `what`.
ListPage ParseListPage(std::string_view xml, const std::string& what);

}  // namespace store

#endif  // SLIPWAY_STORE_LIST_ANSWER_H_
