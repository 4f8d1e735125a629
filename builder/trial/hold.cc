#include "builder/trial/hold.h"

#include <elf.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/atomic_file.h"
#include "base/error.h"

namespace builder {
namespace {

// kill(getpid(), SIGSTOP); execve(argv[1], &argv[1], environ); exit(203)
#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr std::array<uint8_t, 54> kCode = {
    0xb8, 0x27, 0,    0,    0,    0x0f, 0x05,  // mov $39,%eax; syscall
    0x89, 0xc7,                                // mov %eax,%edi
    0xbe, 0x13, 0,    0,    0,                 // mov $19,%esi
    0xb8, 0x3e, 0,    0,    0,    0x0f, 0x05,  // mov $62,%eax; syscall
    0x59,                                      // pop %rcx
    0x48, 0x8d, 0x74, 0x24, 0x08,              // lea 8(%rsp),%rsi
    0x48, 0x8b, 0x3e,                          // mov (%rsi),%rdi
    0x48, 0x8d, 0x54, 0xcc, 0x08,              // lea 8(%rsp,%rcx,8),%rdx
    0xb8, 0x3b, 0,    0,    0,    0x0f, 0x05,  // mov $59,%eax; syscall
    0xbf, 0xcb, 0,    0,    0,                 // mov $203,%edi
    0xb8, 0x3c, 0,    0,    0,    0x0f, 0x05   // mov $60,%eax; syscall
};
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr std::array<uint32_t, 15> kCode = {
    0xd2801588, 0xd4000001,              // mov x8,#172; svc #0
    0xd2800261, 0xd2801028, 0xd4000001,  // mov x1,#19; mov x8,#129; svc #0
    0xf94003e2, 0x910043e1, 0xf9400020,  // ldr x2,[sp]; add x1,sp,#16; ldr x0,[x1]
    0x8b226fe2, 0x91004042,              // add x2,sp,x2,lsl #3; add x2,x2,#16
    0xd2801ba8, 0xd4000001,              // mov x8,#221; svc #0
    0xd2801960, 0xd2800ba8, 0xd4000001   // mov x0,#203; mov x8,#93; svc #0
};
#else
constexpr uint16_t kMachine = EM_NONE;
constexpr std::array<uint8_t, 1> kCode = {0};
#endif

template <typename Value>
std::string_view BytesOf(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

bool WriteHold(const std::string& path) {
  if (kMachine == EM_NONE) {
    return false;
  }
  constexpr uint64_t kBase = 0x400000;
  constexpr uint64_t kStart = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  Elf64_Ehdr header{};
  header.e_ident[EI_MAG0] = ELFMAG0;
  header.e_ident[EI_MAG1] = ELFMAG1;
  header.e_ident[EI_MAG2] = ELFMAG2;
  header.e_ident[EI_MAG3] = ELFMAG3;
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = kMachine;
  header.e_version = EV_CURRENT;
  header.e_entry = kBase + kStart;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = segment.p_paddr = kBase;
  segment.p_filesz = segment.p_memsz = kStart + sizeof kCode;
  segment.p_align = 0x1000;
  std::string content(BytesOf(header));
  content += BytesOf(segment);
  content += BytesOf(kCode);
  base::WriteFileAtomically(path, content, 0755);
  if (::chmod(path.c_str(), 0755) != 0) {
    base::FailErrno(errno, "cannot make {} executable", path);
  }
  return true;
}

}  // namespace builder
