#include "activator/report/verify.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "activator/report/report.h"
#include "activator/state/generations.h"
#include "activator/state/held_versions.h"
#include "activator/trust/host_trust.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "images/release/release.h"
#include "images/version/verity_tree.h"

namespace activator {
namespace {

// The index is the one that the manifest names, and its chunks tile the image; the digest of the
// whole is compared as well, so that nothing rests on who made the index.
void ReadImage(const images::ImageDirectory& version, base::Progress& progress,
               VerifiedVersion& out) {
  const chunker::ChunkIndex index = version.ReadIndex();
  const base::UniqueFd fd = base::OpenForReading(version.image_path());
  base::Sha256Hasher whole;
  images::VerityComparison tree(version);
  for (const chunker::Chunk& chunk : index.chunks()) {
    base::ThrowIfInterrupted();
    std::vector<uint8_t> data;
    try {
      data = base::PRead(fd.get(), chunk.offset, chunk.size_bytes, version.image_path());
    } catch (const base::Error& error) {  // a bad sector is as bad as a wrong byte
      out.problem = error.what();
    }
    out.damaged_chunks += base::Sha256Of(data) == chunk.id.digest ? 0U : 1U;
    out.bytes += data.size();
    whole.Update(data);
    tree.Update(data);
    progress.Add(chunk.size_bytes);
  }
  if (out.damaged_chunks > 0) {
    out.problem =
        fmt::format("{} of {} chunks are damaged{}", out.damaged_chunks, index.chunks().size(),
                    out.problem.empty() ? "" : " (" + out.problem + ")");
  } else if (whole.Finish() != version.manifest().image.sha256) {
    out.problem = "its SHA-256 is not the one that its manifest names";
  } else {
    out.problem = tree.Finish();
  }
}

VerifiedVersion Verify(const images::VersionDirectory& held, base::Progress& progress) {
  VerifiedVersion out;
  out.name = held.name;
  out.id = held.id.text();
  out.path = held.path;
  try {
    const images::ImageDirectory version(held.path);
    ReadImage(version, progress, out);
    out.reads_verified_by = ReadsVerifiedBy(version);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    out.problem = error.what();
  }
  return out;
}

// A version that is whole. Where trust is off, a release that is damaged or of something else
// counts as none.
void VerifyRelease(const images::HostLayout& layout, HeldReleases& releases, VerifiedVersion& out) {
  const bool is_on = base::LstatIfThere(layout.Trust()).has_value();
  try {
    const std::optional<std::string> text = images::ReadReleaseText(out.path);
    if (!text) {
      out.release = is_on ? "not signed: not activated here" : "";
      return;
    }
    const std::string path = out.path + "/" + images::kReleaseFile;
    const images::Release release = images::Release::Parse(*text, path);
    const base::Sha256 digest = images::ImageDirectory(out.path).stored().digest;
    images::CheckBelongs(release.statement, out.name, digest, path);
    const std::vector<std::string> signers = releases.Check(out.name, digest);
    out.release =
        fmt::format("signed {}for {} at {}",
                    signers.empty() ? "" : fmt::format("by {} ", fmt::join(signers, ", ")),
                    release.statement.channel, base::ToIso8601(release.statement.released));
  } catch (const base::Error& error) {
    if (error.code() != images::kUntrusted) {
      throw;
    }
    out.release_problem = is_on ? error.what() : "";
  }
}

std::vector<images::VersionDirectory> SelectVersions(const images::HostLayout& layout,
                                                     const std::vector<std::string>& names) {
  std::vector<images::VersionDirectory> all = layout.Versions();
  for (const std::string& name : names) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& held) { return held.name == name; })) {
      base::Fail(base::ExitCode::kFailed, "{} holds no version of {}", layout.root(), name);
    }
  }
  std::erase_if(all, [&](const images::VersionDirectory& held) {
    return !names.empty() && std::find(names.begin(), names.end(), held.name) == names.end();
  });
  return all;
}

