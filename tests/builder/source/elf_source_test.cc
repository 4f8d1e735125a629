// ELF closures: of this machine's own programs, and of programs made here with gcc for each rule of
// the loader; what the loader itself says is the measure where it can run them.
#include "builder/source/elf_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "builder/source/file_closure.h"
#include "tests/builder/source/elf_fixture.h"
#include "tests/support/errors.h"

namespace builder {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> FilesOf(const FileClosure& closure) {
  std::vector<std::string> out;
  for (const auto& file : closure.files()) {
    out.push_back(file.first);
  }
  return out;
}

// The files that ldd, which runs the loader, names for a program.
std::vector<std::string> FilesByLoader(const std::string& program) {
  std::vector<std::string> out = {Sysroot("").Resolve(program).value()};
  const std::string text = tests::MustRun({"ldd", program});
  for (size_t at = text.find('/'); at != std::string::npos; at = text.find('/', at)) {
    const size_t end = text.find(" (", at);
    const std::string path = text.substr(at, end - at);
    if (path.find(' ') == std::string::npos) {
      out.push_back(Sysroot("").Resolve(path).value());
    }
    at = end;
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

TEST(FileClosureTest, IsWhatTheLoaderFindsForProgramsOfThisMachine) {
  for (const char* program : {"/bin/bash", "/usr/bin/ssh", "/usr/bin/nix-store"}) {
    FileClosure closure((Sysroot("")));
    closure.AddProgram(program);
    EXPECT_EQ(FilesOf(closure), FilesByLoader(program)) << program;
  }
}

class ElfSourceTest : public ElfFixture {
 protected:
  std::string ErrorOf(const std::string& program) const {
    FileClosure closure((Sysroot("")));
    return tests::MessageOf([&] { closure.AddProgram(program); });
  }
  std::vector<std::string> Files(const std::string& program) const {
    FileClosure closure((Sysroot("")));
    closure.AddProgram(program);
    EXPECT_EQ(FilesOf(closure), FilesByLoader(program));
    return FilesOf(closure);
  }
};

TEST_F(ElfSourceTest, RunpathIsFollowedWithOriginAndIsNotInherited) {
  MakeLibrary("lib", "low");
  MakeLibrary("lib", "high", {"-L" + At("lib"), "-llow"});
  const std::vector<std::string> flags = {"-L" + At("lib"), "-lhigh", "-Wl,--enable-new-dtags",
                                          "-Wl,-rpath,$ORIGIN/../lib"};
  const std::string program = MakeProgram("bin/app", flags);
  EXPECT_THAT(ErrorOf(program), HasSubstr("libhigh.so needs the library liblow.so, which is "
                                          "in no folder that the loader searches"));
  MakeLibrary("lib", "high",
              {"-L" + At("lib"), "-llow", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN"});
  EXPECT_THAT(Files(program), Contains(At("lib/liblow.so")));
}

TEST_F(ElfSourceTest, RpathIsInheritedUnlessTheLibraryHasARunpath) {
  MakeLibrary("lib", "low");
  MakeLibrary("lib", "high", {"-L" + At("lib"), "-llow"});
  const std::string program = MakeProgram(
      "bin/app",
      {"-L" + At("lib"), "-lhigh", "-Wl,--disable-new-dtags", "-Wl,-rpath," + At("lib")});
  EXPECT_THAT(Files(program), Contains(At("lib/liblow.so")));
  MakeLibrary("lib", "high",
              {"-L" + At("lib"), "-llow", "-Wl,--enable-new-dtags", "-Wl,-rpath,/nowhere"});
  EXPECT_THAT(ErrorOf(program), HasSubstr("libhigh.so needs the library liblow.so"));
}

TEST_F(ElfSourceTest, PassesOverWhatIsNoLibraryOfThisMachine) {
  Put("first/libx.so", "INPUT(libx.so.1)");
  MakeLibrary("second", "x");
  std::string other = Get("second/libx.so");
  other[18] = '\x15';  // e_machine: another one
  Put("other/libx.so", other);
  const std::string program = MakeProgram(
      "bin/app", {"-L" + At("second"), "-lx",
                  "-Wl,-rpath," + At("first") + ":" + At("other") + ":" + At("second")});
  FileClosure closure((Sysroot("")));
  closure.AddProgram(program);
  EXPECT_THAT(FilesOf(closure), Contains(At("second/libx.so")));
  EXPECT_THAT(FilesOf(closure), Not(Contains(At("other/libx.so"))));
}

TEST_F(ElfSourceTest, KeepsEachLinkOfAChain) {
  MakeLibrary("real", "x");
  std::filesystem::create_directories(At("lib"));
  std::filesystem::create_symlink("libx.so.1", At("lib/libx.so"));
  std::filesystem::create_symlink("../real/libx.so", At("lib/libx.so.1"));
  const std::string program =
      MakeProgram("bin/app", {"-L" + At("lib"), "-lx", "-Wl,-rpath," + At("lib")});
  std::filesystem::create_symlink("app", At("bin/link"));
  FileClosure closure((Sysroot("")));
  closure.AddProgram(At("bin/link"));
  EXPECT_EQ(closure.links().at(At("lib/libx.so")), "libx.so.1");
  EXPECT_EQ(closure.links().at(At("lib/libx.so.1")), "../real/libx.so");
  EXPECT_EQ(closure.links().at(At("bin/link")), "app");
  EXPECT_THAT(FilesOf(closure), Contains(At("real/libx.so")));
}

// A root directory of its own: multiarch folders, ld.so.conf with an include, $LIB.
TEST_F(ElfSourceTest, ASysrootIsSearchedAndNothingElse) {
  const std::string triplet = "x86_64-linux-gnu";
  for (const char* folder : {"root/opt/conf", "root/usr/lib/x86_64-linux-gnu", "root/app/lib"}) {
    Put(std::string(folder) + "/.keep", "");
  }
  MakeLibrary("root/opt/conf", "conf", {"-nostdlib"});
  MakeLibrary("root/usr/lib/" + triplet, "usual", {"-nostdlib"});
  MakeLibrary("root/app/lib/" + triplet, "own", {"-nostdlib"});
  Put("root/etc/ld.so.conf", "# comment\ninclude ld.so.conf.d/*.conf\n");
  Put("root/etc/ld.so.conf.d/a.conf", "/opt/conf\n");
  Put("root/lib64/ld.so", "");
  MakeProgram("root/bin/app", {"-nostdlib", "-L" + At("root/opt/conf"), "-lconf",
                               "-L" + At("root/usr/lib/" + triplet), "-lusual",
                               "-L" + At("root/app/lib/" + triplet), "-lown",
                               "-Wl,-rpath,/app/${LIB}", "-Wl,--dynamic-linker,/lib64/ld.so"});
  FileClosure closure(Sysroot(At("root")));
  closure.AddProgram("/bin/app");
  EXPECT_THAT(FilesOf(closure),
              testing::ElementsAre("/app/lib/" + triplet + "/libown.so", "/bin/app", "/lib64/ld.so",
                                   "/opt/conf/libconf.so", "/usr/lib/" + triplet + "/libusual.so"));
  EXPECT_THAT(tests::MessageOf([&] { closure.AddProgram("/bin/bash"); }),
              HasSubstr("root/bin/bash does not exist"));
}

TEST_F(ElfSourceTest, BadProgramsAreRefusedInOneLine) {
  EXPECT_THAT(ErrorOf(At("none")), HasSubstr("the program " + At("none") + " does not exist"));
  EXPECT_THAT(ErrorOf(Put("script", "#!/bin/sh\n")),
              HasSubstr("is not an ELF program; for a script"));
  EXPECT_THAT(ErrorOf(scratch()), HasSubstr("is not an ELF program"));
  EXPECT_THAT(ErrorOf(Put("short", Get("../../bin/true").substr(0, 10))),
              HasSubstr("is not an ELF"));
  const std::string program = MakeProgram("app", {"-Wl,--dynamic-linker,/lib/none.so"});
  EXPECT_THAT(ErrorOf(program), HasSubstr("needs the interpreter /lib/none.so"));
  Put("cut", Get("app").substr(0, 900));
  EXPECT_THAT(ErrorOf(At("cut")), HasSubstr("is a damaged ELF file"));
  std::filesystem::create_symlink("loop", At("loop"));
  EXPECT_THAT(ErrorOf(At("loop")), HasSubstr("does not exist"));
}

TEST_F(ElfSourceTest, EntriesAreDebianPackagesAndFilesThatNoneHas) {
  if (!base::Exists("/var/lib/dpkg/status")) {
    GTEST_SKIP() << "no dpkg here";
  }
  const std::string program = MakeProgram("bin/app", {"-lcrypto"});
  const Closure closure = ResolveElf({{program, "/bin/bash"}, {}}, {}, base::Io());
  const Package* own = PackageNamed(closure, "app");
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->entry.path, program);
  EXPECT_EQ(own->entry.version, "");
  const Package* libc = PackageNamed(closure, "libc6");
  ASSERT_NE(libc, nullptr);
  EXPECT_EQ(libc->entry.version + "\n",
            tests::MustRun({"dpkg-query", "-W", "-f", "${Version}\n", "libc6:amd64"}));
  EXPECT_THAT(own->entry.references, Contains(libc->entry.path));
  EXPECT_THAT(libc->entry.nar_hash, testing::StartsWith("sha256:"));
  EXPECT_NE(PackageNamed(closure, "bash"), nullptr);
  EXPECT_EQ(closure.architecture, "x86_64");
}

TEST_F(ElfSourceTest, WhatLibcAndOpenSslOpenComesAlong) {
  const Closure closure = ResolveElf({{MakeProgram("bin/app", {"-lcrypto"})}, {}}, {}, base::Io());
  Tree tree;
  closure.fill(tree);
  const std::string lib = "/usr/lib/x86_64-linux-gnu";
  for (const std::string& path :
       {std::string("/etc/ssl/openssl.cnf"), std::string("/usr/lib/ssl/openssl.cnf"),
        lib + "/ossl-modules/legacy.so", lib + "/gconv/gconv-modules", lib + "/gconv/UTF-16.so",
        lib + "/libgcc_s.so.1", std::string("/usr/lib/locale/C.utf8/LC_CTYPE"),
        std::string("/etc/nsswitch.conf"), std::string("/lib64/ld-linux-x86-64.so.2")}) {
    if (base::Exists(path)) {
      EXPECT_NE(tree.Resolve(path), nullptr) << path;
    }
  }
}

TEST_F(ElfSourceTest, WhatIsExcludedIsNoPartOfTheClosure) {
  const std::string program = MakeProgram("bin/app", {});
  Put("data/keep", "x");
  Put("data/out/secret", "one");
  images::Contents contents;
  contents.add = {At("data")};
  contents.exclude = {"**/data/out", "/usr/share/**"};
  const auto entries = [&] {
    std::vector<images::ClosurePath> out;
    for (const Package& package : ResolveElf({{program}, {}}, contents, base::Io()).packages) {
      EXPECT_EQ(package.entry.path.find("secret"), std::string::npos);
      out.push_back(package.entry);
    }
    return out;
  };
  const std::vector<images::ClosurePath> before = entries();
  Put("data/out/secret", "two");
  EXPECT_EQ(entries(), before);
  Put("data/keep", "y");
  EXPECT_NE(entries(), before);
}

// Programs without a C library of their own, linked as Alpine's are.
TEST_F(ElfSourceTest, AProgramOfMuslHasItsLoaderForALibc) {
  Put("root/lib/none", "");
  Put("root/opt/none", "");
  Put("root/bin/none", "");
  Put("c.c", "int c;");
  Put("app.c", "extern int c; int x; void _start(void) { c = x; }");
  const auto gcc = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"gcc", "-nostdlib", "-Wl,--no-as-needed"});
    tests::MustRun(flags);
  };
  const std::string loader = At("root/lib/ld-musl-x86_64.so.1");
  gcc({"-shared", At("c.c"), "-o", loader, "-Wl,-soname,libc.musl-x86_64.so.1"});
  gcc({"-shared", At("c.c"), "-o", At("root/opt/libx.so")});
  gcc({At("app.c"), loader, "-L" + At("root/opt"), "-lx", "-o", At("root/bin/app"),
       "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"});
  FileClosure missing(Sysroot(At("root")));
  EXPECT_THAT(tests::MessageOf([&] { missing.AddProgram("/bin/app"); }),
              HasSubstr("needs the library libx.so"));
  Put("root/etc/ld-musl-x86_64.path", "/lib\n/opt");
  FileClosure closure(Sysroot(At("root")));
  closure.AddProgram("/bin/app");
  EXPECT_THAT(FilesOf(closure),
              testing::ElementsAre("/bin/app", "/lib/ld-musl-x86_64.so.1", "/opt/libx.so"));
}

TEST_F(ElfSourceTest, ANameThatIsNotUtf8IsShownInTheClosure) {
  const std::string program = MakeProgram("bin/app", {});
  Put("data/caf\xe9\xc3\xa9", "x");
  images::Contents contents;
  contents.add = {At("data/caf\xe9\xc3\xa9")};
  const Closure closure = ResolveElf({{program}, {}}, contents, base::Io());
  Tree tree;
  closure.fill(tree);
  EXPECT_NE(tree.Find(At("data/caf\xe9\xc3\xa9")), nullptr);
  EXPECT_TRUE(
      std::any_of(closure.packages.begin(), closure.packages.end(), [&](const Package& one) {
        return one.entry.path == At("data/caf\\xE9\xc3\xa9") &&
               one.entry.name == "caf\\xE9\xc3\xa9";
      }));
}

TEST_F(ElfSourceTest, AProgramThatUsesDlopenIsNamedOnce) {
  Put("a.c", "#include <dlfcn.h>\nint main(void) { return dlopen(\"x\", RTLD_NOW) == 0; }\n");
  Gcc("a.c", "app", {"-ldl"});
  const std::string said = At("said");
  base::UniqueFd fd = base::Open(said, O_WRONLY | O_CREAT, 0644);
  ResolveElf({{At("app")}, {}}, {}, base::Io{0, 1, fd.get(), false});
  EXPECT_EQ(Get("said"),
            "note: app may load more at run time (dlopen), which cannot be seen in it; name such "
            "files in contents.add\n");
  images::Contents contents;
  contents.add = {"/nowhere/plugin.so"};
  EXPECT_THAT(ResolveElf({{At("app")}, {}}, contents, base::Io{0, 1, fd.get()}).problems.Messages(),
              testing::ElementsAre("contents.add: /nowhere/plugin.so does not exist"));
}

}  // namespace
}  // namespace builder
