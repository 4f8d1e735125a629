#include "store/list_answer.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"

namespace store {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {{{"&quot;", '"'},
                                                                         {"&#34;", '"'},
                                                                         {"&amp;", '&'},
                                                                         {"&lt;", '<'},
                                                                         {"&gt;", '>'},
                                                                         {"&apos;", '\''}}};

// The text between the first <NAME> and the </NAME> behind it in `xml`, which then begins behind
// that; nullopt where there is none. The elements that we read never hold one of their own name.
std::optional<std::string_view> TakeElement(std::string_view& xml, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::string close = "</" + name + ">";
  const size_t start = xml.find(open);
  const size_t end = start == std::string_view::npos ? start : xml.find(close, start);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view inside = xml.substr(start + open.size(), end - start - open.size());
  xml.remove_prefix(end + close.size());
  return inside;
}

std::optional<std::string_view> Element(std::string_view xml, const std::string& name) {
  return TakeElement(xml, name);
}

std::string Decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = 1;
    char letter = text.front();
    for (const auto& [entity, meaning] : kEntities) {
      if (text.starts_with(entity)) {
        length = entity.size();
        letter = meaning;
        break;
      }
    }
    out += letter;
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

ListPage ParseListPage(std::string_view xml, const std::string& what) {
  const auto fail = [&]() {
    base::Fail(base::ExitCode::kVerification,
               "{} does not answer with a list of objects as S3 does", what);
  };
  const std::optional<std::string_view> truncated = Element(xml, "IsTruncated");
  if (xml.find("<ListBucketResult") == std::string_view::npos || !truncated) {
    fail();
  }
  ListPage out;
  out.is_last = *truncated != "true";
  while (const std::optional<std::string_view> entry = TakeElement(xml, "Contents")) {
    const std::optional<std::string_view> key = Element(*entry, "Key");
    const std::optional<std::string_view> tag = Element(*entry, "ETag");
    const std::optional<std::string_view> size = Element(*entry, "Size");
    Listed object;
    if (!key || !tag || !size || key->find('<') != std::string_view::npos ||
        tag->find('<') != std::string_view::npos ||
        std::from_chars(size->data(), size->data() + size->size(), object.size_bytes).ptr !=
            size->data() + size->size()) {
      fail();
    }
    object.key = Decoded(*key);
    object.version = Decoded(*tag);
    out.objects.push_back(std::move(object));
  }
  if (!out.is_last && out.objects.empty()) {
    fail();
  }
  return out;
}

}  // namespace store
