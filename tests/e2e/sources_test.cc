// Every kind of source, and the catalog's definitions, as services on a real host. What goes in is
// Debian's own packages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/oci_layout.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class SourcesTest : public testing::Test {
 protected:
  std::string Build(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--target", Target(), "--level", "1"});
    const RunResult built = workshop_.Imgbuild(arguments);
    if (built.exit_code != 0) {
      throw std::runtime_error("imgbuild failed: " + built.err);
    }
    return built.out.substr(0, built.out.find('\n'));
  }
  void Run(const std::vector<std::string>& images) const {
    MustActivate(host_, "--generation " + std::to_string(MustPushTo(host_, images).generation));
  }
  // An archive of an image layout whose one layer is the directory `root`.
  std::string OciArchive(const std::string& name, const std::string& root,
                         const json& config) const {
    OciLayout layout(workshop_.At(name));
    layout.Add(root, config);
    return layout.Archive();
  }

  Workshop workshop_;
  TestHost host_{"sources"};
};

TEST_F(SourcesTest, TheCatalogsNginxServesFromEverySource) {
  workshop_.Put("images/nginx/nginx.conf",
                "events {}\nhttp { server { listen 80; root /srv/nginx/html; } }\n");
  const std::string root = DebianRoot("nginx");
  const std::string nix = MustRun({SLIPWAY_NIX_FIXTURE_SOURCE "/build", "v1"});
  const std::map<std::string, std::vector<std::string>> sources = {
      {"an ELF program", {"--elf", "/usr/sbin/nginx", "--sysroot", root}},
      {"a root directory", {"--source", root}},
      {"an OCI archive", {"--source", OciArchive("nginx", root, json::object())}},
      {"Nix", {"--source", nix.substr(0, nix.find('\n'))}}};
  for (const auto& [page, source] : sources) {
    workshop_.Put("images/nginx/html/index.html", page);
    std::vector<std::string> arguments = {"nginx"};
    arguments.insert(arguments.end(), source.begin(), source.end());
    Run({Build(arguments)});
    EXPECT_EQ(Page(host_), page);
  }
}

TEST_F(SourcesTest, NodeAnOciImageAndARootDirectoryRunSideBySide) {
  workshop_.Put("images/app/index.js",
                "require('http').createServer((_, answer) => answer.end('node ' + process.version))"
                ".listen(3000);\n");
  const std::string node =
      Build({"node", "--elf", "/usr/bin/node", "--sysroot", DebianRoot("nodejs")});

  const std::string busybox = DebianRoot("busybox-static") + "/bin/busybox";
  base::MakeDirectories(workshop_.At("oci-root/bin"));
  std::filesystem::copy_file(busybox, workshop_.At("oci-root/bin/busybox"));
  std::filesystem::create_symlink("busybox", workshop_.At("oci-root/bin/httpd"));
  workshop_.Put("oci-root/etc/passwd", "root:x:0:0::/:\nweb:x:1234:1235::/srv:\n");
  workshop_.Put("oci-root/srv/own", "the user's own");
  ASSERT_EQ(::chmod(workshop_.At("oci-root/srv/own").c_str(), 0400), 0);
  ASSERT_EQ(::chown(workshop_.At("oci-root/srv/own").c_str(), 1234, 1235), 0);
  const json config = {
      {"Entrypoint", {"httpd", "-f"}},
      {"Cmd", {"-p", "8080"}},
      {"Env", {"PATH=/bin", "GREETING=a b=c"}},
      {"WorkingDir", "/srv"},
      {"User", "web"},
      {"ExposedPorts", {{"8080/tcp", json::object()}}},
      {"Healthcheck",
       {{"Test", {"CMD", "busybox", "wget", "-qO", "/dev/null", "localhost:8080/own"}},
        {"Timeout", 3000000000}}}};
  const std::string oci =
      Build({"--name", "web", "--oci", OciArchive("web", workshop_.At("oci-root"), config)});

  base::MakeDirectories(workshop_.At("root/bin"));
  std::filesystem::copy_file(busybox, workshop_.At("root/bin/busybox"));
  workshop_.Put("root/srv/index.html", "from a root directory");
  const std::string root = Build({"--name", "files", "--root", workshop_.At("root"), "--exec",
                                  "/bin/busybox httpd -f -p 8081 -h /srv"});

  Run({node, oci, root});
  EXPECT_THAT(Page(host_, "http://127.0.0.1:3000/"), HasSubstr("node v"));
  EXPECT_EQ(Page(host_, "http://127.0.0.1:8080/own"), "the user's own");
  EXPECT_EQ(Page(host_, "http://127.0.0.1:8081/"), "from a root directory");
  // What the image itself says of ports and health is what the activation looked at.
  const images::Service web = images::ImageDirectory(oci).manifest().services.at("web");
  EXPECT_EQ(web.ports, std::vector<uint64_t>{8080});
  EXPECT_EQ(web.health.exec.front(), "/bin/busybox");
  EXPECT_EQ(web.health.try_seconds, 3U);
  EXPECT_THAT(host_.MustRun("journalctl -o cat -u web:check --no-pager"), HasSubstr("Finished"));
  EXPECT_THAT(host_.MustRun("cat /proc/$(systemctl show -p MainPID --value web)/status"),
              testing::AllOf(HasSubstr("Uid:\t1234\t1234"), HasSubstr("Gid:\t1235\t1235")));
  EXPECT_THAT(
      host_.MustRun("tr '\\0' '\\n' < /proc/$(systemctl show -p MainPID --value web)/environ"),
      HasSubstr("\nGREETING=a b=c\n"));
}

}  // namespace
}  // namespace tests
