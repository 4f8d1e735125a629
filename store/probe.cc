// WhyConditionalWritesFail.
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "store/store.h"

namespace store {
namespace {

constexpr uint64_t kMaxBytes = 64;

bool Holds(Store& store, const std::string& key, const std::string& text) {
  const Object object = store.Get(key, kMaxBytes);
  return object.state == State::kHere && object.body == text;
}

// Each step writes another text, so that a write that went through against the condition is seen.
std::optional<std::string> WhyNot(Store& store, const std::string& key) {
  const Written first = store.PutIfAbsent(key, Content::Text("1"));
  if (!first || !Holds(store, key, "1")) {
    return "it does not keep what is written to a new key";
  }
  if (store.PutIfAbsent(key, Content::Text("2")) || !Holds(store, key, "1")) {
    return "it ignores If-None-Match and overwrites what is there";
  }
  const Written second = store.CompareAndSwap(key, *first, Content::Text("3"));
  if (!second || !Holds(store, key, "3")) {
    return "it does not replace an object by its version (If-Match)";
  }
  if (store.CompareAndSwap(key, *first, Content::Text("4")) || !Holds(store, key, "3")) {
    return "it ignores If-Match and overwrites a newer version";
  }
  return std::nullopt;
}

// Who may write need not be one who may delete.
void Remove(Store& store, const std::string& key) {
  try {
    store.Delete(key);
  } catch (const base::Error& error) {
    base::LogInfo("store: {} stays: {}", key, error.what());
  }
}

}  // namespace

std::optional<std::string> WhyConditionalWritesFail(Store& store) {
  const std::string key = "probe/" + base::RandomHex(8);
  try {
    std::optional<std::string> why = WhyNot(store, key);
    Remove(store, key);
    return why;
  } catch (const base::Error&) {
    Remove(store, key);
    throw;
  }
}

}  // namespace store
