#include "builder/erofs/stored_xattrs.h"

#include <algorithm>
#include <vector>

#include "builder/erofs/erofs_format.h"

namespace builder {
namespace {

bool IsName(uint8_t prefix, std::string_view rest) {
  switch (prefix) {
    case erofs::kAclAccessXattr:
    case erofs::kAclDefaultXattr:
      return rest.empty();
    case erofs::kUserXattr:
    case erofs::kTrustedXattr:
    case erofs::kSecurityXattr:
      return !rest.empty() && rest.find('\0') == std::string_view::npos;
    default:
      return false;
  }
}

}  // namespace

StoredXattrs::StoredXattrs(base::Bytes shared) {
  for (auto entry = EntryAt(shared); entry; entry = EntryAt(shared.subspan(shared_bytes_))) {
    shared_.emplace(static_cast<uint32_t>(shared_bytes_ / erofs::kXattrAlignment), entry->name);
    shared_bytes_ += entry->bytes;
  }
}

bool StoredXattrs::AreValid(base::Bytes of_inode) const {
  if (of_inode.size() <= sizeof(erofs::XattrHeader)) {
    return false;
  }
  erofs::XattrHeader expected;
  expected.shared_count = erofs::Get<erofs::XattrHeader>(of_inode.data()).shared_count;
  const uint64_t count = expected.shared_count;
  const uint64_t own_at = sizeof expected + count * sizeof(erofs::Le32);
  if (std::memcmp(of_inode.data(), &expected, sizeof expected) != 0 || own_at > of_inode.size()) {
    return false;
  }
  std::vector<Name> names;
  for (uint64_t at = sizeof expected; at < own_at; at += sizeof(erofs::Le32)) {
    const auto found = shared_.find(erofs::Get<erofs::Le32>(&of_inode[at]).value());
    if (found == shared_.end()) {
      return false;
    }
    names.push_back(found->second);
  }
  for (base::Bytes rest = of_inode.subspan(own_at); !rest.empty();) {
    const std::optional<Entry> entry = EntryAt(rest);
    if (!entry) {
      return false;
    }
    names.push_back(entry->name);
    rest = rest.subspan(entry->bytes);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

std::optional<StoredXattrs::Entry> StoredXattrs::EntryAt(base::Bytes bytes) {
  if (bytes.size() < sizeof(erofs::XattrEntry)) {
    return std::nullopt;
  }
  const auto entry = erofs::Get<erofs::XattrEntry>(bytes.data());
  const uint64_t end = sizeof entry + entry.name_bytes + entry.value_bytes.value();
  const uint64_t padded = erofs::RoundUp(end, erofs::kXattrAlignment);
  if (padded > bytes.size()) {
    return std::nullopt;
  }
  const std::string_view rest = base::AsText(bytes.subspan(sizeof entry, entry.name_bytes));
  const base::Bytes padding = bytes.subspan(end, padded - end);
  const bool is_valid = IsName(entry.prefix, rest) &&
                        std::ranges::all_of(padding, [](uint8_t byte) { return byte == 0; });
  return is_valid ? std::optional(Entry{{entry.prefix, rest}, padded}) : std::nullopt;
}

}  // namespace builder
