#include "store/location.h"

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "store/store.h"

namespace store {
namespace {

constexpr std::string_view kHostLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
constexpr std::string_view kSimpleLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-";
constexpr size_t kMaxBucketBytes = 63;
constexpr const char* kForms =
    "use a folder, https://HOST/PATH, s3://BUCKET/PREFIX or s3+https://HOST/BUCKET/PREFIX";

[[noreturn]] void FailLocation(const std::string& text, const std::string& why) {
  base::Fail(base::ExitCode::kUsage, "store '{}': {}", base::Printable(text, 200), why);
}

// "BEFORE" and "AFTER" of "BEFORE?AFTER"; the second is empty without a mark.
std::pair<std::string, std::string> SplitAt(const std::string& text, char mark) {
  const size_t at = text.find(mark);
  return at == std::string::npos
             ? std::pair<std::string, std::string>{text, ""}
             : std::pair<std::string, std::string>{text.substr(0, at), text.substr(at + 1)};
}

bool IsHost(const std::string& host) {
  const size_t port = host.rfind(':');
  const bool has_port = port != std::string::npos && host.find(']', port) == std::string::npos;
  const std::string digits = has_port ? host.substr(port + 1) : "0";
  return !host.empty() && port != 0 && host.find_first_not_of(kHostLetters) == std::string::npos &&
         !digits.empty() && digits.size() <= 5 &&
         digits.find_first_not_of("0123456789") == std::string::npos;
}

bool IsSimple(const std::string& name, size_t max_bytes) {
  return !name.empty() && name.size() <= max_bytes && name.front() != '.' && name.front() != '-' &&
         name.find_first_not_of(kSimpleLetters) == std::string::npos;
}

std::string PathIn(const std::string& text, std::string path) {
  while (path.ends_with('/')) {
    path.pop_back();
  }
  if (!path.empty() && !IsKey(path)) {
    FailLocation(text, "its path has other characters than letters, digits and ._-/");
  }
  return path;
}

std::string RegionIn(const std::string& text, const std::string& query) {
  if (query.empty()) {
    return "";
  }
  const auto [name, value] = SplitAt(query, '=');
  if (name != "region" || !IsSimple(value, kMaxBucketBytes)) {
    FailLocation(text, "only ?region=NAME may follow the path");
  }
  return value;
}

void ReadBucket(const std::string& text, const std::string& rest, Location& out) {
  const auto [path, query] = SplitAt(rest, '?');
  const auto [bucket, prefix] = SplitAt(path, '/');
  if (!IsSimple(bucket, kMaxBucketBytes)) {
    FailLocation(text, "'" + base::Printable(bucket, 80) + "' is no name of a bucket");
  }
  out.kind = Kind::kS3;
  out.bucket = bucket;
  out.path = PathIn(text, prefix);
  out.region = RegionIn(text, query);
}

Location FolderAt(const std::string& path) {
  Location out;
  out.folder = std::filesystem::path(base::AbsolutePath(path)).lexically_normal();
  while (out.folder.size() > 1 && out.folder.ends_with('/')) {
    out.folder.pop_back();
  }
  return out;
}

Location ParseUrl(const std::string& text, const std::string& scheme, const std::string& rest) {
  Location out;
  if (rest.find('@') != std::string::npos) {
    FailLocation(scheme + "://...",
                 "a name and password do not belong there: use a file or AWS_ACCESS_KEY_ID");
  }
  if (scheme == "file") {
    if (!rest.starts_with('/')) {
      FailLocation(text, "file:// needs an absolute path: file:///folder");
    }
    return FolderAt(rest);
  }
  if (scheme == "s3") {
    ReadBucket(text, rest, out);
    return out;
  }
  const bool is_s3 = scheme.starts_with("s3+");
  const std::string transport = is_s3 ? scheme.substr(3) : scheme;
  const auto [host, path] = SplitAt(rest, '/');
  if (transport != "https" && transport != "http") {
    FailLocation(text, kForms);
  }
  if (!IsHost(host)) {
    FailLocation(text, "it names no host: " + std::string(kForms));
  }
  if (is_s3) {
    ReadBucket(text, path, out);
  } else {
    out.kind = Kind::kWeb;
    out.path = PathIn(text, path);
  }
  out.server = transport + "://" + host;
  return out;
}

}  // namespace

Location ParseLocation(const std::string& text) {
  const size_t colon = text.find("://");
  if (colon != std::string::npos) {
    return ParseUrl(text, text.substr(0, colon), text.substr(colon + 3));
  }
  if (!text.starts_with('/') && !text.starts_with("./") && !text.starts_with("../")) {
    FailLocation(text, kForms);
  }
  return FolderAt(text);
}

std::string ParseServer(const std::string& text, const std::string& what) {
  std::string server = text;
  while (server.ends_with('/')) {
    server.pop_back();
  }
  const size_t colon = server.find("://");
  const std::string scheme = server.substr(0, colon == std::string::npos ? 0 : colon);
  if ((scheme != "https" && scheme != "http") || !IsHost(server.substr(colon + 3))) {
    base::Fail(base::ExitCode::kUsage, "{} is no https://HOST[:PORT]", what);
  }
  return server;
}

}  // namespace store
