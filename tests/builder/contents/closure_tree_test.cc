#include "builder/contents/closure_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"

namespace builder {
namespace {

class ClosureTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    base::MakeDirectories(store_path_ + "/bin");
    base::WriteFileAtomically(store_path_ + "/bin/app", "program", 0755);
    base::WriteFileAtomically(store_path_ + "/bin/data", "data", 0644);
    closure_.main_path = store_path_;
    closure_.packages = {{{store_path_, "", 0, {}, "app", "1.2"}, {store_path_}}};
    closure_.fill = [this](Tree& tree) { tree.AddFromDisk(store_path_, store_path_); };
    definition_.name = "app";
    definition_.services["app"].exec = {store_path_ + "/bin/app"};
  }

  std::string ErrorOf() {
    try {
      MakeTree(definition_, closure_);
    } catch (const base::Error& error) {
      return base::WholeMessage(error);
    }
    return "";
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-closure-"};
  const std::string store_path_ = folder_.path() + "/0123456789abcdfghijklmnpqrsvwxyz-app-1.2";
  Closure closure_;
  images::Definition definition_;
};

TEST_F(ClosureTreeTest, HoldsTheClosureWithLinksAndMountPoints) {
  definition_.contents.symlinks = {{"/usr/bin/app", "{out}/bin/app"}};
  definition_.contents.directories = {"/srv/data"};
  definition_.services["app"].exec = {"/usr/bin/app"};
  const Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(closure_.packages[0].entry.size_bytes, 11U);
  EXPECT_EQ(tree.Resolve("/usr/bin/app"), tree.Find(store_path_ + "/bin/app"));
  for (const char* path :
       {"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/srv/data", "/etc/resolv.conf",
        "/etc/machine-id", "/etc/passwd", "/etc/os-release"}) {
    EXPECT_NE(tree.Find(path), nullptr) << path;
  }
}

TEST_F(ClosureTreeTest, RefusesALinkThatALaterLinkMoves) {
  definition_.contents.symlinks = {{"/a", "m/n/.."}, {"/a/k", "/tmp"}, {"/m/n", "/q"}};
  EXPECT_EQ(ErrorOf(),
            "contents.symlinks./a/k: it was made at /m/k, but another of these links makes that "
            "path lead to /k: name the path without links");
}

TEST_F(ClosureTreeTest, RefusesAProgramThatIsNotInTheImage) {
  definition_.services["app"].exec = {"/usr/bin/missing"};
  EXPECT_THAT(ErrorOf(),
              testing::HasSubstr("services.app.exec: /usr/bin/missing is not in the image"));
}

TEST_F(ClosureTreeTest, ASourcesUserBecomesNumbersUnlessTheServiceSaysWhoRuns) {
  closure_.service.user = "1001:7";
  MakeTree(definition_, closure_);
  const std::map<std::string, std::string> numbers = {{"User", "1001"}, {"Group", "7"}};
  EXPECT_EQ(definition_.services["app"].directives.at("Service"), numbers);
  const std::map<std::string, std::string> own = {{"DynamicUser", "no"}};
  definition_.services["app"].directives["Service"] = own;
  MakeTree(definition_, closure_);
  EXPECT_EQ(definition_.services["app"].directives.at("Service"), own);
  definition_.services["app"].directives.clear();
  closure_.service.user = "root";
  MakeTree(definition_, closure_);
  EXPECT_TRUE(definition_.services["app"].directives.empty());
}

TEST_F(ClosureTreeTest, HasTheMountPointsOfEveryDirective) {
  images::Service& service = definition_.services["app"];
  service.directives["Service"] = {{"StateDirectory", "other"},
                                   {"TemporaryFileSystem", "/scratch"},
                                   {"BindReadOnlyPaths", "/etc/x:/opt/x.conf"},
                                   {"WorkingDirectory", "/work"}};
  const Tree tree = MakeTree(definition_, closure_);
  for (const char* path : {"/var/lib/other", "/scratch", "/opt/x.conf", "/work"}) {
    EXPECT_NE(tree.Find(path), nullptr) << path;
  }
  service.directives["Service"] = {{"ReadWritePaths", "/run/other"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("services.app: ReadWritePaths=/run/other is in a "
                                            "file system that is empty"));
  service.directives["Service"] = {{"ExecStartPre", "/bin/none"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("services.app.directives.Service.ExecStartPre: there "
                                            "is no program /bin/none in the image"));
}

TEST_F(ClosureTreeTest, TakesTheHostsCertificatesWhereTheImageHasNone) {
  constexpr const char* kFile = "/etc/ssl/certs/ca-certificates.crt";
  images::HostFiles& files = definition_.services["app"].host_files;
  files.certificates = false;
  EXPECT_EQ(MakeTree(definition_, closure_).Find(kFile), nullptr);
  files.certificates.reset();
  EXPECT_NE(MakeTree(definition_, closure_).Find(kFile), nullptr);
  EXPECT_EQ(files.certificates, true);
  files.certificates.reset();
  base::WriteFileAtomically(folder_.path() + "/own", "own");
  definition_.contents.files[kFile] = folder_.path() + "/own";
  MakeTree(definition_, closure_);
  EXPECT_EQ(files.certificates, std::nullopt);
}

TEST_F(ClosureTreeTest, RefusesAProgramThatIsNotExecutable) {
  definition_.services["app"].exec_start_pre = {{store_path_ + "/bin/data"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("not executable"));
}

TEST_F(ClosureTreeTest, RefusesAFileOfThisMachineThatDoesNotExist) {
  definition_.contents.files = {{"/etc/app.conf", "/nowhere/app.conf"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("/nowhere/app.conf does not exist"));
}

TEST_F(ClosureTreeTest, LeavesOutWhatIsExcluded) {
  for (const char* path : {"/share/locale/de/app.mo", "/share/keep", "/share/x/locale/z"}) {
    base::MakeDirectories(base::ParentOf(store_path_ + path));
    base::WriteFileAtomically(store_path_ + path, "12345");
  }
  definition_.contents.exclude = {"**/share/locale/**", "**/x/*/z"};
  // A file of the definition is there because somebody wants it.
  definition_.contents.files = {{"/etc/share/locale/own", store_path_ + "/bin/data"}};
  const Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(tree.Find(store_path_ + "/share/locale/de"), nullptr);
  EXPECT_EQ(tree.Find(store_path_ + "/share/x/locale/z"), nullptr);
  EXPECT_NE(tree.Find(store_path_ + "/share/keep"), nullptr);
  EXPECT_NE(tree.Find("/etc/share/locale/own"), nullptr);
  EXPECT_EQ(closure_.packages[0].entry.size_bytes, 16U);
}

TEST_F(ClosureTreeTest, MinimizeLeavesOutWhatNoProgramNeeds) {
  closure_.fill = [this](Tree& tree) {
    tree.AddFromDisk(store_path_, store_path_);
    for (const char* path :
         {"/usr/share/doc/x/copyright", "/nix/store/h-x-1/share/man/man1/x.1", "/usr/include/x.h",
          "/usr/lib/x86_64-linux-gnu/libx.a", "/usr/share/i18n/charmaps/UTF-8.gz",
          "/usr/lib/locale/locale-archive", "/usr/lib/locale/C.utf8/LC_CTYPE", "/usr/lib/libx.so",
          "/srv/share/doc/index.html"}) {
      tree.AddLiteral(path, "x");
    }
  };
  definition_.contents.minimize = true;
  const Tree tree = MakeTree(definition_, closure_);
  for (const char* path : {"/usr/share/doc/x/copyright", "/nix/store/h-x-1/share/man/man1/x.1",
                           "/usr/include/x.h", "/usr/lib/x86_64-linux-gnu/libx.a",
                           "/usr/share/i18n/charmaps/UTF-8.gz", "/usr/lib/locale/locale-archive"}) {
    EXPECT_EQ(tree.Find(path), nullptr) << path;
  }
  for (const char* path :
       {"/usr/lib/locale/C.utf8/LC_CTYPE", "/usr/lib/libx.so", "/srv/share/doc/index.html"}) {
    EXPECT_NE(tree.Find(path), nullptr) << path;
  }
}

TEST_F(ClosureTreeTest, RefusesLinksThatLeadOutOrRound) {
  definition_.contents.symlinks = {{"/usr/bin/app", "../../../etc/app"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("contents.symlinks./usr/bin/app: the target "
                                            "'../../../etc/app' leads out of the image"));
  definition_.contents.symlinks = {{"/a", "/b"}, {"/b", "a"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("contents.symlinks./a: the links lead round"));
  definition_.contents.symlinks = {{"/a", "../etc/app"}};
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("'../etc/app' leads out of the image"));
  definition_.contents.symlinks = {{"/usr/a", "../run/later"}, {"/b", "/run/app/socket"}};
  EXPECT_EQ(ErrorOf(), "");
}

TEST_F(ClosureTreeTest, AMountPointThatIsALinkToNothingBecomesAFile) {
  closure_.fill = [this](Tree& tree) {
    tree.AddFromDisk(store_path_, store_path_);
    tree.AddSymlink("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
    tree.AddSymlink("/etc/os-release", "../usr/lib/os-release");
  };
  const Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(tree.Find("/etc/resolv.conf")->kind, Node::Kind::kFile);
  EXPECT_EQ(tree.Find("/etc/os-release")->kind, Node::Kind::kSymlink);
}

TEST_F(ClosureTreeTest, BelowALinkOfTheSourceIsWhereItLeads) {
  closure_.fill = [this](Tree& tree) {
    tree.AddFromDisk(store_path_, store_path_);
    tree.AddSymlink("/var/run", "/run");
    tree.AddSymlink("/lib", "usr/lib");
    tree.MakeDirectory("/usr/lib");
    tree.AddSymlink("/etc", "/data/etc");
    tree.MakeDirectory("/data/etc");
    tree.AddSymlink("/opt", "../../mnt/opt");
  };
  definition_.contents.directories = {"/var/run/app", "/lib", "/opt/app"};
  definition_.contents.symlinks = {{"/etc/app.conf", "../lib/app.conf"}};
  definition_.contents.files = {{"/lib/app.conf", store_path_ + "/bin/data"}};
  definition_.services["app"].binds = {{"/var/run/docker.sock", "/var/run/docker.sock", false},
                                       {"/lib/modules", "/lib/modules", false},
                                       {"/x", "/opt/x.conf", false}};
  const Tree tree = MakeTree(definition_, closure_);
  for (const char* path : {"/run/app", "/run/docker.sock", "/usr/lib/modules", "/usr/lib/app.conf",
                           "/data/etc/passwd", "/data/etc/os-release", "/data/etc/resolv.conf",
                           "/data/etc/app.conf", "/mnt/opt/app", "/mnt/opt/x.conf"}) {
    EXPECT_NE(tree.Find(path), nullptr) << path;
  }
  for (const char* link : {"/var/run", "/lib", "/etc", "/opt"}) {
    EXPECT_EQ(tree.Find(link)->kind, Node::Kind::kSymlink) << link;
  }
  closure_.fill = [](Tree& into) { into.AddSymlink("/var/run", "/var/run"); };
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("links on the way lead round in a circle"));
}

TEST_F(ClosureTreeTest, TheWorkingDirectoryIsMadeWhereNoLayerHasIt) {
  closure_.service.working_directory = "/srv/app";
  closure_.service.stop_signal = "SIGQUIT";
  const Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(tree.Find("/srv/app")->kind, Node::Kind::kDirectory);
  EXPECT_EQ(definition_.services["app"].directives.at("Service").at("KillSignal"), "SIGQUIT");
}

TEST_F(ClosureTreeTest, WhatIsExcludedAltogetherIsNoPackageOfTheImage) {
  const std::string other = folder_.path() + "/1123456789abcdfghijklmnpqrsvwxyz-doc-1";
  base::MakeDirectories(other);
  closure_.packages.push_back({{other, "", 0, {}, "doc", "1"}, {other}});
  closure_.packages[0].entry.references = {other};
  closure_.fill = [this, other](Tree& tree) {
    tree.AddFromDisk(store_path_, store_path_);
    tree.AddFromDisk(other, other);
  };
  definition_.contents.exclude = {"**/*-doc-1"};
  MakeTree(definition_, closure_);
  ASSERT_EQ(closure_.packages.size(), 1U);
  EXPECT_TRUE(closure_.packages[0].entry.references.empty());
}

TEST_F(ClosureTreeTest, LocalhostIsKnownUnlessTheSourceHasHostsOfItsOwn) {
  const std::string hosts = "127.0.0.1 localhost\n::1 localhost\n";
  EXPECT_EQ(MakeTree(definition_, closure_).Find("/etc/hosts")->text(), hosts);
  definition_.services["app"].binds = {{"/etc/hosts", "/etc/hosts", false}};
  EXPECT_EQ(MakeTree(definition_, closure_).Find("/etc/hosts")->text(), hosts);
  closure_.fill = [this](Tree& tree) {
    tree.AddFromDisk(store_path_, store_path_);
    tree.AddLiteral("/etc/hosts", "own");
  };
  EXPECT_EQ(MakeTree(definition_, closure_).Find("/etc/hosts")->text(), "own");
}

TEST_F(ClosureTreeTest, OsReleaseNamesTheImageUnlessTheSourceHasOne) {
  closure_.version = "1.2";
  Tree tree = MakeTree(definition_, closure_);
  EXPECT_EQ(tree.Find("/etc/os-release")->text(), "ID=app\nNAME=app\nVERSION_ID=\"1.2\"\n");
}

TEST_F(ClosureTreeTest, TheSourceSaysHowAServiceRunsThatSaysNothing) {
  const std::string bin = store_path_ + "/bin";
  closure_.service.exec = {"app", "-v"};
  closure_.service.environment = {{"A", "source"}};
  closure_.service.working_directory = "/srv";
  closure_.program_folders = {"/none", bin};
  definition_.services["app"].exec.clear();
  definition_.services["app"].environment = {{"A", "own"}};
  MakeTree(definition_, closure_);
  const images::Service& service = definition_.services["app"];
  EXPECT_EQ(service.exec, (images::Command{bin + "/app", "-v"}));
  EXPECT_EQ(service.environment.at("A"), "own");
  EXPECT_EQ(service.directives.at("Service").at("WorkingDirectory"), "/srv");
  closure_.service.exec = {"none"};
  definition_.services["app"].exec.clear();
  EXPECT_THAT(ErrorOf(),
              testing::HasSubstr("services.app.exec: there is no program none in the image"));
  closure_.service.exec.clear();
  definition_.services["app"].exec.clear();
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("services.app.exec is missing: "));
}

TEST_F(ClosureTreeTest, AProgramsNameIsLookedForAsAShellWould) {
  definition_.contents.symlinks = {{"/usr/bin/other", "{out}/bin/app"},
                                   {"/usr/local/bin/other", "{out}/bin/data"}};
  definition_.services["app"].exec = {"other"};
  definition_.services["app"].exec_start_pre = {{"app", "-t"}};
  definition_.services["app"].hooks = {{{"app", "migrate"}}, {{"other"}}, 1};
  definition_.services["app"].health.exec = {"app", "-q"};
  closure_.program_folders = {store_path_ + "/bin", store_path_ + "/sbin"};
  MakeTree(definition_, closure_);
  const images::Service& service = definition_.services["app"];
  EXPECT_EQ(service.exec, images::Command{"/usr/bin/other"});
  EXPECT_EQ(service.exec_start_pre[0], (images::Command{store_path_ + "/bin/app", "-t"}));
  EXPECT_EQ(service.hooks.before_start[0], (images::Command{store_path_ + "/bin/app", "migrate"}));
  EXPECT_EQ(service.hooks.after_healthy[0], images::Command{"/usr/bin/other"});
  EXPECT_EQ(service.health.exec, (images::Command{store_path_ + "/bin/app", "-q"}));
}

TEST_F(ClosureTreeTest, RefusesAStorePathThatIsMissingOnDisk) {
  base::RemoveTree(store_path_);
  EXPECT_THAT(ErrorOf(), testing::HasSubstr("is missing"));
}

}  // namespace
}  // namespace builder
