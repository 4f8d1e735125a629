// Programs and libraries made here with gcc, and a root directory that they run in, for tests of
// ELF sources.
#ifndef TESTS_BUILDER_SOURCE_ELF_FIXTURE_H_
#define TESTS_BUILDER_SOURCE_ELF_FIXTURE_H_

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/file.h"
#include "builder/contents/closure_tree.h"
#include "builder/source/elf_source.h"
#include "tests/support/run.h"
#include "tests/support/scratch.h"

namespace builder {

// Makes programs and libraries with gcc.
class ElfFixture : public tests::ScratchTest {
 protected:
  // A library lib<name>.so below `folder` of the scratch directory.
  void MakeLibrary(const std::string& folder, const std::string& name,
                   const std::vector<std::string>& flags = {}) const {
    Put(folder + "/" + name + ".c", "int " + name + "(void) { return 0; }\n");
    Gcc(folder + "/" + name + ".c", folder + "/lib" + name + ".so",
        With({"-shared", "-fPIC", "-Wl,-soname,lib" + name + ".so"}, flags));
  }
  std::string MakeProgram(const std::string& path, const std::vector<std::string>& flags) const {
    Put(path + ".c", "int main(void) { return 0; }\n");
    Gcc(path + ".c", path, flags);
    return At(path);
  }
  // Everything is linked, used or not; indirect libraries are the loader's to find.
  void Gcc(const std::string& from, const std::string& to,
           const std::vector<std::string>& flags) const {
    tests::MustRun(With({"gcc", "-o", At(to), At(from), "-Wl,--no-as-needed",
                         "-Wl,--allow-shlib-undefined", "-Wl,--unresolved-symbols=ignore-all"},
                        flags));
  }
  static std::vector<std::string> With(std::vector<std::string> first,
                                       const std::vector<std::string>& rest) {
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
  }
};

inline const Package* PackageNamed(const Closure& closure, const std::string& name) {
  for (const Package& package : closure.packages) {
    if (package.entry.name == name) {
      return &package;
    }
  }
  return nullptr;
}

// What is in the tree, at `folder` of this machine.
inline void Unpack(const Node& node, const std::string& path) {
  if (node.kind == Node::Kind::kSymlink) {
    std::filesystem::create_symlink(std::string(node.text()), path);
  } else if (node.kind == Node::Kind::kDirectory) {
    std::filesystem::create_directories(path);
    for (const auto& [name, child] : node.children) {
      Unpack(*child, fmt::format("{}/{}", path, name));
    }
  } else if (!node.has_source()) {
    base::WriteFileAtomically(path, std::string(node.text()));
  } else {
    std::filesystem::copy_file(node.SourcePath(), path);
  }
}

// A root directory with this machine's C library, whose programs run in it and in its image.
class ElfRootFixture : public ElfFixture {
 protected:
  ElfRootFixture() {
    for (const char* path :
         {"/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libc.so.6"}) {
      Put(std::string("root") + path, base::ReadFile(path));
      std::filesystem::permissions(At(std::string("root") + path),
                                   std::filesystem::perms::owner_all);
    }
  }
  // A library whose `function` returns `value`.
  void Library(const std::string& path, const std::string& function, int value,
               const std::vector<std::string>& flags = {}) const {
    Source(path, "int " + function + "(void) { return " + std::to_string(value) + "; }\n",
           With({"-shared", "-fPIC", "-Wl,-soname," + base::BaseName(path)}, flags));
  }
  void Source(const std::string& path, const std::string& text,
              const std::vector<std::string>& flags) const {
    Put("source.c", text);
    base::MakeDirectories(base::ParentOf(At("root" + path)));
    Gcc("source.c", "root" + path, flags);
  }
  std::string Linked(const std::string& path) const { return At("root" + path); }
  Tree ImageOf(images::Definition definition, const std::vector<std::string>& programs) const {
    Closure closure = ResolveElf({programs, At("root")}, definition.contents, base::Io());
    return MakeTree(definition, closure);
  }
  static int Run(const std::string& root, const std::string& program) {
    return tests::RunCommand({"chroot", root, program}).exit_code;
  }
};

}  // namespace builder

#endif  // TESTS_BUILDER_SOURCE_ELF_FIXTURE_H_
