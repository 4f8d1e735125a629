#include "builder/source/loader_cache.h"

#include <elf.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace builder {
namespace {

constexpr const char* kPath = "/etc/ld.so.cache";
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr size_t kHeaderBytes = 48;
constexpr size_t kEntryBytes = 24;
constexpr uint32_t kLittleEndian = 2;
constexpr uint32_t kBigEndian = 3;

// What the loader of a machine takes for a library of its own (glibc's sysdeps/generic/ldconfig.h).
std::optional<uint32_t> FlagsOf(const ElfFile& like) {
  const std::map<std::pair<uint16_t, uint8_t>, uint32_t> flags = {
      {{EM_X86_64, ELFCLASS64}, 0x0303}, {{EM_AARCH64, ELFCLASS64}, 0x0a03},
      {{EM_386, ELFCLASS32}, 0x0003},    {{EM_ARM, ELFCLASS32}, 0x0903},  // with hard floats
      {{EM_RISCV, ELFCLASS64}, 0x1003},                                   // with doubles
      {{EM_PPC64, ELFCLASS64}, 0x0503},  {{EM_S390, ELFCLASS64}, 0x0403},
  };
  const auto found = flags.find({like.machine, like.elf_class});
  return found == flags.end() ? std::nullopt : std::optional(found->second);
}

uint32_t Number(std::string_view& text) {  // wraps as glibc's does
  uint32_t out = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    out = out * 10 + static_cast<uint32_t>(text[0] - '0');
    text.remove_prefix(1);
  }
  return out;
}

// The order that the loader's binary search goes by: numbers by value, behind everything else.
int Compare(std::string_view a, std::string_view b) {
  const auto is_digit = [](std::string_view text) {
    return !text.empty() && text[0] >= '0' && text[0] <= '9';
  };
  while (!a.empty()) {
    if (is_digit(a) && is_digit(b)) {
      const auto difference = static_cast<int32_t>(Number(a) - Number(b));
      if (difference != 0) {
        return difference;
      }
    } else if (is_digit(a) != is_digit(b)) {
      return is_digit(a) ? 1 : -1;
    } else if (b.empty() || a[0] != b[0]) {
      return b.empty() ? 1 : a[0] - b[0];
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return b.empty() ? 0 : -1;
}

using Libraries = std::vector<std::pair<std::string, std::string>>;  // name -> path

// By their own names, and by sonames that no file there has as its own.
void FindLibraries(const std::string& folder, const ElfFile& like, const Tree& tree,
                   std::map<std::string, std::string>& found) {
  const Node* directory = tree.Resolve(folder);
  if (directory == nullptr) {
    return;
  }
  std::map<std::string, std::string> by_soname;
  for (const auto& child : directory->children) {
    const std::string name(child.first);
    const std::string path = folder + "/" + name;
    const Node* file = tree.Resolve(path);
    if (name.find(".so") == std::string::npos || file == nullptr ||
        file->kind != Node::Kind::kFile || !file->has_source()) {
      continue;
    }
    const std::optional<ElfFile> elf = ReadElf(file->SourcePath());
    if (elf && elf->RunsTogetherWith(like)) {
      found.emplace(name, path);
      by_soname.insert_or_assign(elf->soname.empty() ? name : elf->soname, path);
    }
  }
  found.merge(by_soname);
}

class Writer {
 public:
  explicit Writer(bool big_endian) : big_endian_(big_endian) {}

  std::string Write(const Libraries& libraries, uint32_t flags) {
    std::string strings;
    const size_t start = kHeaderBytes + libraries.size() * kEntryBytes;
    const auto string_at = [&](const std::string& text) {
      const size_t at = start + strings.size();
      strings += text + '\0';
      return static_cast<uint32_t>(at);
    };
    std::string entries;
    std::swap(out_, entries);
    for (const auto& [name, path] : libraries) {
      Put(flags);
      Put(string_at(name));
      Put(string_at(path));
      out_.append(12, '\0');  // any kernel, any processor
    }
    std::swap(out_, entries);
    out_ = kMagic;
    Put(static_cast<uint32_t>(libraries.size()));
    Put(static_cast<uint32_t>(strings.size()));
    out_ += static_cast<char>(big_endian_ ? kBigEndian : kLittleEndian);
    out_.resize(kHeaderBytes, '\0');  // no extensions
    return out_ + entries + strings;
  }

 private:
  void Put(uint32_t value) {
    for (int i = 0; i < 4; ++i) {
      out_ += static_cast<char>(value >> (8 * (big_endian_ ? 3 - i : i)));
    }
  }

  const bool big_endian_;
  std::string out_;
};

}  // namespace

void AddLoaderCache(const std::vector<std::string>& folders, const ElfFile& like, Tree& tree) {
  const std::optional<uint32_t> flags = FlagsOf(like);
  std::map<std::string, std::string> found;
  for (const std::string& folder : folders) {
    if (!folder.starts_with('/')) {
      continue;  // it would be sought below wherever a process happens to be
    }
    FindLibraries(folder, like, tree, found);
  }
  const std::string place = tree.WithoutLinks(kPath);
  if (!flags || found.empty() || tree.Find(place) != nullptr) {
    return;
  }
  Libraries libraries(found.begin(), found.end());
  std::stable_sort(libraries.begin(), libraries.end(),
                   [](const auto& a, const auto& b) { return Compare(a.first, b.first) > 0; });
  tree.AddLiteral(place, Writer(like.byte_order == ELFDATA2MSB).Write(libraries, *flags));
}

}  // namespace builder
