// An object store: what a channel is published to and fetched from. Objects have keys and versions,
// and are written whole. docs/formats/store.md says how a store is named, and what each kind does.
//
// A Store is for one thread at a time; GetAll and GetRanges use several connections. Every call
// ends within the time limits of its Options (store/open.h) and its retries, and at once, as an
// Error{kInterrupted}, when the process is interrupted. Errors name the object without credentials.
#ifndef SLIPWAY_STORE_STORE_H_
#define SLIPWAY_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "store/content.h"

namespace store {

enum class State {
  kHere,
  kUnchanged,  // it is the version that the caller knows; no body was sent
  kMissing,
  // The store says neither that it is there nor that it is not: what S3 answers (403) to whoever
  // may not list its keys. Who can do without the object takes it as missing.
  kHidden,
};

struct Object {
  State state = State::kMissing;
  std::string body;
  std::string version;  // what CompareAndSwap and Get compare; nothing else may be read from it
};

struct Wanted {
  std::string key;
  uint64_t max_bytes = 0;
};

struct Info {
  State state = State::kMissing;
  uint64_t size_bytes = 0;
  std::string version;
};

struct Listed {
  std::string key;
  uint64_t size_bytes = 0;
  std::string version;  // as Get's
};

// All that is listed is in memory, with some 200 bytes each.
inline constexpr size_t kMostListed = 1'000'000;

struct Range {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

// Takes bytes of the range number `index`: each byte once, in order within a range. The calls for
// different ranges alternate, all in the thread that called GetRanges.
using RangeSink = std::function<void(size_t index, base::Bytes piece)>;

struct RangesRead {
  State state = State::kMissing;
  // The store ignored Range and sent the object from its start: one whole body was received, of
  // which the sink got what was asked for.
  bool took_whole_body = false;
};

// Cache-Control of an object, for proxies before the store.
enum class Caching { kDefault, kNoCache, kImmutable };

struct PutOptions {
  Caching caching = Caching::kDefault;
  // The bucket's owner may read it, whoever wrote it (x-amz-acl: bucket-owner-full-control).
  bool for_bucket_owner = false;
};

// The version of what was written; nullopt: something else is there, which was left alone.
using Written = std::optional<std::string>;

// What was sent and received so far, headers included, without TLS. Of a folder: nothing.
struct Traffic {
  uint64_t requests = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  // How far the server's clock is ahead of ours, from its last answer.
  std::optional<int64_t> clock_offset_seconds;
};

class Store {
 public:
  Store() = default;
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // As messages name it: nothing secret.
  virtual const std::string& location() const = 0;
  virtual Traffic traffic() const { return {}; }

  // Throws Error{kVerification} for an object of more than `max_bytes`.
  Object Get(const std::string& key, uint64_t max_bytes, const std::string& known_version = "");
  // As Get of each, in that order, but asked for at once: for a few.
  std::vector<Object> GetAll(const std::vector<Wanted>& wanted);
  // Ranges end within the object, otherwise Error{kVerification}.
  RangesRead GetRanges(const std::string& key, const std::vector<Range>& ranges,
                       const RangeSink& sink);
  Object GetRange(const std::string& key, const Range& range);
  Info Head(const std::string& key);
  bool Exists(const std::string& key) { return Head(key).state == State::kHere; }

  // These throw Error{kUsage} where the store can only be read. After an unclear answer the object
  // is read again: it was written if our bytes are there, whoever wrote them.
  Written PutIfAbsent(const std::string& key, const Content& content,
                      const PutOptions& options = {});
  // Also nullopt where nothing is at `key`.
  Written CompareAndSwap(const std::string& key, const std::string& version, const Content& content,
                         const PutOptions& options = {});
  // Whatever is there. Returns the version.
  std::string Put(const std::string& key, const Content& content, const PutOptions& options = {});
  // Nothing there is no error.
  void Delete(const std::string& key);

  // All objects whose key begins with `prefix`, sorted bytewise by key. Objects with keys that
  // cannot be ours are left out. Throws Error{kUsage} where the store cannot list, Error{kFailed}
  // where there are more than `most`.
  std::vector<Listed> List(const std::string& prefix, size_t most = kMostListed);

 protected:
  // Adds to what was listed so far.
  void AddListed(Listed object, size_t most, std::vector<Listed>& out) const;

 private:
  virtual Object DoGet(const std::string& key, uint64_t max_bytes,
                       const std::string& known_version) = 0;
  virtual std::vector<Object> DoGetAll(const std::vector<Wanted>& wanted);
  virtual RangesRead DoGetRanges(const std::string& key, const std::vector<Range>& ranges,
                                 const RangeSink& sink) = 0;
  virtual Info DoHead(const std::string& key) = 0;
  virtual Written DoPutIfAbsent(const std::string& key, const Content& content,
                                const PutOptions& options);
  virtual Written DoCompareAndSwap(const std::string& key, const std::string& version,
                                   const Content& content, const PutOptions& options);
  virtual std::string DoPut(const std::string& key, const Content& content,
                            const PutOptions& options);
  virtual void DoDelete(const std::string& key);
  virtual std::vector<Listed> DoList(const std::string& prefix, size_t most);
  [[noreturn]] void FailReadOnly(const std::string& what) const;
};

// Keys are parts of [a-zA-Z0-9._-] with "/" between them, at most 1024 bytes, a part at most 200.
// No part is "." or "..", and none starts with ".slipway-", which is what we put beside objects.
bool IsKey(std::string_view key);
// What List takes: the start of a key.
bool IsPrefix(std::string_view prefix);

// Why conditional writes to this store cannot be relied on; nullopt: they can. Writes, swaps and
// deletes a small object of its own, "probe/RANDOM", which stays where we may not delete.
std::optional<std::string> WhyConditionalWritesFail(Store& store);

}  // namespace store

#endif  // SLIPWAY_STORE_STORE_H_
