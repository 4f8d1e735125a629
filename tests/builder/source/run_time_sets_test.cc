// What comes along because programs are known to open it: standard libraries of languages; what is
// said of the rest; and which package each file belongs to.
#include "builder/source/run_time_sets.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "builder/source/debian_packages.h"
#include "tests/builder/source/elf_fixture.h"

namespace builder {
namespace {

using testing::HasSubstr;
using testing::Not;

class RunTimeSetsTest : public ElfRootFixture {
 protected:
  // The closure, and in `said` what was said on the way.
  Closure Resolve(const std::vector<std::string>& programs, const std::string& root,
                  const images::Contents& contents = {}) {
    const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    Closure out = ResolveElf({programs, root}, contents, base::Io{0, 1, fd.get(), false});
    said = Get("said");
    return out;
  }
  static bool Has(Closure closure, const std::string& path) {
    Tree tree;
    closure.fill(tree);
    return tree.Resolve(path) != nullptr;
  }

  std::string said;
};

TEST_F(RunTimeSetsTest, ThisMachinesPerlRunsInItsImage) {
  if (!base::Exists("/usr/lib/x86_64-linux-gnu/perl-base")) {
    GTEST_SKIP() << "this is not Debian";
  }
  images::Definition definition;
  Closure closure = Resolve({"/usr/bin/perl"}, "");
  EXPECT_THAT(said, HasSubstr("note: the standard library of perl is included"));
  EXPECT_THAT(said, Not(HasSubstr("dlopen")));
  EXPECT_LT(closure.packages.size(), 20U);
  Unpack(MakeTree(definition, closure).root(), At("image"));
  if (::geteuid() == 0) {
    std::filesystem::permissions(At("image/usr/bin/perl"), std::filesystem::perms::owner_all);
    Put("image/use.pl", "use POSIX; use File::Temp; use Socket; exit POSIX::floor(0.5);\n");
    tests::MustRun({"chroot", At("image"), "/usr/bin/perl", "/use.pl"});
  }
}

// As python.org and docker's images lay it out.
TEST_F(RunTimeSetsTest, AStandardLibraryIsOnePackageWithoutWhatIsNotNeeded) {
  Source("/usr/local/bin/python3.12",
         "#include <dlfcn.h>\nint main(void) { return dlopen(\"x\", 1) == 0; }\n", {});
  const std::string lib = "/usr/local/lib/python3.12";
  for (const char* file : {"os.py", "json/decoder.py", "test/test_os.py", "unittest/tests/x.py",
                           "json/__pycache__/decoder.cpython-312.pyc", "site-packages/pip/main.py",
                           "site-packages/six.py", "config-3.12-x86_64/libpython.a"}) {
    Put("root" + lib + "/" + file, file);
  }
  Library("/nowhere/libtk.so", "tk", 1);
  Source(lib + "/lib-dynload/_tkinter.so", "int x;\n",
         {"-shared", "-fPIC", Linked("/nowhere/libtk.so")});
  std::filesystem::remove(Linked("/nowhere/libtk.so"));
  Library("/usr/local/lib/libssl.so.3", "ssl", 1);
  Source(lib + "/lib-dynload/_ssl.so", "int x;\n",
         {"-shared", "-fPIC", Linked("/usr/local/lib/libssl.so.3")});
  Put("root/etc/ld.so.conf", "/usr/local/lib\n");

  const Closure closure = Resolve({"/usr/local/bin/python3.12"}, At("root"));
  EXPECT_EQ(said,
            "note: the standard library of python3.12 is included; name other modules in "
            "contents.add, and what is not needed in contents.exclude\n");
  const Package* library = PackageNamed(closure, "python3.12");
  ASSERT_NE(library, nullptr);
  EXPECT_EQ(library->paths, (std::vector<std::string>{"/usr/local/bin/python3.12"}));
  library = &*std::find_if(closure.packages.begin(), closure.packages.end(),
                           [&](const Package& one) { return one.folders.contains(lib); });
  EXPECT_EQ(library->paths,
            (std::vector<std::string>{lib + "/json/decoder.py", lib + "/lib-dynload/_ssl.so",
                                      lib + "/lib-dynload/_tkinter.so", lib + "/os.py"}));
  EXPECT_TRUE(Has(closure, "/usr/local/lib/libssl.so.3"));

  images::Contents contents;
  contents.add = {lib + "/site-packages"};
  contents.exclude = {"**/json"};
  const Closure more = Resolve({"/usr/local/bin/python3.12"}, At("root"), contents);
  EXPECT_EQ(PackageNamed(more, "site-packages")->paths.size(), 2U);
  EXPECT_FALSE(Has(more, lib + "/json"));
  contents.exclude = {"**/python3.12/**"};
  Resolve({"/usr/local/bin/python3.12"}, At("root"), contents);
  EXPECT_THAT(said, Not(HasSubstr("standard library")));
}

// A program with the standard library of python3.12, character sets and names of users.
class NamedSetsTest : public RunTimeSetsTest {
 protected:
  NamedSetsTest() {
    Source("/usr/bin/python3.12", "int main(void) { return 0; }\n", {});
    Put("root/usr/lib/python3.12/os.py", "x");
    Put("root/usr/lib/x86_64-linux-gnu/gconv/gconv-modules", "x");
    Put("root/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "x");
    Put("root/etc/nsswitch.conf", "hosts: files dns\n");
  }
  // Of those files, what the image has with these sets.
  std::string With(const std::optional<std::vector<std::string>>& sets,
                   const std::vector<std::string>& excluded = {}) {
    images::Contents contents;
    contents.sets = sets;
    contents.exclude = excluded;
    const Closure closure = Resolve({"/usr/bin/python3.12"}, At("root"), contents);
    problems = closure.problems.Messages();
    taken = closure.sets;
    std::string out;
    for (const auto& [word, path] : std::map<std::string, std::string>{
             {"python", "/usr/lib/python3.12/os.py"},
             {"gconv", "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules"},
             {"gcc", "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"},
             {"nss", "/etc/nsswitch.conf"}}) {
      out += Has(closure, path) ? word + " " : "";
    }
    return out;
  }

  std::vector<std::string> problems;
  std::map<std::string, std::string> taken;
};

TEST_F(NamedSetsTest, ExactlyTheNamedOnesAreTakenAndTheirReasonsAreKept) {
  EXPECT_EQ(With(std::nullopt), "gcc gconv nss python ");
  EXPECT_EQ(taken, (std::map<std::string, std::string>{
                       {"gconv", "libc.so.6"}, {"nss", "libc.so.6"}, {"python", "python3.12"}}));
  EXPECT_EQ(With(std::vector<std::string>()), "gcc ");
  EXPECT_TRUE(taken.empty());
  EXPECT_THAT(said, Not(HasSubstr("standard library")));
  EXPECT_EQ(With({{"python"}}), "gcc python ");
  EXPECT_EQ(With({{"nss", "gconv", "nss"}}), "gcc gconv nss ");
  EXPECT_EQ(With({{"default"}}), "gcc gconv nss python ");
  EXPECT_THAT(problems, testing::IsEmpty());
}

TEST_F(NamedSetsTest, WhatIsAllExcludedIsInNoReport) {
  EXPECT_EQ(With({{"python", "nss", "gconv"}}, {"**/python3.12/**", "**/gconv"}), "gcc nss ");
  EXPECT_EQ(taken, (std::map<std::string, std::string>{{"nss", "libc.so.6"}}));
  EXPECT_THAT(problems, testing::IsEmpty());
}

TEST_F(NamedSetsTest, WhatIsNamedAndNotToBeHadIsAProblem) {
  With({{"ruby", "python", "locale", "default"}});
  EXPECT_THAT(
      problems,
      testing::ElementsAre(
          "contents.sets: nothing in the image uses the set 'ruby': leave it out, or name what "
          "uses it in source.elf",
          HasSubstr("contents.sets: nothing of the set 'locale' is beside " + At("root") +
                    "/usr/lib/x86_64-linux-gnu/libc.so.6: install the package that has it")));
  std::filesystem::remove_all(At("root/usr/lib/python3.12"));
  EXPECT_EQ(With(std::nullopt), "gcc gconv nss ");
  EXPECT_THAT(problems, testing::IsEmpty());
  With({{"python"}});
  EXPECT_THAT(problems, testing::ElementsAre(HasSubstr("nothing of the set 'python' is beside " +
                                                       At("root") + "/usr/bin/python3.12")));
}

TEST_F(RunTimeSetsTest, ModulesOfLibrariesAreOfferedAndTakenByName) {
  const std::string lib = "/usr/lib/x86_64-linux-gnu";
  const std::string open = "#include <dlfcn.h>\nvoid* f(void) { return dlopen(\"x\", 1); }\n";
  std::vector<std::string> flags;
  for (const char* name :
       {"libgdk_pixbuf-2.0.so.0", "libgio-2.0.so.0", "libMagickCore-7.Q16.so.10"}) {
    Source(lib + "/" + name, open, {"-shared", "-fPIC", std::string("-Wl,-soname,") + name});
    flags.push_back(Linked(lib + "/" + name));
  }
  Source("/usr/bin/app", "int main(void) { return 0; }\n", flags);
  Library(lib + "/libsvg.so.2", "svg", 1);
  const std::vector<std::string> modules = {lib + "/gdk-pixbuf-2.0/2.10.0/loaders/svg.so",
                                            lib + "/gio/modules/libgiognutls.so",
                                            lib + "/ImageMagick-7.1.1/modules-Q16/coders/svg.so"};
  for (const std::string& module : modules) {
    Source(module, "int x;\n", {"-shared", "-fPIC", Linked(lib + "/libsvg.so.2")});
  }
  const std::vector<std::string> others = {
      lib + "/gdk-pixbuf-2.0/2.10.0/loaders.cache", lib + "/ImageMagick-7.1.1/config/x.xml",
      "/etc/ImageMagick-7/policy.xml", "/usr/share/ImageMagick-7/english.xml"};
  for (const std::string& file : others) {
    Put("root" + file, "x");
  }
  Put("root" + lib + "/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders", "x");
  const Closure without = Resolve({"/usr/bin/app"}, At("root"));
  EXPECT_EQ(said,
            "note: modules that libgdk_pixbuf-2.0.so.0 or libgio-2.0.so.0 or "
            "libMagickCore-7.Q16.so.10 opens are not included; contents.sets takes them: "
            "[\"default\", \"gdk-pixbuf\", \"gio\", \"imagemagick\"]\n");
  EXPECT_FALSE(Has(without, modules[0]));

  images::Contents contents;
  contents.sets = {"default", "gdk-pixbuf", "gio", "imagemagick"};
  const Closure with = Resolve({"/usr/bin/app"}, At("root"), contents);
  EXPECT_EQ(said, "");
  for (const std::string& file : modules) {
    EXPECT_TRUE(Has(with, file)) << file;
  }
  for (const std::string& file : others) {
    EXPECT_TRUE(Has(with, file)) << file;
  }
  EXPECT_TRUE(Has(with, lib + "/libsvg.so.2"));
  EXPECT_FALSE(Has(with, lib + "/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders"));
}

TEST_F(RunTimeSetsTest, EachLayoutIsFound) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> layouts = {
      {"/usr/bin/python3.13", {"/usr/lib64/python3.13/os.py", "/usr/lib/python3.13/x.py"}},
      {"/opt/a/bin/perl5.40.1", {"/opt/a/lib/perl5/5.40.1/strict.pm"}},
      {"/opt/b/bin/perl", {"/opt/b/lib64/perl5/Config.pm", "/opt/b/share/perl5/strict.pm"}},
      {"/opt/c/bin/perl",
       {"/opt/c/lib/perl5/core_perl/Config.pm", "/opt/c/share/perl5/core_perl/strict.pm"}},
      {"/opt/d/bin/ruby3.1",
       {"/opt/d/lib/x86_64-linux-gnu/ruby/3.1.0/socket.so",
        "/opt/d/lib/ruby/vendor_ruby/rubygems.rb", "/opt/d/share/rubygems-integration/all/x"}},
      {"/opt/e/bin/ruby", {"/opt/e/lib/ruby/3.3.0/set.rb"}},
      {"/opt/f/lib/x86_64-linux-gnu/libtcl8.6.so.0", {"/opt/f/share/tcltk/tcl8.6/init.tcl"}},
      {"/opt/i/bin/java",
       {"/opt/i/lib/jvm.cfg", "/opt/i/lib/server/libjvm.so", "/opt/i/conf/net.properties"}},
      {"/opt/g/lib/libpython3.9.so.1.0", {"/opt/g/lib/python3.9/os.py"}},
      {"/opt/h/lib64/libruby.so.3.2", {"/opt/h/lib64/ruby/x.so", "/opt/h/share/ruby/set.rb"}}};
  for (const auto& [program, files] : layouts) {
    Source(program, "int main(void) { return 0; }\n", {});
    for (const std::string& file : files) {
      Put("root" + file, "x");
    }
    const Closure closure = Resolve({program}, At("root"));
    for (const std::string& file : files) {
      EXPECT_TRUE(Has(closure, file)) << file;
    }
    EXPECT_EQ(std::count_if(closure.packages.begin(), closure.packages.end(),
                            [](const Package& one) { return !one.folders.empty(); }),
              1)
        << program;
  }
  for (const char* other :
       {"/usr/bin/pythonize", "/usr/bin/perlito", "/usr/bin/python3.14", "/srv/ruby"}) {
    Source(other, "int main(void) { return 0; }\n", {});
    Resolve({other}, At("root"));
    EXPECT_EQ(said, "") << other;
  }
}

TEST_F(RunTimeSetsTest, DlopenIsToldOfLibrariesUntilContentsBringOne) {
  Source("/usr/lib/x86_64-linux-gnu/libload.so",
         "#include <dlfcn.h>\nvoid* load(void) { return dlopen(\"x\", 1); }\n",
         {"-shared", "-fPIC", "-Wl,-soname,libload.so"});
  Library("/opt/libplug.so", "plug", 1);
  Put("root/opt/data", "x");
  Source("/usr/bin/app", "int load(void); int main(void) { return load(); }\n",
         {Linked("/usr/lib/x86_64-linux-gnu/libload.so")});
  const std::string note =
      "note: libload.so may load more at run time (dlopen), which cannot be seen in it; name such "
      "files in contents.add\n";
  images::Contents contents;
  Resolve({"/usr/bin/app"}, At("root"));
  EXPECT_EQ(said, note);
  contents.add = {"/opt/data"};
  Resolve({"/usr/bin/app"}, At("root"), contents);
  EXPECT_EQ(said, note);
  contents.add = {"/opt"};
  Resolve({"/usr/bin/app"}, At("root"), contents);
  EXPECT_EQ(said, "");
}

TEST_F(RunTimeSetsTest, ACompiledModuleBelongsToThePackageOfItsSource) {
  if (!base::Exists("/usr/bin/dpkg-query")) {
    GTEST_SKIP() << "no dpkg here";
  }
  Put("root/var/lib/dpkg/status",
      "Package: pylib\nStatus: install ok installed\nArchitecture: all\nVersion: 3.1\nMaintainer: "
      "x\nDescription: x\n\n");
  Put("root/var/lib/dpkg/info/pylib.list", "/.\n/usr/lib/py/os.py\n/lib/py/old.py\n");
  const std::string folder = "/usr/lib/py/__pycache__/";
  const auto owners = DebianPackagesOf(
      Sysroot(At("root")),
      {"/usr/lib/py/os.py", folder + "os.cpython-311.opt-1.pyc", folder + "old.cpython-311.pyc",
       folder + "none.cpython-311.pyc", "/usr/lib/py/os.pyc"});
  ASSERT_EQ(owners.size(), 3U);
  EXPECT_EQ(owners.at(folder + "os.cpython-311.opt-1.pyc").version, "3.1");
  EXPECT_EQ(owners.at(folder + "old.cpython-311.pyc").name, "pylib");
}

}  // namespace
}  // namespace builder
