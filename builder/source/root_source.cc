#include "builder/source/root_source.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "builder/source/oci_image.h"
#include "builder/source/oci_layer.h"
#include "builder/source/path_list.h"

namespace builder {
namespace {

bool IsSpecial(const Node& node) {
  return node.kind != Node::Kind::kDirectory && node.kind != Node::Kind::kFile &&
         node.kind != Node::Kind::kSymlink;
}

// `left_out`: the paths of what has no place in an image whose attributes are not kept.
void Normalise(int64_t time_seconds, const std::string& path, Node& node,
               std::vector<std::string>& left_out) {
  if (node.kind == Node::Kind::kDirectory) {
    node.permissions = 0755;
  } else if (node.kind == Node::Kind::kFile) {
    node.permissions = (node.permissions & 0111) != 0 ? 0555 : 0444;
  }
  node.uid = 0;
  node.gid = 0;
  node.mtime_seconds = time_seconds;
  node.mtime_nanoseconds = 0;
  node.xattrs.Clear();
  node.children.EraseIf([&](const auto& child) {
    const std::string below = fmt::format("{}/{}", path, child.first);
    if (IsSpecial(*child.second)) {
      left_out.push_back(below);
      return true;
    }
    Normalise(time_seconds, below, *child.second, left_out);
    return false;
  });
}

// What systemd and our manifest can hold; the rest is left out with a note.
bool IsPlainVariable(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  return equals != std::string::npos && !name.empty() && (name[0] < '0' || name[0] > '9') &&
         text.find('\n') == std::string::npos && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

// As systemd's KillSignal= and docker write one: "SIGQUIT", "QUIT", "3", "SIGRTMIN+3".
bool IsSignal(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number > 0 && number <= SIGRTMAX;
  }
  const std::string name = text.substr(text.starts_with("SIG") ? 3 : 0);
  if (name.starts_with("RTMIN+") || name.starts_with("RTMAX-")) {
    return name.size() > 6 && name.find_first_not_of("0123456789", 6) == std::string::npos;
  }
  for (int i = 1; i < NSIG; ++i) {
    if (const char* known = ::sigabbrev_np(i); known != nullptr && name == known) {
      return true;
    }
  }
  return false;
}

// "80/tcp", "53/udp", "80"; another protocol, or what is no port, goes to `not_used`.
std::vector<uint64_t> PortsOf(const std::vector<std::string>& exposed,
                              std::vector<std::string>& not_used) {
  std::set<uint64_t> out;
  for (const std::string& text : exposed) {
    const size_t slash = std::min(text.find('/'), text.size());
    const std::string protocol = text.substr(slash);
    uint64_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + slash, port);
    if (error == std::errc() && end == text.data() + slash && port >= 1 && port <= 65535 &&
        (protocol.empty() || protocol == "/tcp" || protocol == "/udp")) {
      out.insert(port);
    } else {
      not_used.push_back(fmt::format("port {} (ports)", base::Printable(text)));
    }
  }
  return {out.begin(), out.end()};
}

ServiceDefaults DefaultsOf(const OciImage& image, const base::Io& io) {
  ServiceDefaults out;
  out.exec = image.command;
  for (const std::string& variable : image.environment) {
    if (!IsPlainVariable(variable)) {
      io.Err("note: a unit cannot hold '{}' of the image's environment; it is left out\n",
             variable.substr(0, variable.find('=')));
      continue;
    }
    out.environment.emplace(variable.substr(0, variable.find('=')),
                            variable.substr(variable.find('=') + 1));
  }
  if (!image.working_directory.empty() && image.working_directory != "/") {
    out.working_directory = images::Beside("", image.working_directory);
  }
  out.user = image.user;
  std::vector<std::string> not_used;
  out.ports = PortsOf(image.exposed_ports, not_used);
  if (!image.volumes.empty()) {
    not_used.push_back(
        fmt::format("volumes {} (state, binds)",
                    base::Printable(fmt::format("{}", fmt::join(image.volumes, " ")))));
  }
  std::string why;
  out.health = HealthOf(image.healthcheck, &why);
  if (!why.empty()) {
    not_used.push_back(fmt::format("a health check that is not used: {} (health)", why));
  }
  if (image.stop_signal.empty() || IsSignal(image.stop_signal)) {
    out.stop_signal = image.stop_signal;
  } else {
    not_used.emplace_back("a stop signal that systemd does not know (directives)");
  }
  if (!not_used.empty()) {
    io.Err("note: the image asks for {}; a definition's fields in brackets have that\n",
           fmt::join(not_used, ", "));
  }
  return out;
}

}  // namespace

Closure ResolveRoot(const images::RootSource& source, const base::Io& io) {
  const auto found = base::StatIfThere(source.directory);
  if (!found || !S_ISDIR(found->st_mode)) {
    base::Fail(base::ExitCode::kFailed, "the root directory {} {}", source.directory,
               found ? "is no directory" : "does not exist");
  }
  Closure out;
  out.packages = {{{"/", "", 0, {}, "root", ""}, {"/"}}};
  out.fill = [source, io](Tree& tree) {
    std::vector<std::string> mounts;
    tree.AddFromDisk(base::RealPath(source.directory), "/", /*preserve=*/true,
                     source.mounts ? nullptr : &mounts);
    if (!mounts.empty()) {
      io.Err(
          "note: other file systems are mounted below {} and left out: {}; --mounts takes them\n",
          source.directory, fmt::join(mounts, ", "));
    }
    std::vector<std::string> left_out;
    if (!source.preserve) {
      Normalise(tree.time_seconds(), "", tree.root(), left_out);
    }
    if (!left_out.empty()) {
      io.Err(
          "note: {} devices, fifos and sockets are left out, the first {}; --preserve keeps them\n",
          left_out.size(), left_out.front());
    }
  };
  return out;
}

Closure ResolveOci(const images::OciSource& source, const base::Io& io) {
  // Shared by the closure, whose files are in it.
  const auto folder =
      std::make_shared<base::TemporaryDirectory>(base::TemporaryFolder(), "slipway-oci-");
  const std::string blobs = folder->path() + "/blobs";
  const std::string files = folder->path() + "/files";
  base::MakeDirectories(blobs);
  Closure out;
  const OciImage image =
      OpenOciImage(ParseOciReference(source.path), ParseOciPlatform(source.platform), blobs);
  out.architecture = image.architecture;
  const auto tree = std::make_shared<Tree>();
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const std::string own = fmt::format("{}/{}", files, i);
    base::MakeDirectories(own);
    ApplyLayer(image.layers[i], fmt::format("{}: layer {}", source.path, i + 1), own, *tree, io);
  }
  base::RemoveTree(blobs);
  out.version = image.tag;
  out.packages = {{{"/", image.id, 0, {}, image.name, image.tag}, {"/"}}};
  out.service = DefaultsOf(image, io);
  if (const auto path = out.service.environment.find("PATH");
      path != out.service.environment.end()) {
    out.program_folders = SplitPathList(path->second);
  }
  out.fill = [folder, tree](Tree& into) { into = std::move(*tree); };
  return out;
}

}  // namespace builder
