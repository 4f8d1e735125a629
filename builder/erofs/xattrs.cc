#include "builder/erofs/xattrs.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"

namespace builder {
namespace {

constexpr uint32_t kOnlyOnce = std::numeric_limits<uint32_t>::max();

struct Name {
  erofs::XattrPrefix prefix;
  std::string_view rest;
};

std::optional<Name> Split(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, erofs::XattrPrefix>, 3> kPrefixes = {
      {{"user.", erofs::kUserXattr},
       {"trusted.", erofs::kTrustedXattr},
       {"security.", erofs::kSecurityXattr}}};
  if (name == "system.posix_acl_access") {
    return Name{erofs::kAclAccessXattr, ""};
  }
  if (name == "system.posix_acl_default") {
    return Name{erofs::kAclDefaultXattr, ""};
  }
  for (const auto& [text, prefix] : kPrefixes) {
    if (name.size() > text.size() && name.starts_with(text)) {
      return Name{prefix, name.substr(text.size())};
    }
  }
  return std::nullopt;
}

void Check(const std::vector<Inode>& inodes, const Inode& inode, const std::string& name,
           const std::string& value) {
  constexpr size_t kMaxNameBytes = 255;
  if (!Split(name) || name.size() > kMaxNameBytes) {
    base::Fail(base::ExitCode::kFailed,
               "{}: EROFS has no place for the extended attribute {} (user., trusted., security. "
               "and POSIX ACLs, up to {} bytes); remove it",
               PathOf(inodes, inode), name, kMaxNameBytes);
  }
  if (value.size() > std::numeric_limits<uint16_t>::max()) {
    base::Fail(base::ExitCode::kFailed,
               "{}: the extended attribute {} has {} bytes, EROFS takes {}; remove it",
               PathOf(inodes, inode), name, value.size(), std::numeric_limits<uint16_t>::max());
  }
}

uint64_t EntryBytes(std::string_view name, std::string_view value) {
  const uint64_t bytes = sizeof(erofs::XattrEntry) + Split(name)->rest.size() + value.size();
  return erofs::RoundUp(bytes, erofs::kXattrAlignment);
}

void WriteEntry(std::string_view name, std::string_view value, uint8_t* at) {
  const Name split = *Split(name);
  erofs::XattrEntry entry;
  entry.name_bytes = static_cast<uint8_t>(split.rest.size());
  entry.prefix = split.prefix;
  entry.value_bytes = static_cast<uint16_t>(value.size());
  erofs::Put(at, entry);
  at = std::copy(split.rest.begin(), split.rest.end(), at + sizeof entry);
  std::copy(value.begin(), value.end(), at);
}

}  // namespace

XattrTable::XattrTable(const std::vector<Inode>& inodes) {
  for (const Inode& inode : inodes) {
    for (const auto& [name, value] : inode.node->xattrs) {
      Check(inodes, inode, name, value);
      const auto [known, is_new] = number_of_.emplace(Key(name, value), kOnlyOnce);
      if (!is_new) {
        known->second = 0;
      }
    }
  }
  std::erase_if(number_of_, [](const auto& entry) { return entry.second == kOnlyOnce; });
  for (auto& [key, number] : number_of_) {
    const size_t at = shared_.size();
    shared_.resize(at + EntryBytes(key.first, key.second), 0);
    WriteEntry(key.first, key.second, &shared_[at]);
    number = static_cast<uint32_t>(at / erofs::kXattrAlignment);
  }
  for (const Inode& inode : inodes) {
    if (BytesOf(*inode.node) > erofs::kMaxXattrBytes) {
      base::Fail(base::ExitCode::kFailed,
                 "{}: {} bytes of extended attributes, EROFS takes {}; remove some",
                 PathOf(inodes, inode), BytesOf(*inode.node), erofs::kMaxXattrBytes);
    }
  }
}

uint64_t XattrTable::BytesOf(const Node& node) const {
  if (node.xattrs.empty()) {
    return 0;
  }
  const Parts parts = PartsOf(node);
  uint64_t bytes = sizeof(erofs::XattrHeader) + sizeof(erofs::Le32) * parts.shared.size();
  for (const Key& key : parts.own) {
    bytes += EntryBytes(key.first, key.second);
  }
  return bytes;
}

void XattrTable::Write(const Node& node, uint8_t* at) const {
  if (node.xattrs.empty()) {
    return;
  }
  const Parts parts = PartsOf(node);
  erofs::XattrHeader header;
  header.shared_count = static_cast<uint8_t>(parts.shared.size());
  erofs::Put(at, header);
  at += sizeof header;
  for (const uint32_t number : parts.shared) {
    erofs::Le32 on_disk;
    on_disk = number;
    erofs::Put(at, on_disk);
    at += sizeof on_disk;
  }
  for (const Key& key : parts.own) {
    WriteEntry(key.first, key.second, at);
    at += EntryBytes(key.first, key.second);
  }
}

XattrTable::Parts XattrTable::PartsOf(const Node& node) const {
  Parts out;
  for (const auto& [name, value] : node.xattrs) {
    const auto found = number_of_.find(Key(name, value));
    if (found != number_of_.end() && out.shared.size() < erofs::kMaxSharedXattrs) {
      out.shared.push_back(found->second);
    } else {
      out.own.emplace_back(name, value);
    }
  }
  return out;
}

}  // namespace builder
