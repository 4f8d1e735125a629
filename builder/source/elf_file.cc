#include "builder/source/elf_file.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/path_list.h"

namespace builder {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

constexpr GElf_Word kDlopenNote = 0x407c0c0a;
constexpr std::string_view kDlopenOwner("FDO\0", 4);

class ElfReader {
 public:
  ElfReader(Elf* elf, const std::string& path) : elf_(elf), path_(path) {}

  ElfFile Read(const GElf_Ehdr& header) {
    out_.elf_class = header.e_ident[EI_CLASS];
    out_.byte_order = header.e_ident[EI_DATA];
    out_.machine = header.e_machine;
    size_t count = 0;
    if (elf_getphdrnum(elf_, &count) != 0) {
      Damaged();
    }
    for (size_t i = 0; i < count; ++i) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr) {
        Damaged();
      }
      segments_.push_back(segment);
    }
    for (const GElf_Phdr& segment : segments_) {
      if (segment.p_type == PT_INTERP) {
        const std::string_view text = Chunk(segment.p_offset, segment.p_filesz);
        out_.interpreter = text.substr(0, text.find('\0'));
      } else if (segment.p_type == PT_DYNAMIC) {
        ReadDynamic(segment);
      } else if (segment.p_type == PT_NOTE) {
        ReadNotes(segment);
      }
    }
    ReadSymbols();
    return std::move(out_);
  }

 private:
  [[noreturn]] void Damaged() const {
    base::Fail(base::ExitCode::kFailed, "{} is a damaged ELF file", path_);
  }

  std::string_view Chunk(uint64_t offset, uint64_t size) const {
    if (size == 0) {
      return {};
    }
    const Elf_Data* data =
        elf_getdata_rawchunk(elf_, static_cast<int64_t>(offset), size, ELF_T_BYTE);
    if (data == nullptr || data->d_buf == nullptr) {
      Damaged();
    }
    return {static_cast<const char*>(data->d_buf), data->d_size};
  }

  uint64_t OffsetOf(uint64_t address) const {
    for (const GElf_Phdr& segment : segments_) {
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz) {
        return segment.p_offset + (address - segment.p_vaddr);
      }
    }
    Damaged();
  }

  std::vector<GElf_Dyn> Entries(const GElf_Phdr& segment) const {
    Elf_Data* data = elf_getdata_rawchunk(elf_, static_cast<int64_t>(segment.p_offset),
                                          segment.p_filesz, ELF_T_DYN);
    if (data == nullptr) {
      Damaged();
    }
    std::vector<GElf_Dyn> out;
    GElf_Dyn entry;
    for (int i = 0; gelf_getdyn(data, i, &entry) != nullptr && entry.d_tag != DT_NULL; ++i) {
      out.push_back(entry);
    }
    return out;
  }

  void ReadDynamic(const GElf_Phdr& segment) {
    const std::vector<GElf_Dyn> entries = Entries(segment);
    uint64_t address = 0;
    uint64_t size = 0;
    for (const GElf_Dyn& entry : entries) {
      address = entry.d_tag == DT_STRTAB ? entry.d_un.d_ptr : address;
      size = entry.d_tag == DT_STRSZ ? entry.d_un.d_val : size;
    }
    const std::string_view strings = size == 0 ? "" : Chunk(OffsetOf(address), size);
    for (const GElf_Dyn& entry : entries) {
      ReadEntry(entry, strings);
    }
    if (!out_.runpath.empty()) {
      out_.rpath.clear();
    }
  }

  void ReadEntry(const GElf_Dyn& entry, std::string_view strings) {
    const auto text = [&] {
      if (entry.d_un.d_val >= strings.size()) {
        Damaged();
      }
      const std::string_view from = strings.substr(entry.d_un.d_val);
      return std::string(from.substr(0, from.find('\0')));
    };
    if (entry.d_tag == DT_NEEDED) {
      out_.needed.push_back(text());
    } else if (entry.d_tag == DT_SONAME) {
      out_.soname = text();
    } else if (entry.d_tag == DT_RPATH) {
      out_.rpath = SplitPathList(text());
    } else if (entry.d_tag == DT_RUNPATH) {
      out_.runpath = SplitPathList(text());
    } else if (entry.d_tag == DT_FLAGS_1) {
      out_.no_default_paths = (entry.d_un.d_val & DF_1_NODEFLIB) != 0;
    }
  }

  // What is damaged ends the list: nobody loads a program by its notes.
  void ReadNotes(const GElf_Phdr& segment) {
    Elf_Data* data =
        elf_getdata_rawchunk(elf_, static_cast<int64_t>(segment.p_offset), segment.p_filesz,
                             segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    GElf_Nhdr note;
    size_t name = 0;
    size_t content = 0;
    for (size_t at = 0; data != nullptr && at < data->d_size;) {
      at = gelf_getnote(data, at, &note, &name, &content);
      if (at == 0) {
        return;
      }
      const std::string_view all(static_cast<const char*>(data->d_buf), data->d_size);
      if (note.n_type == kDlopenNote && all.substr(name, note.n_namesz) == kDlopenOwner) {
        for (DlopenRequest& request : ParseDlopenNote(all.substr(content, note.n_descsz))) {
          out_.dlopens.push_back(std::move(request));
        }
      }
    }
  }

  // By the section headers, which a stripped file keeps; without them nothing is known of dlopen.
  void ReadSymbols() {
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr;
         section = elf_nextscn(elf_, section)) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNSYM) {
        continue;
      }
      Elf_Data* data = elf_getdata(section, nullptr);
      GElf_Sym symbol;
      for (int i = 0; data != nullptr && gelf_getsym(data, i, &symbol) != nullptr; ++i) {
        const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name);
        const std::string_view text = name == nullptr ? "" : name;
        out_.uses_dlopen |= symbol.st_shndx == SHN_UNDEF && (text == "dlopen" || text == "dlmopen");
      }
    }
  }

  Elf* elf_;
  const std::string& path_;
  std::vector<GElf_Phdr> segments_;
  ElfFile out_;
};

}  // namespace

std::optional<ElfFile> ReadElf(const std::string& path) {
  if (elf_version(EV_CURRENT) == EV_NONE) {
    base::Fail(base::ExitCode::kFailed, "libelf is older than what this was built with");
  }
  const base::UniqueFd fd = base::OpenForReading(path);
  const ElfHandle elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr));
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF) {
    return std::nullopt;
  }
  GElf_Ehdr header;
  if (gelf_getehdr(elf.get(), &header) == nullptr) {
    base::Fail(base::ExitCode::kFailed, "{} is a damaged ELF file", path);
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return std::nullopt;
  }
  return ElfReader(elf.get(), path).Read(header);
}

}  // namespace builder
