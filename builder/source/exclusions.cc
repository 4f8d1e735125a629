#include "builder/contents/exclusions.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "builder/contents/glob.h"

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

void Exclude(const std::vector<std::string>& globs, const std::string& path, Node& node) {
  std::erase_if(node.children, [&](const auto& child) {
    const std::string below = path + "/" + child.first;
    const bool out = std::any_of(globs.begin(), globs.end(),
                                 [&](const std::string& glob) { return MatchesGlob(glob, below); });
    if (!out) {
      Exclude(globs, below, *child.second);
    }
    return out;
  });
}

}  // namespace

void ApplyExclusions(const images::Contents& contents, Tree& tree) {
  std::vector<std::string> globs = contents.exclude;
  if (contents.minimize) {
    for (const char* prefix : kPrefixes) {
      for (const char* path : kNeededByNoProgram) {
        globs.push_back(std::string(prefix) + path);
      }
    }
  }
  if (!globs.empty()) {
    Exclude(globs, "", tree.root());
  }
}

}  // namespace builder
