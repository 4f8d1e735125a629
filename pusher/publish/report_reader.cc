#include "pusher/publish/report_reader.h"

#include <cstdlib>
#include <utility>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/log.h"
#include "base/printable.h"
#include "images/channel/object_key.h"

namespace pusher {
namespace {

constexpr uint64_t kCacheFormat = 1;
constexpr uint64_t kMaxCacheBytes = uint64_t{256} << 20;
constexpr mode_t kCacheMode = 0600;

std::string FolderOfEnvironment(const char* name, const std::string& below) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value == '/' ? value + below : "";
}

}  // namespace

std::string ReportCachePath(const std::string& location) {
  std::string folder = FolderOfEnvironment("XDG_CACHE_HOME", "/slipway");
  if (folder.empty()) {
    folder = FolderOfEnvironment("HOME", "/.cache/slipway");
  }
  return folder.empty() ? ""
                        : fmt::format("{}/reports-{}.json", folder,
                                      base::Sha256Of(base::AsBytes(location)).ToHex());
}

ReportReader::ReportReader(store::Store& store, std::string cache)
    : store_(store), cache_(std::move(cache)) {}

void ReportReader::LoadCache() {
  if (cache_.empty()) {
    return;
  }
  try {
    if (!base::Exists(cache_) || base::FileSize(cache_) > kMaxCacheBytes) {
      return;
    }
    const base::Json object =
        base::ParseJson(base::ReadFile(cache_), cache_, base::ExitCode::kFailed);
    base::JsonFields fields = base::JsonFields::OfFile(object, cache_, base::ExitCode::kFailed);
    if (fields.Number("format", 0, base::kAnyNumber) != kCacheFormat ||
        fields.String("store") != store_.location()) {
      return;
    }
    std::map<std::string, Known> read;
    for (const auto& [key, value] : fields.Object("reports").items()) {
      base::JsonFields report = fields.Nested(value, key);
      read[key] = {report.String("version"), report.String("text")};
    }
    before_ = std::move(read);
  } catch (const base::Error& error) {
    base::LogInfo("what hosts reported before is read again: {}", error.what());
  }
}

// It may be lost: it is made again.
void ReportReader::SaveCache() const {
  if (cache_.empty()) {
    return;
  }
  base::Json reports = base::Json::object();
  uint64_t bytes = 0;
  for (const auto& [key, known] : now_) {
    bytes += key.size() + known.version.size() + known.text.size();
    reports[key] = {{"version", known.version}, {"text", known.text}};
  }
  if (bytes > kMaxCacheBytes / 2) {  // its quotes are escaped
    return;
  }
  try {
    base::MakeDirectories(base::ParentOf(cache_));
    base::AtomicFile file(cache_, kCacheMode);
    base::WriteAll(
        file.fd(),
        base::AsBytes(base::DumpJson(
            {{"format", kCacheFormat}, {"store", store_.location()}, {"reports", reports}})),
        file.temporary_path());
    file.CommitUnsynced();
  } catch (const base::Error& error) {
    base::LogInfo("what hosts report is not kept for the next time: {}", error.what());
  }
}

std::optional<HostState> ReportReader::ReadOne(const store::Listed& listed,
                                               const std::string& host) {
  Known known;
  if (const auto found = before_.find(listed.key); found != before_.end() &&
                                                   !listed.version.empty() &&
                                                   found->second.version == listed.version) {
    known = found->second;
  } else {
    store::Object object = store_.Get(listed.key, images::kMaxStateBytes);
    if (object.state != store::State::kHere) {
      return std::nullopt;
    }
    known = {std::move(object.version), std::move(object.body)};
  }
  HostState out{host, images::StateDocument::Parse(known.text, listed.key)};
  if (out.document->host != host) {
    return HostState{host, std::nullopt, "it is the report of another host"};
  }
  now_[listed.key] = std::move(known);
  return out;
}

std::vector<HostState> ReportReader::Read() {
  LoadCache();
  std::vector<HostState> out;
  for (const store::Listed& listed : store_.List(images::kStatesPrefix)) {
    const auto key = images::ObjectKey::Parse(listed.key);
    if (!key || key->kind != images::ObjectKind::kState) {
      continue;
    }
    try {
      if (std::optional<HostState> state = ReadOne(listed, key->name)) {
        out.push_back(*std::move(state));
      }
    } catch (const base::Error& error) {
      if (error.code() != base::ExitCode::kVerification) {
        throw;
      }
      out.push_back({key->name, std::nullopt, base::Printable(error.what())});  // it may quote it
    }
  }
  if (now_ != before_) {
    SaveCache();
  }
  return out;
}

}  // namespace pusher
