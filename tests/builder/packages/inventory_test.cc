// What the records in a tree say, and what of it is left when the image leaves something out.
#include "builder/packages/inventory.h"

#include <elf.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <cstring>
#include <functional>

#include "builder/source/exclusions.h"

namespace builder {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kDpkgStatus = "/var/lib/dpkg/status";
constexpr const char* kApkInstalled = "/lib/apk/db/installed";
constexpr size_t kProgramBytes = 300 << 10;

using RootFiles = std::map<std::string, std::string>;

std::string RecordText(const PackageRecord& record) {
  std::string out = fmt::format("{} {} {}", record.origin.type, record.name, record.version);
  if (!record.origin.source_name.empty()) {
    out += fmt::format(" of {} {}", record.origin.source_name, record.origin.source_version);
  }
  if (record.files) {
    out += fmt::format(", {} files", *record.files);
  }
  return out +
         (record.files_left_out == 0 ? "" : fmt::format(" without {}", record.files_left_out));
}

// A tree with these files, of which those that end in '*' are programs.
Tree RootWith(const RootFiles& files) {
  Tree tree;
  for (const auto& [path, content] : files) {
    const bool program = path.ends_with('*');
    tree.AddLiteral(path.substr(0, path.size() - (program ? 1 : 0)), content,
                    program ? 0755 : 0644);
  }
  return tree;
}

std::vector<std::string> RecordsOf(Tree tree, const std::vector<std::string>& excluded = {},
                                   bool whole_root = true,
                                   const std::vector<std::string>& owned = {}) {
  const Inventory inventory(tree, whole_root, owned);
  images::Contents contents;
  contents.minimize = false;
  contents.exclude = excluded;
  Exclusions(contents).Apply(tree);
  std::vector<std::string> out;
  for (const PackageRecord& record : inventory.RecordsIn(tree)) {
    out.push_back(RecordText(record));
  }
  return out;
}

TEST(InventoryTest, DpkgsDatabaseGivesSourcesAndStates) {
  const RootFiles files = {
      {kDpkgStatus,
       "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\n"
       "Source: x (1:2-3)\nVersion: 1:2-3+b1\nDescription: short\n Version: 9\n"
       "\n"
       "Package: y\nStatus: install ok unpacked\nArchitecture: all\nVersion: 7\n"
       "\n"
       "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
       "\n"
       "Package: no-version\nStatus: install ok installed\n"},
      {"/var/lib/dpkg/info/libx1:amd64.list", "/.\n/usr\n/usr/lib/libx.so\n/lib\n/lib/x\n"},
      {"/usr/lib/libx.so", "1"},
      {"/usr/lib/x", "1"},
      {"/usr/share/y/a", "1"},
      {"/var/lib/dpkg/info/y.list", "/.\n/usr/share/y\n/usr/share/y/a\n/usr/b\n"}};
  Tree tree = RootWith(files);
  tree.AddSymlink("/lib", "usr/lib");
  EXPECT_THAT(RecordsOf(std::move(tree)),
              ElementsAre("deb libx1 1:2-3+b1 of x 1:2-3, 2 files", "deb y 7 of y 7, 1 files"));
}

TEST(InventoryTest, DistrolessImagesHaveAFileForEachPackage) {
  EXPECT_THAT(
      RecordsOf(RootWith(
          {{"/var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a\n"},
           {"/var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.36\nSource: glibc\n"},
           {"/var/lib/dpkg/status.d/libc6.md5sums", "0123  lib/libc.so.6\n"},
           {"/lib/libc.so.6", "1"}})),
      ElementsAre("deb libc6 2.36 of glibc 2.36, 1 files", "deb tzdata 2024a of tzdata 2024a"));
}

TEST(InventoryTest, ApksDatabaseGivesOrigins) {
  const char* installed =
      "C:Q1x\nP:libssl3\nV:3.1.4-r5\nA:x86_64\no:openssl\nF:lib\nR:libssl.so.3\na:0:0:755\n\n"
      "P:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\nF:\nR:root-file\n";
  EXPECT_THAT(RecordsOf(RootWith({{kApkInstalled, installed},
                                  {"/lib/libssl.so.3", "1"},
                                  {"/lib/ld-musl-x86_64.so.1", "1"},
                                  {"/root-file", "1"}})),
              ElementsAre("apk libssl3 3.1.4-r5 of openssl 3.1.4-r5, 1 files",
                          "apk musl 1.2.4-r2 of musl 1.2.4-r2, 2 files"));
}

TEST(InventoryTest, LanguagesRecordTheirPackages) {
  const std::string site = "/srv/lib/python3.11/site-packages/";
  EXPECT_THAT(
      RecordsOf(
          RootWith({{site + "PyYAML-6.0.dist-info/METADATA",
                     "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\n\nVersion: 9 is a text\n"},
                    {site + "PyYAML-6.0.dist-info/RECORD",
                     "yaml/__init__.py,sha256=x,1\n../../../bin/yaml,,\n\"yaml/a,b.py\",,\n"},
                    {site + "yaml/__init__.py", "1"},
                    {site + "yaml/a,b.py", "1"},
                    {"/srv/bin/yaml", "1"},
                    {site + "old.egg-info", "Name: old\nVersion: 0.1\n"},
                    {site + "older.egg-info/PKG-INFO", "Name: older\nVersion: 0.2\n"},
                    {"/app/package.json", R"({"name": "app", "version": "1"})"},
                    {"/app/node_modules/a/package.json", R"({"name": "a", "version": "1.0.0"})"},
                    {"/app/node_modules/a/index.js", "1"},
                    {"/app/node_modules/a/node_modules/@s/b/package.json",
                     R"({"name": "@s/b", "version": "2.0.0"})"},
                    {"/app/node_modules/a/lib/package.json", R"({"name": "no", "version": "3"})"},
                    {"/gems/specifications/rack-3.0.8.gemspec",
                     "Gem::Specification.new do |s|\n  s.name = \"rack\".freeze\n"
                     "  s.version = Gem::Version.new(\"3.0.8\")\nend\n"},
                    {"/gems/gems/rack-3.0.8/lib/rack.rb", "1"},
                    {"/gems/gems/rack-3.0.8/README", "1"}})),
      ElementsAre("gem rack 3.0.8, 2 files", "npm @s/b 2.0.0, 1 files", "npm a 1.0.0, 3 files",
                  "pypi PyYAML 6.0, 3 files", "pypi old 0.1, 1 files", "pypi older 0.2, 1 files"));
}

TEST(InventoryTest, WhatTheImageLeavesOutIsCountedOrGone) {
  const RootFiles files = {
      {kDpkgStatus,
       "Package: a\nVersion: 1\n\nPackage: docs\nVersion: 1\n\nPackage: meta\nVersion: 1\n"},
      {"/var/lib/dpkg/info/a.list", "/usr/bin/a\n/usr/share/doc/a\n/usr/share/doc/a/copyright\n"},
      {"/var/lib/dpkg/info/docs.list", "/usr/share/doc/docs/a\n"},
      {"/usr/bin/a", "1"},
      {"/usr/share/doc/a/copyright", "1"},
      {"/usr/share/doc/docs/a", "1"},
      {"/app/node_modules/b/package.json", R"({"name": "b", "version": "1"})"},
      {"/app/node_modules/b/b.js", "1"}};
  // The database itself may go: it was read before.
  EXPECT_THAT(RecordsOf(RootWith(files), {"/usr/share/doc", "/var/lib/dpkg", "/app/**.json"}),
              ElementsAre("deb a 1 of a 1, 1 files without 1", "deb meta 1 of meta 1",
                          "npm b 1, 1 files without 1"));
  EXPECT_THAT(RecordsOf(RootWith(files), {"/usr", "/app"}), ElementsAre("deb meta 1 of meta 1"));
}

TEST(InventoryTest, ALanguagesPackageThatIsADistributionsIsNotListedTwice) {
  const RootFiles files = {{kDpkgStatus, "Package: python3-x\nVersion: 1.0-1\n"},
                           {"/var/lib/dpkg/info/python3-x.list", "/lib/python3/x-1.0.egg-info\n"},
                           {"/usr/lib/python3/x-1.0.egg-info", "Name: x\nVersion: 1.0\n"},
                           {"/usr/local/lib/y-1.0.dist-info/METADATA", "Name: y\nVersion: 1.0\n"}};
  Tree tree = RootWith(files);
  tree.AddSymlink("/lib", "usr/lib");
  EXPECT_THAT(
      RecordsOf(std::move(tree)),
      ElementsAre("deb python3-x 1.0-1 of python3-x 1.0-1, 1 files", "pypi y 1.0, 1 files"));
  // The same where the source knows its packages.
  EXPECT_THAT(RecordsOf(RootWith(files), {}, false, {"/usr/lib/python3/x-1.0.egg-info"}),
              ElementsAre("pypi y 1.0, 1 files"));
}

// A program with one section of that name, as large as programs of Go are.
std::string ProgramWithSection(const std::string& section, const std::string& content) {
  const std::string names = std::string("\0", 1) + section + '\0';
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_shoff = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  header.e_shstrndx = 0;
  std::array<Elf64_Shdr, 2> sections{};
  sections[0].sh_offset = sizeof header + sizeof sections;
  sections[0].sh_size = names.size();
  sections[1].sh_name = 1;
  sections[1].sh_offset = sections[0].sh_offset + names.size();
  sections[1].sh_size = content.size();
  std::string out(sizeof header + sizeof sections, '\0');
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + sizeof header, sections.data(), sizeof sections);
  out += names + content;
  out.resize(std::max(out.size(), kProgramBytes));
  return out;
}

