#include "store/store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/printable.h"

namespace store {
namespace {

constexpr size_t kMaxKeyBytes = 1024;
constexpr size_t kMaxPartBytes = 200;  // a name in any file system, also with a temporary suffix
constexpr std::string_view kOurs = ".slipway-";
constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool IsPart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxPartBytes && part != "." && part != ".." &&
         !part.starts_with(kOurs) && part.find_first_not_of(kLetters) == std::string_view::npos;
}

void CheckKey(const std::string& key) {
  if (!IsKey(key)) {
    base::Fail(base::ExitCode::kUsage,
               "'{}' is no key of an object: use letters, digits and ._- in parts with / between",
               base::Printable(key, 200));
  }
}

}  // namespace

bool IsKey(std::string_view key) {
  if (key.size() > kMaxKeyBytes) {
    return false;
  }
  for (size_t at = 0;;) {
    const size_t end = std::min(key.find('/', at), key.size());
    if (!IsPart(key.substr(at, end - at))) {
      return false;
    }
    if (end == key.size()) {
      return true;
    }
    at = end + 1;
  }
}

bool IsPrefix(std::string_view prefix) {
  return prefix.empty() ||
         IsKey(prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix);
}

Object Store::Get(const std::string& key, uint64_t max_bytes, const std::string& known_version) {
  CheckKey(key);
  return DoGet(key, max_bytes, known_version);
}

std::vector<Object> Store::GetAll(const std::vector<Wanted>& wanted) {
  for (const Wanted& one : wanted) {
    CheckKey(one.key);
  }
  return DoGetAll(wanted);
}

RangesRead Store::GetRanges(const std::string& key, const std::vector<Range>& ranges,
                            const RangeSink& sink) {
  CheckKey(key);
  for (const Range& range : ranges) {
    if (range.size_bytes > std::numeric_limits<int64_t>::max() - range.offset ||
        range.offset > std::numeric_limits<int64_t>::max()) {
      base::Fail(base::ExitCode::kVerification, "{}/{} has no bytes at {}", location(), key,
                 range.offset);
    }
  }
  return DoGetRanges(key, ranges, sink);
}

Object Store::GetRange(const std::string& key, const Range& range) {
  Object out;
  out.state = GetRanges(key, {range}, [&](size_t /*index*/, base::Bytes piece) {
                out.body += base::AsText(piece);
              }).state;
  return out;
}

Info Store::Head(const std::string& key) {
  CheckKey(key);
  return DoHead(key);
}

Written Store::PutIfAbsent(const std::string& key, const Content& content,
                           const PutOptions& options) {
  CheckKey(key);
  return DoPutIfAbsent(key, content, options);
}

Written Store::CompareAndSwap(const std::string& key, const std::string& version,
                              const Content& content, const PutOptions& options) {
  CheckKey(key);
  return DoCompareAndSwap(key, version, content, options);
}

std::string Store::Put(const std::string& key, const Content& content, const PutOptions& options) {
  CheckKey(key);
  return DoPut(key, content, options);
}

void Store::Delete(const std::string& key) {
  CheckKey(key);
  DoDelete(key);
}

std::vector<Listed> Store::List(const std::string& prefix, size_t most) {
  if (!IsPrefix(prefix)) {
    CheckKey(prefix);
  }
  return DoList(prefix, most);
}

void Store::AddListed(Listed object, size_t most, std::vector<Listed>& out) const {
  if (out.size() == most) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} has more than {} objects to list: give some of its channels a prefix or bucket of "
        "their own, or run imgpush channel prune more often",
        location(), most);
  }
  out.push_back(std::move(object));
}

void Store::FailReadOnly(const std::string& what) const {
  base::Fail(base::ExitCode::kUsage,
             "{} can only be read, so {}: give a folder or a bucket (s3://BUCKET)", location(),
             what);
}

std::vector<Object> Store::DoGetAll(const std::vector<Wanted>& wanted) {
  std::vector<Object> out;
  out.reserve(wanted.size());
  for (const Wanted& one : wanted) {
    out.push_back(DoGet(one.key, one.max_bytes, ""));
  }
  return out;
}

Written Store::DoPutIfAbsent(const std::string& key, const Content& /*content*/,
                             const PutOptions& /*options*/) {
  FailReadOnly(key + " is not written");
}

Written Store::DoCompareAndSwap(const std::string& key, const std::string& /*version*/,
                                const Content& /*content*/, const PutOptions& /*options*/) {
  FailReadOnly(key + " is not written");
}

std::string Store::DoPut(const std::string& key, const Content& /*content*/,
                         const PutOptions& /*options*/) {
  FailReadOnly(key + " is not written");
}

void Store::DoDelete(const std::string& key) { FailReadOnly(key + " is not deleted"); }

std::vector<Listed> Store::DoList(const std::string& /*prefix*/, size_t /*most*/) {
  FailReadOnly("nothing says what is in it");
}

}  // namespace store
