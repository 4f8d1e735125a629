// What programs and libraries say in .note.dlopen that they open at run time.
#include "builder/source/dlopen_note.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/builder/source/elf_fixture.h"

namespace builder {
namespace {

using testing::ElementsAre;
using Priority = DlopenRequest::Priority;

TEST(ParseDlopenNoteTest, EachEntryHasAlternativesAndAPriority) {
  const std::string text =
      R"([{"soname": ["liba.so.2", "liba.so.1"], "feature": "a", "priority": "suggested", "x": 1},
          {"soname": ["libb.so.1"], "priority": "required", "description": "does b"},
          {"soname": ["libc.so.1"]}, {"soname": ["libd.so.1"], "priority": "urgent"}])";
  for (const std::string& padded : {text, text + std::string(4, '\0')}) {
    const std::vector<DlopenRequest> requests = ParseDlopenNote(padded);
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_THAT(requests[0].sonames, ElementsAre("liba.so.2", "liba.so.1"));
    EXPECT_EQ(requests[0].feature, "a");
    EXPECT_EQ(requests[0].priority, Priority::kSuggested);
    EXPECT_EQ(requests[1].priority, Priority::kRequired);
    EXPECT_EQ(requests[2].priority, Priority::kRecommended);
    EXPECT_EQ(requests[3].priority, Priority::kRecommended);
  }
}

TEST(ParseDlopenNoteTest, WhatIsNotAsSpecifiedSaysNothing) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("{}"), std::string("[1, null, [], {}]"),
        std::string(R"([{"soname": "liba.so"}])"), std::string(R"([{"soname": [1, ""]}])"),
        std::string(R"([{"soname": ["../a", "/etc/shadow", "a\nb", "."]}])"),
        "[{\"soname\": [\"" + std::string(300, 'x') + "\"]}]", std::string("[\"\xff\"]"),
        std::string(100000, '['), std::string(R"([{"soname": ["a"], "soname": ["b"]}])")}) {
    EXPECT_TRUE(ParseDlopenNote(text).empty()) << text.substr(0, 80);
  }
}

