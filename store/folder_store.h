// A folder as a store, on a disk or a stick. A key is a path below it.
//
// Objects appear whole (base/atomic_file.h). Writers take turns: each holds the lock file
// ".slipway-lock" while it compares and renames, so all of them are the same user, or root.
#ifndef SLIPWAY_STORE_FOLDER_STORE_H_
#define SLIPWAY_STORE_FOLDER_STORE_H_

#include <string>
#include <vector>

#include "store/store.h"

namespace store {

class FolderStore : public Store {
 public:
  // The folder need not exist: the first write makes it.
  explicit FolderStore(std::string folder);

  const std::string& location() const override { return folder_; }

 private:
  Object DoGet(const std::string& key, uint64_t max_bytes,
               const std::string& known_version) override;
  RangesRead DoGetRanges(const std::string& key, const std::vector<Range>& ranges,
                         const RangeSink& sink) override;
  Info DoHead(const std::string& key) override;
  Written DoPutIfAbsent(const std::string& key, const Content& content,
                        const PutOptions& options) override;
  Written DoCompareAndSwap(const std::string& key, const std::string& version,
                           const Content& content, const PutOptions& options) override;
  std::string DoPut(const std::string& key, const Content& content,
                    const PutOptions& options) override;
  void DoDelete(const std::string& key) override;
  std::vector<Listed> DoList(const std::string& prefix, size_t most) override;

  std::string PathOf(const std::string& key) const { return folder_ + "/" + key; }
  // Publishes `content` at `key` where `may` says so of the version that is there ("": none).
  Written Write(const std::string& key, const Content& content,
                const std::function<bool(const std::string& version)>& may);
  void ListBelow(const std::string& key, const std::string& prefix, size_t most,
                 std::vector<Listed>& out);

  std::string folder_;
};

}  // namespace store

#endif  // SLIPWAY_STORE_FOLDER_STORE_H_
