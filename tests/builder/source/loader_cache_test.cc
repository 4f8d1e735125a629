// The cache that glibc's loader finds libraries by, as the real loader reads it.
#include "builder/source/loader_cache.h"

#include <gmock/gmock.h>

#include "tests/builder/source/elf_fixture.h"

namespace builder {
namespace {

using testing::HasSubstr;

class LoaderCacheTest : public ElfRootFixture {};

TEST_F(LoaderCacheTest, WhatTheSourcesCacheFindsIsFoundInTheImage) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "chroot needs root";
  }
  Put("root/etc/ld.so.conf", "opt/relative\n/opt/x/lib\n/usr/local/lib\n/opt/b\n");
  // By a name in ld.so.conf's folder, and from there by $ORIGIN.
  Library("/opt/x/lib/private/libdeep.so", "deep", 1);
  Source("/opt/x/lib/libmid.so.1", "int deep(void); int mid(void) { return deep(); }\n",
         {"-shared", "-fPIC", "-Wl,-soname,libmid.so.1", Linked("/opt/x/lib/private/libdeep.so"),
          "-Wl,-rpath,$ORIGIN/private"});
  // One soname in three folders.
  Library("/opt/a/libx.so.1", "a", 2);
  Library("/opt/b/libx.so.1", "b", 4);
  Library("/usr/lib/x86_64-linux-gnu/libx.so.1", "c", 8);
  Source("/usr/bin/a", "int a(void); int main(void) { return a(); }\n",
         {Linked("/opt/a/libx.so.1"), "-Wl,-rpath,/opt/a"});
  Source("/usr/bin/c", "int c(void); int main(void) { return c(); }\n",
         {Linked("/usr/lib/x86_64-linux-gnu/libx.so.1"), "-Wl,-rpath,/usr/lib/x86_64-linux-gnu"});
  // By dlopen: what contents.add names, under its soname, which is no file's name.
  Library("/usr/local/lib/libplug-1.9.so", "plug", 16, {"-Wl,-soname,libplug.so.1"});
  Library("/elsewhere/libfile.so", "file", 32);
  Library("/opt/relative/libfile.so", "file", 64);  // where it is depends on a process
  Source("/usr/bin/b",
         "#include <dlfcn.h>\nint mid(void); int b(void);\n"
         "int main(void) { void* plug = dlopen(\"libplug.so.1\", RTLD_NOW);\n"
         "  void* file = dlopen(\"libfile.so\", RTLD_NOW);\n"
         "  return mid() + b() + (plug ? ((int (*)(void))dlsym(plug, \"plug\"))() : 0) +\n"
         "    (file ? ((int (*)(void))dlsym(file, \"file\"))() : 0); }\n",
         {Linked("/opt/x/lib/libmid.so.1"), Linked("/opt/b/libx.so.1")});

  images::Definition definition;
  definition.contents.add = {"/usr/local/lib/libplug-1.9.so", "/opt/relative/libfile.so"};
  definition.contents.files["/usr/local/lib/libfile.so"] = Linked("/elsewhere/libfile.so");
  Unpack(ImageOf(definition, {"/usr/bin/a", "/usr/bin/b", "/usr/bin/c"}).root(), At("image"));
  tests::MustRun({"ldconfig", "-r", At("root")});
  EXPECT_EQ(Run(At("root"), "/usr/bin/b"), 1 + 4 + 16 + 64);
  for (const auto& [program, value] :
       {std::pair("a", 2), std::pair("b", 1 + 4 + 16 + 32), std::pair("c", 8)}) {
    EXPECT_EQ(Run(At("image"), std::string("/usr/bin/") + program), value) << program;
  }
}

// The loader finds a name by halving: each must be found, in glibc's order of names.
TEST_F(LoaderCacheTest, EveryOfManyNamesIsFoundAndLdconfigReadsThem) {
  const std::vector<std::string> names = {
      "libz.so.1",  "libz.so.9",   "libz.so.10",  "libz1.so",        "liba-2.so",
      "liba-10.so", "liba_x.so",   "liba.so",     "libaB.so",        "lib0.so",
      "lib.so",     "libz.so.1.2", "libz2a.so.3", "libz2a.so.3.0.1", "libzz.so.007"};
  Put("root/etc/ld.so.conf", "/opt/lib\n");
  std::string calls = "#include <dlfcn.h>\nint main(void) { int n = 0;\n";
  images::Definition definition;
  Library("/opt/lib/" + names[0], "one", 1);
  for (const std::string& name : names) {
    if (name != names[0]) {
      std::filesystem::copy_file(Linked("/opt/lib/" + names[0]), Linked("/opt/lib/" + name));
    }
    definition.contents.add.push_back("/opt/lib/" + name);
    calls += "n += dlopen(\"" + name + "\", RTLD_NOW) != 0;\n";
  }
  Source("/usr/bin/app", calls + "return n; }\n", {});
  const Tree tree = ImageOf(definition, {"/usr/bin/app"});
  Unpack(tree.root(), At("image"));
  const std::string listed = tests::MustRun({"ldconfig", "-p", "-C", At("image/etc/ld.so.cache")});
  for (const std::string& name : names) {
    EXPECT_THAT(listed, HasSubstr("\t" + name + " (libc6,x86-64) => /opt/lib/" + name + "\n"));
  }
  if (::geteuid() == 0) {
    EXPECT_EQ(Run(At("image"), "/usr/bin/app"), static_cast<int>(names.size()));
  }
  definition.contents.files["/etc/ld.so.cache"] = Put("own", "one's own");
  EXPECT_EQ(ImageOf(definition, {"/usr/bin/app"}).Find("/etc/ld.so.cache")->SourcePath(),
            At("own"));
}

}  // namespace
}  // namespace builder
