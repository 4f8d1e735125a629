#include "activator/switch/check_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "activator/os/kernel_features.h"
#include "activator/os/mounted_image.h"
#include "activator/switch/program_access.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/can_run.h"
#include "units/mount_points.h"
#include "units/unit_paths.h"

namespace activator {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;  // of a file that people write

void CheckContent(const images::ImageDirectory& version) {
  const images::ImageFacts& image = version.manifest().image;
  const base::Sha256 found = base::Sha256OfFile(version.image_path());
  if (found != image.sha256) {
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged: its SHA-256 is {}, its manifest says {}. "
               "`activate verify --repair` marks it, and the next push of it repairs it",
               version.image_path(), found.ToHex(), image.sha256.ToHex());
  }
}

void CheckProgram(const MountedImage& image, const std::string& name,
                  const images::Service& service, const std::string& program) {
  if (units::OriginOf(program, name, service).kind != units::Origin::Kind::kImage) {
    return;  // the host's own
  }
  const auto found = image.Stat(program);
  if (!found) {
    base::Fail(base::ExitCode::kFailed, "its program {} is not in the image", program);
  }
  if (!S_ISREG(found->st_mode) || !MayExecute(*found, service)) {
    base::Fail(base::ExitCode::kFailed,
               "its program {} cannot be executed by the service's user (mode {:o})", program,
               found->st_mode & 07777U);
  }
}

void CheckPrograms(const MountedImage& image, const images::Services& services) {
  for (const auto& [name, service] : services) {
    try {
      CheckProgram(image, name, service, service.exec.front());
      for (const images::Command& command : service.exec_start_pre) {
        CheckProgram(image, name, service, command.front());
      }
      for (const auto* commands : {&service.hooks.before_start, &service.hooks.after_healthy}) {
        for (const images::Command& command : *commands) {
          CheckProgram(image, name, service, command.front());
        }
      }
      if (!service.health.exec.empty()) {
        CheckProgram(image, name, service, service.health.exec.front());
      }
      for (const units::UnitProgram& line : units::DirectivePrograms(name, service)) {
        if (line.program.starts_with('/')) {  // a name was looked up when the image was built
          CheckProgram(image, name, service, line.program);
        }
      }
    } catch (base::Error& error) {
      error.AddContext("service " + name);
      throw;
    }
  }
}

// Whether it is the host's; of which kind that is, the host says.
bool IsBound(const images::Services& services, const std::string& path) {
  return std::any_of(services.begin(), services.end(), [&](const auto& entry) {
    return units::OriginOf(path, entry.first, entry.second).kind == units::Origin::Kind::kHost;
  });
}

// Whether the host has what is bound there is looked at elsewhere (check_host_paths.h).
void CheckKind(const MountedImage& image, const std::string& service, const std::string& host,
               const std::string& path) {
  const auto inside = image.Stat(path);
  const auto outside = base::StatIfThere(host);
  if (inside && outside && S_ISDIR(inside->st_mode) != S_ISDIR(outside->st_mode)) {
    base::Fail(base::ExitCode::kFailed,
               "service {} binds {} to {}: one is a directory, the other is not", service, host,
               path);
  }
}

void CheckMountPoints(const MountedImage& image, const images::Services& services) {
  for (const units::MountPoint& point : units::MountPointsOf(services)) {
    const auto found = image.Stat(point.path);
    if (!found) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is not in the image, and a read-only root cannot get it later: build it again",
                 point.path);
    }
    if (S_ISDIR(found->st_mode) != point.is_directory && !point.is_any_kind &&
        !IsBound(services, point.path)) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is {} in the image, and has to be {}: leave it out of the image's contents",
                 point.path, point.is_directory ? "no directory" : "a directory",
                 point.is_directory ? "one" : "a file");
    }
  }
  for (const auto& [name, service] : services) {
    for (const images::Bind& bind : service.binds) {
      CheckKind(image, name, bind.host, bind.image);
    }
    for (const units::PathNeed& need : units::PathNeedsOf(name, service)) {
      if (need.option.starts_with("Bind")) {
        CheckKind(image, name, need.host, need.image);
      }
    }
  }
}

}  // namespace

void CheckImage(const images::ImageDirectory& version) {
  CheckContent(version);
  images::CheckCanRun(version.manifest(), {images::MachineArchitecture(), ProbeFeatures()},
                      "this host");
  const base::UniqueFd file = base::OpenForReading(version.image_path());
  const MountedImage image(file.get(), version.image_path());
  CheckPrograms(image, version.manifest().services);
  CheckMountPoints(image, version.manifest().services);
}

std::string ReadImageFile(const images::ImageDirectory& version, const std::string& path) {
  const base::UniqueFd file = base::OpenForReading(version.image_path());
  const MountedImage image(file.get(), version.image_path());
  if (!image.Stat(path)) {
    return "";
  }
  const base::UniqueFd inside = image.Open(path);
  const std::vector<uint8_t> bytes = base::PRead(inside.get(), 0, kMostBytes, path);
  return {bytes.begin(), bytes.end()};
}

}  // namespace activator
