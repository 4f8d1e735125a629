#include "builder/source/source_word.h"

#include <sys/stat.h>

#include <string_view>

#include "base/file.h"
#include "builder/source/nix_source.h"
#include "builder/source/oci_index.h"

namespace builder {
namespace {

constexpr std::string_view kElfMagic =
    "\x7f"
    "ELF";

bool IsElf(const std::string& path) {
  const base::UniqueFd fd = base::OpenForReading(path);
  return base::AsText(base::PRead(fd.get(), 0, kElfMagic.size(), path)) == kElfMagic;
}

}  // namespace

images::Source ParseSource(const std::string& word) {
  images::NixSource nix = images::NixSourceOf(word, base::AbsolutePath("."));
  const auto found = nix.path ? base::StatIfThere(*nix.path) : std::nullopt;
  if (nix.path && !found && ParseOciReference(*nix.path).path != *nix.path) {
    return images::OciSource{*nix.path};
  }
  if (!found || base::RealPath(*nix.path).starts_with(kNixStore)) {
    return nix;
  }
  const std::string& path = *nix.path;
  if (S_ISDIR(found->st_mode)) {
    if (base::Exists(path + "/index.json") || base::Exists(path + "/manifest.json")) {
      return images::OciSource{path};
    }
    return images::RootSource{path};
  }
  if (S_ISREG(found->st_mode) && IsElf(path)) {
    return images::ElfSource{{path}, std::nullopt};
  }
  return images::OciSource{path};
}

}  // namespace builder
