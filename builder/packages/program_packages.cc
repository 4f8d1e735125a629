#include "builder/packages/program_packages.h"

#include <elf.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/json_fields.h"

namespace builder {
namespace {

constexpr uint64_t kMostSectionBytes = 16 << 20;
constexpr size_t kMostSections = 4096;
constexpr std::string_view kGoMagic = "\xff Go buildinf:";
constexpr size_t kGoHeaderBytes = 32;
constexpr uint8_t kGoInline = 2;         // the strings follow the header
constexpr size_t kGoSentinelBytes = 16;  // before and after the list of modules

// Nullopt where the file ends before.
std::optional<std::string> ReadPart(const Node& node, uint64_t offset, uint64_t bytes) {
  if (bytes > kMostSectionBytes || offset > node.size_bytes || bytes > node.size_bytes - offset) {
    return std::nullopt;
  }
  const std::vector<uint8_t> part = node.Read(offset, bytes);
  return std::string(part.begin(), part.end());
}

template <typename Struct>
std::optional<Struct> ReadStruct(const Node& node, uint64_t offset) {
  const std::optional<std::string> bytes = ReadPart(node, offset, sizeof(Struct));
  if (!bytes) {
    return std::nullopt;
  }
  Struct out;
  std::memcpy(&out, bytes->data(), sizeof out);
  return out;
}

// Of the sections with these names, in their order; empty: it has none.
template <size_t kCount>
std::array<std::string, kCount> SectionsOf(const Node& node,
                                           const std::array<std::string_view, kCount>& names) {
  std::array<std::string, kCount> out;
  const auto header = ReadStruct<Elf64_Ehdr>(node, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum > kMostSections ||
      header->e_shstrndx >= header->e_shnum) {
    return out;
  }
  const auto table = ReadPart(node, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));
  if (!table) {
    return out;
  }
  std::vector<Elf64_Shdr> sections(header->e_shnum);
  std::memcpy(sections.data(), table->data(), table->size());
  const Elf64_Shdr& texts = sections[header->e_shstrndx];
  const auto text = ReadPart(node, texts.sh_offset, texts.sh_size);
  for (const Elf64_Shdr& section : sections) {
    if (!text || section.sh_name >= text->size() || section.sh_type == SHT_NOBITS) {
      continue;
    }
    const std::string_view name = text->c_str() + section.sh_name;
    const auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end()) {
      out[static_cast<size_t>(at - names.begin())] =
          ReadPart(node, section.sh_offset, section.sh_size).value_or("");
    }
  }
  return out;
}

// Takes a text with its length before it (7 bits a byte) from the front of `rest`.
std::optional<std::string> TakeGoText(std::string_view& rest) {
  uint64_t length = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (rest.empty()) {
      return std::nullopt;
    }
    const auto byte = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    length |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (length > rest.size()) {
        return std::nullopt;
      }
      std::string out(rest.substr(0, length));
      rest.remove_prefix(length);
      return out;
    }
  }
  return std::nullopt;
}

FoundPackage FoundIn(const char* type, const std::string& path, const std::string& name,
                     const std::string& version) {
  FoundPackage out;
  out.record.origin.type = type;
  out.record.name = name;
  out.record.version = version;
  out.record.path = path;
  out.files = path + "\n";
  return out;
}

// Lines such as "dep\tgithub.com/x/y\tv1.2.3\th1:...", after which "=>" names what is used in its
// place.
void AddModules(const std::string& path, const std::string& text, std::vector<FoundPackage>& out) {
  std::istringstream lines(text);
  bool after_module = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    std::string version;
    std::getline(words, kind, '\t');
    std::getline(words, name, '\t');
    std::getline(words, version, '\t');
    const bool replaces = kind == "=>" && after_module;
    after_module = kind == "mod" || kind == "dep";
    if (replaces) {
      out.pop_back();
    }
    if (after_module || replaces) {
      // A module that is built in its own folder has no version.
      out.push_back(FoundIn("golang", path, name, version == "(devel)" ? "" : version));
    }
  }
}

void ReadGo(const std::string& path, const std::string& section, std::vector<FoundPackage>& out) {
  if (!section.starts_with(kGoMagic) || section.size() < kGoHeaderBytes ||
      (static_cast<uint8_t>(section[kGoMagic.size() + 1]) & kGoInline) == 0) {
    return;
  }
  std::string_view rest = std::string_view(section).substr(kGoHeaderBytes);
  const std::optional<std::string> go = TakeGoText(rest);
  const std::optional<std::string> modules = go ? TakeGoText(rest) : std::nullopt;
  if (!modules || !go->starts_with("go")) {
    return;
  }
  const std::string version = go->substr(2, go->find(' ') - 2);  // "go1.22.1 X:boringcrypto"
  out.push_back(FoundIn("golang", path, "stdlib", version));
  if (modules->size() >= 2 * kGoSentinelBytes) {
    AddModules(path, modules->substr(kGoSentinelBytes, modules->size() - 2 * kGoSentinelBytes),
               out);
  }
}

std::optional<std::string> Inflated(const std::string& data) {
  std::string out;
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) {
    return std::nullopt;
  }
  std::string copy = data;  // zlib wants one that it may write to
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  std::vector<Bytef> piece(1 << 16);
  int result = Z_OK;
  while (result == Z_OK && out.size() <= kMostSectionBytes) {
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    result = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.begin(), piece.end() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return result == Z_STREAM_END ? std::optional(std::move(out)) : std::nullopt;
}

void ReadRust(const std::string& path, const std::string& section, std::vector<FoundPackage>& out) {
  const std::optional<std::string> text = Inflated(section);
  if (!text) {
    return;
  }
  try {
    const base::Json json = base::ParseJson(*text, path, base::ExitCode::kFailed);
    for (const base::Json& package :
         base::JsonFields::OfFile(json, path, base::ExitCode::kFailed).Array("packages")) {
      base::JsonFields fields(package, path, base::ExitCode::kFailed);
      // What only built it is not in it.
      if (fields.String("kind", "") != "build") {
        out.push_back(FoundIn("cargo", path, fields.String("name"), fields.String("version")));
      }
    }
  } catch (const base::Error&) {
    // No list of cargo-auditable's, whatever it is.
  }
}

}  // namespace

std::vector<FoundPackage> ReadProgramPackages(const std::string& path, const Node& node) {
  std::vector<FoundPackage> out;
  const auto [go, rust] =
      SectionsOf<2>(node, {std::string_view(".go.buildinfo"), std::string_view(".dep-v0")});
  ReadGo(path, go, out);
  if (!rust.empty()) {
    ReadRust(path, rust, out);
  }
  std::erase_if(out, [](const FoundPackage& found) { return !IsUsable(found.record); });
  return out;
}

}  // namespace builder