uint64_t ImageBytes(const images::VersionDirectory& held) {
  const auto found = base::StatIfThere(held.path + "/" + images::kImageFile);
  return found ? static_cast<uint64_t>(found->st_size) : 0;
}

void AddGenerations(const images::HostLayout& layout, std::vector<VerifiedVersion>& versions) {
  for (const Generation& generation : LoadGenerations(layout)) {
    for (VerifiedVersion& version : versions) {
      const auto app = generation.apps.find(version.name);
      if (app != generation.apps.end() && images::ImageId::Of(app->second).text() == version.id) {
        version.generations.push_back(generation.number);
      }
    }
  }
}

}  // namespace

std::vector<VerifiedVersion> VerifyVersions(const images::HostLayout& layout,
                                            const std::vector<std::string>& names,
                                            const base::Io& io) {
  const std::vector<images::VersionDirectory> wanted = SelectVersions(layout, names);
  uint64_t total = 0;
  for (const images::VersionDirectory& held : wanted) {
    total += ImageBytes(held);
  }
  std::vector<VerifiedVersion> out;
  HeldReleases releases(layout);
  {
    base::Progress progress(io, "verify", total);
    for (const images::VersionDirectory& held : wanted) {
      VerifiedVersion verified = Verify(held, progress);
      if (verified.problem.empty()) {
        VerifyRelease(layout, releases, verified);
      }
      if (verified.problem.empty() || base::Exists(held.path)) {  // a prune may have taken it away
        out.push_back(std::move(verified));
      }
    }
  }
  AddGenerations(layout, out);
  return out;
}

void MarkDamaged(const std::vector<VerifiedVersion>& versions) {
  for (const VerifiedVersion& version : versions) {
    const std::string mark = version.path + "/" + kDamagedMark;
    if (version.problem.empty()) {
      if (base::UnlinkIfThere(mark)) {
        base::FsyncDirectory(version.path);
      }
    } else if (base::Exists(version.path) && !base::Exists(mark)) {
      base::WriteFileAtomically(mark, "");
    }
  }
}

std::string VerifyText(const std::vector<VerifiedVersion>& versions) {
  std::string out;
  for (const VerifiedVersion& version : versions) {
    out += fmt::format(
        "{}/{}  {}{}\n", version.name, version.id,
        version.problem.empty() ? fmt::format("whole, {}{}", base::HumanBytes(version.bytes),
                                              VerifiedByText(version.reads_verified_by))
                                : "DAMAGED: " + version.problem,
        version.generations.empty()
            ? ""
            : fmt::format("  (generation {})", fmt::join(version.generations, ", ")));
    if (!version.release_problem.empty()) {
      out += fmt::format("  REFUSED here: {}\n", version.release_problem);
    } else if (!version.release.empty()) {
      out += fmt::format("  {}\n", version.release);
    }
  }
  return out;
}

void ThrowIfDamaged(const std::vector<VerifiedVersion>& versions, bool marked, uint64_t active) {
  std::vector<std::string> damaged;
  for (const VerifiedVersion& version : versions) {
    if (!version.problem.empty()) {
      damaged.push_back(version.name + "/" + version.id);
    }
  }
  if (!damaged.empty()) {
    base::Fail(base::ExitCode::kVerification, "{} of {} versions are damaged ({}): {}",
               damaged.size(), versions.size(), fmt::join(damaged, ", "),
               marked
                   ? "push these versions again, and what is damaged is sent"
                   : "`activate verify --repair` asks the next push of them for what is damaged");
  }
  for (const VerifiedVersion& version : versions) {
    const bool is_active =
        std::ranges::find(version.generations, active) != version.generations.end();
    if (is_active && !version.release_problem.empty()) {
      base::Fail(base::ExitCode::kVerification,
                 "{}/{} would not be activated here: {}; sign it anew and push it, or `activate "
                 "prune`",
                 version.name, version.id, version.release_problem);
    }
  }
}

}  // namespace activator
