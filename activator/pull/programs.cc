#include "activator/pull/programs.h"

#include <utility>

#include "activator/host/install_self.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "images/channel/object_key.h"
#include "pusher/protocol/fetch_link.h"

namespace activator {
namespace {

bool IsThere(const std::string& path, const base::Sha256& digest) {
  return base::Exists(path) && base::Sha256OfFile(path) == digest;
}

std::optional<images::ProgramFile> ForThisMachine(const images::Programs& programs,
                                                  const PullRun& run) {
  const auto found = programs.find(run.abilities.architecture);
  return found == programs.end() ? std::nullopt : std::optional(found->second);
}

// The object, at `path`, unless it is there.
void Fetch(PullRun& run, const std::string& key, const images::ProgramFile& file,
           const std::string& path) {
  if (IsThere(path, file.sha256)) {
    return;
  }
  if (file.bytes > pusher::kMaxFetchedBytes) {
    base::Fail(base::ExitCode::kFailed, "{} has {} bytes, and fetch brings at most {}", key,
               file.bytes, pusher::kMaxFetchedBytes);
  }
  const FetchClient::Object object = run.Get(key, file.bytes);
  if (object.state != pusher::FetchState::kHere) {
    base::Fail(base::ExitCode::kFailed, "{} has no {}, which the channel's head names",
               run.config.store, key);
  }
  if (object.content.size() != file.bytes || base::Sha256Of(object.content) != file.sha256) {
    base::Fail(images::kUntrusted, "{} is not what the channel's head names", key);
  }
  base::WriteFileAtomically(path, object.content, 0755);
}

bool LeadsTo(const std::string& link, const std::string& path) {
  return base::Exists(link) && base::Exists(path) && base::RealPath(link) == base::RealPath(path);
}

// The same, and runs it; returns its version. One that does not run is not fetched again.
std::string FetchAndRun(PullRun& run, const char* name, const std::string& key,
                        const images::ProgramFile& file, const std::string& path) {
  const std::string refused = run.layout.Pull() + "/" + name + ".refused";
  if (base::ReadFileIfThere(refused) != file.sha256.ToHex()) {
    Fetch(run, key, file, path);
    if (std::string version = ProgramVersion(path); !version.empty()) {
      base::UnlinkIfThere(refused);
      return version;
    }
    base::UnlinkIfThere(path);
    base::WriteFileAtomically(refused, file.sha256.ToHex());
  }
  base::Fail(base::ExitCode::kFailed,
             "the {} that the channel's head names does not run on this host", name);
}

void InstallAgent(PullRun& run, const images::ProgramFile& file) {
  const std::string path = ProgramDirectory(run.layout) + "/activate-" + file.sha256.ToHex();
  if (!LeadsTo(run.layout.Bin() + "/activate", path)) {
    const std::string version =
        FetchAndRun(run, "activate", images::AgentKey(file.sha256), file, path);
    LinkAgent(run.layout, path, version);
  }
}

void InstallFetch(PullRun& run, const images::ProgramFile& file) {
  const std::string path = ProgramDirectory(run.layout) + "/fetch-" + file.sha256.ToHex();
  if (!LeadsTo(FetchLink(run.layout), path)) {
    FetchAndRun(run, "fetch", images::FetchKey(file.sha256), file, path);
    LinkFetch(run.layout, file.sha256);
  }
}

}  // namespace

std::string ProgramDirectory(const images::HostLayout& layout) {
  const std::string link = layout.Bin() + "/activate";
  return base::Exists(link) ? base::ParentOf(base::RealPath(link)) : base::RealPath(layout.Bin());
}

std::string FetchLink(const images::HostLayout& layout) { return layout.Bin() + "/fetch"; }

bool LinkFetch(const images::HostLayout& layout, const base::Sha256& digest) {
  const std::string directory = ProgramDirectory(layout);
  const std::string name = "fetch-" + digest.ToHex();
  const std::string path = directory + "/" + name;
  if (!IsThere(path, digest)) {
    base::Fail(base::ExitCode::kFailed, "{} is not there, or not whole: enroll the host again",
               path);
  }
  const std::string version = ProgramVersion(path);
  if (version.empty()) {
    base::Fail(base::ExitCode::kFailed, "{} does not run on this host: `{} --version` says why",
               path, path);
  }
  const std::string target = directory == base::RealPath(layout.Bin()) ? name : path;
  const std::string link = FetchLink(layout);
  if (base::ReadLinkIfThere(link) == target || IsNewerVersion(ProgramVersion(link), version)) {
    return false;
  }
  base::ReplaceSymlink(target, link);
  return true;
}

void InstallPrograms(PullRun& run, const images::ChannelHead& head) {
  if (const std::optional<images::ProgramFile> fetch = ForThisMachine(head.fetch, run)) {
    InstallFetch(run, *fetch);
  }
  if (const std::optional<images::ProgramFile> agent = ForThisMachine(head.agent, run)) {
    InstallAgent(run, *agent);
  }
}

}  // namespace activator
