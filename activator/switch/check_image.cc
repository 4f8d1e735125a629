#include "activator/switch/check_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <vector>

#include "activator/os/kernel_features.h"
#include "activator/os/mounted_image.h"
#include "activator/state/held_versions.h"
#include "activator/switch/program_access.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"
#include "images/version/can_run.h"
#include "units/mount_points.h"
#include "units/unit_paths.h"

namespace activator {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;  // of a file that people write

void CheckContent(const images::ImageDirectory& version) {
  if (const std::string problem = DamageOf(version); !problem.empty()) {
    base::Fail(base::ExitCode::kVerification,
               "{}. `activate verify --repair` marks it, and the next push of it repairs it",
               problem);
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

void CheckPrograms(const MountedImage& image, const images::Services& services,
                   base::Problems& problems) {
  for (const auto& [name, service] : services) {
    std::vector<images::Command> commands = {service.exec};
    for (const auto* more :
         {&service.exec_start_pre, &service.hooks.before_start, &service.hooks.after_healthy}) {
      commands.insert(commands.end(), more->begin(), more->end());
    }
    if (!service.health.exec.empty()) {
      commands.push_back(service.health.exec);
    }
    std::set<std::string> programs;
    for (const images::Command& command : commands) {
      programs.insert(command.front());
    }
    for (const units::UnitProgram& line : units::DirectivePrograms(name, service)) {
      if (line.program.starts_with('/')) {  // a name was looked up when the image was built
        programs.insert(line.program);
      }
    }
    for (const std::string& program : programs) {
      problems.Try("service " + name, [&, &its_name = name, &its = service] {
        CheckProgram(image, its_name, its, program);
      });
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

void CheckMountPoint(const MountedImage& image, const images::Services& services,
                     const units::MountPoint& point) {
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

void CheckMountPoints(const MountedImage& image, const images::Services& services,
                      base::Problems& problems) {
  for (const units::MountPoint& point : units::MountPointsOf(services)) {
    problems.Try([&] { CheckMountPoint(image, services, point); });
  }
  for (const auto& [name, service] : services) {
    const auto check = [&, &its_name = name](const std::string& host, const std::string& path) {
      problems.Try([&] { CheckKind(image, its_name, host, path); });
    };
    for (const images::Bind& bind : service.binds) {
      check(bind.host, bind.image);
    }
    for (const units::PathNeed& need : units::PathNeedsOf(name, service)) {
      if (need.option.starts_with("Bind")) {
        check(need.host, need.image);
      }
    }
  }
}

}  // namespace

// What is damaged or cannot run here is not looked into.
void CheckImage(const images::ImageDirectory& version) {
  CheckContent(version);
  images::CheckCanRun(version.manifest(), {images::MachineArchitecture(), ProbeFeatures()},
                      "this host");
  const base::UniqueFd file = base::OpenForReading(version.image_path());
  const MountedImage image(file.get(), version.image_path());
  base::Problems problems;
  CheckPrograms(image, version.manifest().services, problems);
  CheckMountPoints(image, version.manifest().services, problems);
  problems.ThrowIfAny();
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
