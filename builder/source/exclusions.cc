#include "builder/source/exclusions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/source/glob.h"

namespace builder {
namespace {

// Where packages are installed; elsewhere a folder of such a name may mean something else.
constexpr std::array<const char*, 3> kPrefixes = {"/usr", "/usr/local", "/nix/store/*"};
// C.utf8, the one locale that programs may count on, is in lib/locale.
constexpr std::array<const char*, 15> kNeededByNoProgram = {
    "/share/locale", "/share/i18n",    "/share/man",       "/share/doc",
    "/share/info",   "/share/gtk-doc", "/share/help",      "/share/lintian",
    "/include",      "/lib/**.a",      "/lib/**.la",       "/lib/locale/locale-archive",
    "/lib64/**.a",   "/lib/pkgconfig", "/share/pkgconfig",
};

}  // namespace

Exclusions::Exclusions(const images::Contents& contents) : globs_(contents.exclude) {
  if (contents.minimize) {
    for (const char* prefix : kPrefixes) {
      for (const char* path : kNeededByNoProgram) {
        globs_.push_back(std::string(prefix) + path);
      }
    }
  }
}

bool Exclusions::MatchItself(const std::string& path) const {
  return std::any_of(globs_.begin(), globs_.end(),
                     [&](const std::string& glob) { return MatchesGlob(glob, path); });
}

bool Exclusions::Match(const std::string& path) const {
  std::string at;
  for (const std::string& name : PathComponents(path)) {
    at += "/" + name;
    if (MatchItself(at)) {
      return true;
    }
  }
  return false;
}

void Exclusions::Apply(const std::string& path, Node& node) const {
  node.children.EraseIf([&](const auto& child) {
    const std::string below = fmt::format("{}/{}", path, child.first);
    const bool out = MatchItself(below);
    if (!out) {
      Apply(below, *child.second);
    }
    return out;
  });
}

void Exclusions::Apply(Tree& tree) const {
  if (!globs_.empty()) {
    Apply("", tree.root());
  }
}

}  // namespace builder
