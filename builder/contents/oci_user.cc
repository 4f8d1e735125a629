#include "builder/contents/oci_user.h"

#include <charconv>
#include <limits>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

// A file of one entry a line, "name:password:ID:...".
struct Database {
  const char* path;
  size_t fields;  // at least
};
constexpr Database kUsers = {"/etc/passwd", 4};
constexpr Database kGroups = {"/etc/group", 3};
constexpr size_t kName = 0;
constexpr size_t kId = 2;
constexpr size_t kGroupOfUser = 3;
constexpr uint64_t kMaxBytes = uint64_t{1} << 20;

std::optional<uint32_t> NumberOf(const std::string& text) {
  uint32_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && out != std::numeric_limits<uint32_t>::max() ? std::optional(out) : std::nullopt;
}

std::vector<std::string> FieldsOf(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ':');) {
    out.push_back(field);
  }
  return out;
}

// The first entry whose field `key` is `text`; empty where there is none.
std::vector<std::string> Find(const Tree& tree, const Database& database, size_t key,
                              const std::string& text) {
  const Node* node = tree.Resolve(database.path);
  if (node == nullptr || node->kind != Node::Kind::kFile || node->size_bytes > kMaxBytes) {
    return {};
  }
  const std::vector<uint8_t> content = node->Read(0, static_cast<size_t>(node->size_bytes));
  std::istringstream lines{std::string(base::AsText(content))};
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields = FieldsOf(line);
    if (fields.size() >= database.fields && fields[key] == text) {
      return fields;
    }
  }
  return {};
}

[[noreturn]] void FailUnknown(const std::string& name, const Database& database) {
  base::Fail(base::ExitCode::kUsage,
             "the source asks to run as '{}', which the image's {} does not know: set "
             "directives.Service.User and Group to numbers",
             name, database.path);
}

uint32_t GroupId(const std::string& group, const Tree& tree) {
  std::optional<uint32_t> id = NumberOf(group);
  if (!id) {
    const std::vector<std::string> entry = Find(tree, kGroups, kName, group);
    if (!entry.empty()) {
      id = NumberOf(entry[kId]);
    }
  }
  if (!id) {
    FailUnknown(group, kGroups);
  }
  return *id;
}

}  // namespace

std::optional<OciUser> ResolveOciUser(const std::string& text, const Tree& tree) {
  const size_t colon = text.find(':');
  const std::string user = text.substr(0, colon);
  std::string group = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (user.empty() || user == "root") {  // which an image without /etc/passwd may name, too
    return std::nullopt;
  }
  std::optional<uint32_t> uid = NumberOf(user);
  const std::vector<std::string> entry = Find(tree, kUsers, uid ? kId : kName, user);
  if (!entry.empty()) {
    uid = NumberOf(entry[kId]);
    group = group.empty() ? entry[kGroupOfUser] : group;
  }
  if (!uid) {
    FailUnknown(user, kUsers);
  }
  if (*uid == 0) {
    return std::nullopt;
  }
  return OciUser{*uid, group.empty() ? *uid : GroupId(group, tree)};
}

}  // namespace builder