std::string GoText(const std::string& text) {
  return std::string(1, static_cast<char>((text.size() & 0x7f) | 0x80)) +
         static_cast<char>(text.size() >> 7) + text;
}

std::string GoBuildInfo(const std::string& modules) {
  std::string out = "\xff Go buildinf:\x08\x02";
  out.resize(32);
  const std::string sentinel(16, '0');
  return out + GoText("go1.22.1") + GoText(sentinel + modules + sentinel);
}

std::string Deflated(const std::string& text) {
  uLongf size = ::compressBound(text.size());
  std::string out(size, '\0');
  EXPECT_EQ(::compress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  out.resize(size);
  return out;
}

TEST(InventoryTest, GoProgramsNameTheirModules) {
  const std::string program = ProgramWithSection(
      ".go.buildinfo",
      GoBuildInfo("path\texample.org/app\nmod\texample.org/app\t(devel)\t\n"
                  "dep\tgithub.com/a/b\tv1.2.3\th1:x=\ndep\tgithub.com/c/d\tv1.0.0\n"
                  "=>\tgithub.com/me/d\tv1.0.1\th1:y=\nbuild\t-compiler=gc\n"));
  EXPECT_THAT(
      RecordsOf(RootWith({{"/app*", program}})),
      ElementsAre("golang example.org/app , 1 files", "golang github.com/a/b v1.2.3, 1 files",
                  "golang github.com/me/d v1.0.1, 1 files", "golang stdlib 1.22.1, 1 files"));
  EXPECT_THAT(RecordsOf(RootWith({{"/app*", program}}), {"/app"}), IsEmpty());
  EXPECT_THAT(RecordsOf(RootWith({{"/app*", program}}), {}, false, {"/app"}), IsEmpty());
}

TEST(InventoryTest, RustProgramsThatWereMadeAuditableNameTheirCrates) {
  const std::string list =
      Deflated(R"({"packages": [{"name": "serde", "version": "1.0.1", "source": "crates.io"},)"
               R"({"name": "cc", "version": "1.1", "source": "crates.io", "kind": "build"}]})");
  EXPECT_THAT(RecordsOf(RootWith({{"/app*", ProgramWithSection(".dep-v0", list)}})),
              ElementsAre("cargo serde 1.0.1, 1 files"));
}

TEST(InventoryTest, RecordsThatMakeNoSenseAreNone) {
  const std::string go = GoBuildInfo("dep\tgithub.com/a/b\tv1.2.3\n");
  const std::string program = ProgramWithSection(".go.buildinfo", go);
  for (size_t bytes = 0; bytes < 400; ++bytes) {
    std::string cut = program.substr(0, bytes);
    cut.resize(kProgramBytes, '\xff');
    RecordsOf(RootWith({{"/app*", cut}}));
  }
  for (size_t at = 0; at < 400; ++at) {
    std::string changed = program;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    RecordsOf(RootWith({{"/app*", changed}}));
  }
  const std::string bomb = Deflated("[" + std::string(100 << 20, ' ') + "]");
  const std::string deep(1 << 20, '[');
  const std::string name(1000, 'x');
  EXPECT_THAT(
      RecordsOf(RootWith({{"/bomb*", ProgramWithSection(".dep-v0", bomb)},
                          {"/deep*", ProgramWithSection(".dep-v0", Deflated(deep))},
                          {"/no-json*", ProgramWithSection(".dep-v0", Deflated("1"))},
                          {"/not-packed*", ProgramWithSection(".dep-v0", "{}")},
                          {"/node_modules/a/package.json", deep},
                          {"/node_modules/b/package.json", R"({"name": 1, "version": []})"},
                          {"/node_modules/c/package.json", "[]"},
                          {"/x.dist-info/METADATA", "Name: " + name + "\nVersion: 1\n"},
                          {"/y.dist-info/METADATA", "\nName: y\nVersion: 1\n"},
                          {"/specifications/z.gemspec", "s.name = \ns.version = \"1"},
                          {kDpkgStatus, "Package: " + name + "\nVersion: 1\n\n\n: \n:\nx\n"},
                          {kApkInstalled, "P\nP:\nV:1\n\nF:x\nR:y\n"}})),
      IsEmpty());
}

TEST(InventoryTest, ListsWithPathsThatLeadNowhere) {
  Tree tree = RootWith({{kDpkgStatus, "Package: a\nVersion: 1\n"},
                        {"/var/lib/dpkg/info/a.list",
                         "x\n\n/\n/..\n//x\n/loop/x\n/" + std::string(5000, 'x') + "/y\n/real\n"},
                        {"/real", "1"}});
  tree.AddSymlink("/loop", "loop");
  EXPECT_THAT(RecordsOf(std::move(tree)), ElementsAre("deb a 1 of a 1, 1 files"));
}

TEST(InventoryTest, TheDistributionAndADatabaseThatNobodyReads) {
  const Tree debian =
      RootWith({{"/usr/lib/os-release", "NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n"}});
  EXPECT_EQ(Inventory(debian, true, {}).distribution().id, "debian");
  EXPECT_EQ(Inventory(debian, true, {}).distribution().version, "12");
  EXPECT_EQ(Inventory(debian, true, {}).unread(), std::nullopt);
  EXPECT_EQ(Inventory(debian, false, {}).distribution().id, "");
  const Tree fedora = RootWith({{"/etc/os-release", "ID='fedora'\nVERSION_CODENAME=x\n"},
                                {"/var/lib/rpm/rpmdb.sqlite", "1"}});
  EXPECT_EQ(Inventory(fedora, true, {}).distribution().version, "x");
  EXPECT_EQ(Inventory(fedora, true, {}).unread(), "/var/lib/rpm");
}

}  // namespace
}  // namespace builder