class DlopenNoteTest : public ElfRootFixture {
 protected:
  // A note as C; `size` as its header says it.
  static std::string Note(const std::string& json, size_t size = 0) {
    const std::string bytes = std::to_string(json.size() + 1);
    return "static const struct { unsigned head[3]; char name[4]; char json[" + bytes +
           "]; } note __attribute__((section(\".note.dlopen\"), used, aligned(4))) = {{4, " +
           (size == 0 ? bytes : std::to_string(size)) + ", 0x407c0c0a}, \"FDO\", R\"(" + json +
           ")\"};\n";
  }
  static std::string Path(const std::string& library) {
    return "/usr/lib/x86_64-linux-gnu/" + library;
  }
  // A library that says so itself.
  void LibraryWith(const std::string& name, const std::string& json) const {
    Source(Path(name), Note(json) + "int " + name.substr(0, name.find('.')) + "_f;\n",
           {"-shared", "-fPIC", "-Wl,-soname," + name});
  }
  Closure Resolve(const std::string& program) {
    const base::UniqueFd fd = base::Open(At("said"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    Closure out = ResolveElf({{program}, At("root")}, {}, base::Io{0, 1, fd.get(), false});
    said = Get("said");
    return out;
  }

  std::string said;
};

TEST_F(DlopenNoteTest, RequiredAndRecommendedLibrariesComeAlongAndOpenInTheImage) {
  Library(Path("libdeep.so.1"), "deep", 3);
  Library(Path("libreq.so.1"), "req", 3, {Linked(Path("libdeep.so.1"))});
  Library(Path("librec.so.1"), "rec", 4);
  Library(Path("libsug.so.1"), "sug", 5);
  Library("/opt/app/libown.so", "own", 6);
  Source("/opt/app/run",
         Note(R"([{"soname": ["libreq.so.1"], "priority": "required"},
                  {"soname": ["librec.so.2", "librec.so.1"], "feature": "rec"},
                  {"soname": ["libown.so"], "priority": "recommended"},
                  {"soname": ["libsug.so.1"], "priority": "suggested", "feature": "colours"},
                  {"soname": ["libgone.so.1"], "priority": "required"},
                  {"soname": ["libaway.so.1"], "feature": "x"}])") +
             "#include <dlfcn.h>\n"
             "int main(void) { return !dlopen(\"libreq.so.1\", 1) + !dlopen(\"librec.so.1\", 1) + "
             "!dlopen(\"libown.so\", 1); }\n",
         {"-Wl,-rpath,/opt/app"});
  images::Definition definition;
  Closure closure = Resolve("/opt/app/run");
  EXPECT_EQ(
      said,
      "note: opened at run time by what says so (.note.dlopen), and included: libown.so, "
      "librec.so.1, libreq.so.1\n"
      "note: opened at run time (.note.dlopen), and not there: libaway.so.1 "
      "(recommended by run), libgone.so.1 (required by run); install the packages that have "
      "them\n"
      "note: only suggested (.note.dlopen), and left out: libsug.so.1 (colours); contents.add "
      "takes the files\n");
  const Package* program = PackageNamed(closure, "run");
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(program->entry.references, testing::Contains(Path("libreq.so.1")));
  const Tree tree = MakeTree(definition, closure);
  for (const char* file : {"libreq.so.1", "libdeep.so.1", "librec.so.1"}) {
    EXPECT_NE(tree.Resolve(Path(file)), nullptr) << file;
  }
  EXPECT_NE(tree.Resolve("/opt/app/libown.so"), nullptr);
  EXPECT_EQ(tree.Resolve(Path("libsug.so.1")), nullptr);
  if (::geteuid() == 0) {
    Unpack(tree.root(), At("image"));
    std::filesystem::permissions(At("image/opt/app/run"), std::filesystem::perms::owner_all);
    std::filesystem::permissions(At("image/lib64/ld-linux-x86-64.so.2"),
                                 std::filesystem::perms::owner_all);
    EXPECT_EQ(Run(At("image"), "/opt/app/run"), 0);
  }
}

TEST_F(DlopenNoteTest, ALibrarysNoteCountsAndSoDoWhatItLeadsTo) {
  Source(Path("libplug.so.1"),
         "#include <dlfcn.h>\nvoid* plug(void) { return dlopen(\"x\", 1); }\n",
         {"-shared", "-fPIC", "-Wl,-soname,libplug.so.1"});
  // Each opens the other.
  LibraryWith("libone.so.1", R"([{"soname": ["libtwo.so.1"]}, {"soname": ["libplug.so.1"]}])");
  LibraryWith("libtwo.so.1", R"([{"soname": ["libone.so.1"], "priority": "required"}])");
  Source("/usr/bin/app", "int main(void) { return 0; }\n", {Linked(Path("libone.so.1"))});
  Closure closure = Resolve("/usr/bin/app");
  EXPECT_EQ(said,
            "note: libplug.so.1 may load more at run time (dlopen), which cannot be seen in it; "
            "name such files in contents.add\n"
            "note: opened at run time by what says so (.note.dlopen), and included: libone.so.1, "
            "libplug.so.1, libtwo.so.1\n");
  EXPECT_NE(PackageNamed(closure, "libtwo.so.1"), nullptr);
}

TEST_F(DlopenNoteTest, WhatIsExcludedOrDamagedIsNotTaken) {
  Library(Path("librec.so.1"), "rec", 4);
  const std::string json = R"([{"soname": ["librec.so.1"]}])";
  Source("/usr/bin/app", Note(json) + "int main(void) { return 0; }\n", {});
  images::Contents contents;
  contents.exclude = {"**/librec*"};
  EXPECT_EQ(
      PackageNamed(ResolveElf({{"/usr/bin/app"}, At("root")}, contents, base::Io()), "librec.so.1"),
      nullptr);
  for (const size_t size : {size_t{5}, size_t{4000000000}}) {
    Source("/usr/bin/app", Note(json, size) + "int main(void) { return 0; }\n", {});
    EXPECT_EQ(PackageNamed(Resolve("/usr/bin/app"), "librec.so.1"), nullptr) << size;
    EXPECT_EQ(said, "") << size;
  }
}

}  // namespace
}  // namespace builder
