#include "builder/contents/closure_tree.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"
#include "builder/contents/package_records.h"
#include "builder/contents/program_machine.h"
#include "builder/contents/service_commands.h"
#include "builder/source/data_sets.h"
#include "builder/source/exclusions.h"
#include "units/host_files.h"
#include "units/mount_points.h"
#include "units/unit_paths.h"

namespace builder {
namespace {

constexpr std::string_view kOut = "{out}";

std::string WithOut(std::string text, const std::string& main_path) {
  for (size_t at = text.find(kOut); at != std::string::npos;
       at = text.find(kOut, at + main_path.size())) {
    text.replace(at, kOut.size(), main_path);
  }
  return text;
}

// A target that climbs above the root, or a loop, is a mistake; one that leads to what is only
// there at run time (/run, a bind) is not.
void CheckLink(const std::string& path, const std::string& place, const Tree& tree) {
  if (const std::string now = tree.WithoutLinks(path); now != place) {
    base::Fail(base::ExitCode::kUsage,
               "contents.symlinks.{}: it was made at {}, but another of these links makes that "
               "path lead to {}: name the path without links",
               path, place, now);
  }
  const Node* link = tree.Find(place);
  long depth = static_cast<long>(PathComponents(base::ParentOf(place)).size());
  depth = link->text().starts_with('/') ? 0 : depth;
  for (const std::string& name : PathComponents(std::string(link->text()))) {
    depth += name == ".." ? -1 : (name == "." ? 0 : 1);
    if (depth < 0) {
      base::Fail(base::ExitCode::kUsage,
                 "contents.symlinks.{}: the target '{}' leads out of the image", path,
                 link->text());
    }
  }
  bool loop = false;
  tree.Resolve(path, &loop);
  if (loop) {
    base::Fail(base::ExitCode::kUsage, "contents.symlinks.{}: the links lead round in a circle",
               path);
  }
}

// Where a process in the image would find it: below the targets of links on the way.
void MakeDirectory(const std::string& path, Tree& tree) {
  const Node* there = tree.Resolve(path);
  if (there == nullptr || there->kind != Node::Kind::kDirectory) {
    tree.MakeDirectory(tree.WithoutLinks(path));
  }
}

void AddLinks(const images::Contents& contents, const std::string& main_path, Tree& tree,
              base::Problems& problems) {
  std::map<std::string, std::string> places;  // of each link, when it was made
  for (const auto& [path, target] : contents.symlinks) {
    problems.Try("contents.symlinks." + path, [&, &its_path = path, &its_target = target] {
      const std::string place = tree.WithoutLinks(its_path);
      tree.AddSymlink(place, WithOut(its_target, main_path));
      places.emplace(its_path, place);
    });
  }
  for (const auto& [path, place] : places) {
    problems.Try(
        [&, &its_path = path, &its_place = place] { CheckLink(its_path, its_place, tree); });
  }
}

void AddContents(const images::Contents& contents, const std::string& main_path, Tree& tree,
                 base::Problems& problems) {
  for (const std::string& directory : contents.directories) {
    problems.Try("contents.directories", [&] { MakeDirectory(directory, tree); });
  }
  AddLinks(contents, main_path, tree, problems);
  CheckFiles(contents, problems);
  for (const auto& [path, file] : contents.files) {
    if (base::Exists(file)) {
      problems.Try("contents.files." + path, [&, &its_path = path, &its_file = file] {
        tree.AddFromDisk(base::RealPath(its_file), tree.WithoutLinks(its_path));
      });
    }
  }
}

// What a line of directives needs and neither the image nor the host has when the service starts.
void CheckDirectivePaths(const std::string& name, const images::Service& service,
                         base::Problems& problems) {
  for (const units::PathNeed& need : units::PathNeedsOf(name, service)) {
    if (need.image.empty() || need.mounts || need.optional) {
      continue;
    }
    const units::Origin origin = units::OriginOf(need.image, name, service);
    if (origin.kind == units::Origin::Kind::kEmpty && !origin.is_root) {
      problems.Add(
          base::ExitCode::kUsage,
          "services.{}: {}={} is in a file system that is empty when the "
          "service starts: bind it, make it one of the service's directories (\"runtime\", "
          "RuntimeDirectory), or put '-' before it",
          name, need.option, need.image);
    }
  }
}

// An https client works by default: with the image's certificates, otherwise with the host's.
void SettleCertificates(const Tree& tree, const std::string& name, images::Service& service) {
  const bool own = std::any_of(kCertificateFiles.begin(), kCertificateFiles.end(),
                               [&](const char* path) { return tree.Resolve(path) != nullptr; });
  const bool bound = units::OriginOf(units::kCertificatesInImage, name, service).kind !=
                     units::Origin::Kind::kImage;
  if (!service.host_files.certificates && !own && !bound) {
    service.host_files.certificates = true;
  }
}

// Where a unit mounts something over.
void AddMountPoint(const units::MountPoint& point, Tree& tree) {
  if (tree.Resolve(point.path) != nullptr) {
    return;
  }
  const std::string place = tree.WithoutLinks(point.path);
  if (tree.Find(place) != nullptr) {  // a link to what only a running system has
    tree.Find(base::ParentOf(place))->children.Erase(base::BaseName(place));
  }
  if (point.is_directory) {
    tree.MakeDirectory(place);
  } else {
    tree.AddLiteral(place, "");
  }
}

void AddMountPoints(const std::string& field, const images::Services& services, Tree& tree,
                    base::Problems& problems) {
  std::vector<units::MountPoint> points;
  problems.Try([&] { points = units::MountPointsOf(services); });
  for (const units::MountPoint& point : points) {
    problems.Try(field, [&] { AddMountPoint(point, tree); });
  }
}

// Mount points, and where programs expect a name for the users that a unit may have.
void AddSystemFiles(images::Definition& definition, const std::string& version, Tree& tree,
                    base::Problems& problems) {
  const auto add = [&](const std::string& path, const std::string& content) {
    problems.Try([&] {
      const std::string place = tree.WithoutLinks(path);
      if (tree.Find(place) == nullptr) {
        tree.AddLiteral(place, content);
      }
    });
  };
  // Without it `localhost` is asked of DNS. First: the host's may be bound over it.
  add("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  AddMountPoints("services", {}, tree, problems);
  for (auto& [name, service] : definition.services) {
    problems.Try(
        [&, &its_name = name, &its = service] { SettleCertificates(tree, its_name, its); });
    AddMountPoints("services." + name, {{name, service}}, tree, problems);
  }
  add("/etc/passwd",
      "root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n");
  add("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
  add("/etc/os-release", fmt::format("ID={}\nNAME={}\nVERSION_ID=\"{}\"\n", definition.name,
                                     definition.name, version));
}

// What was left out altogether is no part of the image.
void MeasurePackages(const Tree& tree, std::vector<Package>& packages) {
  std::set<std::string> gone;
  for (Package& package : packages) {
    package.entry.size_bytes = 0;
    bool is_there = false;
    for (const std::string& path : package.paths) {
      const Node* node = tree.Find(path);
      is_there = is_there || node != nullptr;
      package.entry.size_bytes += node == nullptr ? 0 : node->ContentBytes();
    }
    if (!is_there) {
      gone.insert(package.entry.path);
    }
  }
  std::erase_if(packages,
                [&](const Package& package) { return gone.contains(package.entry.path); });
  for (Package& package : packages) {
    std::erase_if(package.entry.references,
                  [&](const std::string& path) { return gone.contains(path); });
  }
}

}  // namespace

void CheckFiles(const images::Contents& contents, base::Problems& problems) {
  for (const auto& [path, file] : contents.files) {
    if (!base::Exists(file)) {
      problems.Add(base::ExitCode::kUsage, "contents.files.{}: {} does not exist", path, file);
    }
  }
}

Tree MakeTree(images::Definition& definition, Closure& closure, const base::Io& io) {
  Tree tree;
  base::Problems problems = closure.problems;
  if (!problems.Try([&] { closure.fill(tree); })) {  // the tree is not what the others look at
    CheckFiles(definition.contents, problems);
    problems.ThrowIfAny();
  }
  const PackageRecords records(closure, tree);
  Exclusions(definition.contents).Apply(tree);
  MeasurePackages(tree, closure.packages);
  AddContents(definition.contents, closure.main_path, tree, problems);
  if (closure.complete) {
    problems.Try([&] { closure.complete(tree); });
  }
  if (!closure.service.working_directory.empty()) {  // as docker and runc make it
    problems.Try([&] { MakeDirectory(closure.service.working_directory, tree); });
  }
  AddSystemFiles(definition, closure.version, tree, problems);
  problems.Try([&] { ResolveServices(closure, tree, definition, io); });
  for (const auto& [name, service] : definition.services) {
    problems.Try(
        [&, &its_name = name, &its = service] { CheckDirectivePaths(its_name, its, problems); });
  }
  if (closure.architecture.empty()) {
    problems.Try([&] { closure.architecture = MachineOfServices(definition.services, tree); });
  }
  if (closure.architecture.empty()) {
    closure.architecture = images::MachineArchitecture();
  }
  problems.ThrowIfAny();
  records.AddTo(closure, tree);
  return tree;
}

}  // namespace builder
