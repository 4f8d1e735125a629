#include "builder/closure.h"

#include "base/error.h"
#include "builder/elf_source.h"
#include "builder/nix_source.h"

namespace builder {

Closure ResolveSource(const images::Definition& definition, const base::Io& io) {
  if (const auto* nix = std::get_if<images::NixSource>(&definition.source)) {
    return ResolveNix(*nix, definition.contents.add);
  }
  if (const auto* elf = std::get_if<images::ElfSource>(&definition.source)) {
    return ResolveElf(*elf, definition.contents.add, io);
  }
  base::Fail(base::Code::kUsage, "this source is not there yet");
}

}  // namespace builder
