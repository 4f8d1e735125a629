// Another kind of machine than this one: images for it are built here, of Debian's packages for it;
// and a real host of that kind, emulated, is pushed to, switched and rolled back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/oci_layout.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
constexpr std::chrono::minutes kLong(5);

// A host with a kernel and a disk of its own, without power at the end.
class EmulatedHost {
 public:
  explicit EmulatedHost(std::string folder) : folder_(std::move(folder)) {
    MustRun({SLIPWAY_VMHOST, "make", folder_, "aarch64"}, {.timeout = kLong});
    MustRun({SLIPWAY_VMHOST, "start", folder_}, {.timeout = kLong});
  }
  ~EmulatedHost() { RunCommand({SLIPWAY_VMHOST, "cut", folder_}); }
  EmulatedHost(const EmulatedHost&) = delete;
  EmulatedHost& operator=(const EmulatedHost&) = delete;

  std::string SshConfig() const { return folder_ + "/ssh_config"; }
  std::string Page() const {
    const std::string port = base::ReadFile(folder_ + "/http");
    return RunCommand(
               {"curl", "-fsS", "--retry", "20", "--retry-delay", "1", "--retry-all-errors",
                "--max-time", "10", "http://127.0.0.1:" + port.substr(0, port.find('\n')) + "/"},
               {.timeout = kLong})
        .out;
  }
  RunResult Activate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {SLIPWAY_BIN "/activate", "--ssh", "ssh -F " + SshConfig(), "--host", "vm"});
    return RunCommand(arguments, {.timeout = kLong});
  }

 private:
  std::string folder_;
};

class Aarch64Test : public testing::Test {
 protected:
  std::string Build(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--level", "1"});
    const RunResult built = workshop_.Imgbuild(arguments);
    if (built.exit_code != 0) {
      throw std::runtime_error("imgbuild failed: " + built.err);
    }
    return built.out.substr(0, built.out.find('\n'));
  }
  static std::string MachineOf(const std::string& image) {
    return images::ImageDirectory(image).manifest().architecture;
  }
  // The catalog's nginx from `root`.
  std::string BuildNginx(const std::string& root, const std::string& page) const {
    workshop_.Put("images/nginx/nginx.conf",
                  "events {}\nhttp { server { listen 80; root /srv/nginx/html; } }\n");
    workshop_.Put("images/nginx/html/index.html", page);
    return Build({"nginx", "--elf", "/usr/sbin/nginx", "--sysroot", root});
  }

  Workshop workshop_;
};

TEST_F(Aarch64Test, ImagesForItAreBuiltHereFromEverySource) {
  const std::string root = DebianRoot("nginx", {"--architecture", "arm64"});
  const std::string own = DebianRoot("busybox-static");
  OciLayout layout(workshop_.At("oci"));
  layout.Add(own, {{"Entrypoint", {"/bin/busybox"}}});
  layout.Add(root, {{"Entrypoint", {"/usr/sbin/nginx"}}}, "arm64");
  base::MakeDirectories(workshop_.At("app-1.0/bin"));
  MustRun({"cp", root + "/usr/sbin/nginx", workshop_.At("app-1.0/bin/app")});
  MustRun({SLIPWAY_NIX_FIXTURE_SOURCE "/build", "v1"}, {.timeout = kLong});  // makes a store
  const std::string nix = workshop_.Nix({"nix-store", "--add", workshop_.At("app-1.0")}).out;

  const std::string elf = BuildNginx(root, "built here");
  EXPECT_EQ(MachineOf(elf), "aarch64");
  EXPECT_EQ(MachineOf(Build({"--name", "base", "--root", root, "--exec", "/usr/sbin/nginx"})),
            "aarch64");
  EXPECT_EQ(
      MachineOf(Build({"--name", "oci", "--oci", layout.folder(), "--platform", "linux/arm64"})),
      "aarch64");
  EXPECT_EQ(MachineOf(Build({"--name", "oci", "--oci", layout.folder()})), "x86_64");
  EXPECT_EQ(MachineOf(Build({"--name", "nix", nix.substr(0, nix.find('\n')), "--exec", "app"})),
            "aarch64");

  const TestHost host("intel");
  const RunResult refused = Imgpush(host.SshConfig(), {host.Name(), elf});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err,
              HasSubstr("host intel is x86_64, the image nginx is built for aarch64\n"));
  EXPECT_NE(host.Run("ls /var/lib/images/nginx").exit_code, 0);
}

TEST_F(Aarch64Test, AHostIsPushedToSwitchedAndRolledBack) {
  // A library that only the loader's cache in the image finds.
  MustRun({"cp", "-a", DebianRoot("nginx", {"--architecture", "arm64"}), workshop_.At("root")},
          {.timeout = kLong});
  MustRun({"sh", "-euc",
           "mkdir -p opt/pcre && mv usr/lib/aarch64-linux-gnu/libpcre2-8.so.* opt/pcre/ && "
           "echo /opt/pcre >etc/ld.so.conf"},
          {.cwd = workshop_.At("root")});
  const std::string v1 = BuildNginx(workshop_.At("root"), "version 1");
  const std::string v2 = BuildNginx(workshop_.At("root"), "version 2");
  const std::string foreign = Build({"--name", "other", "--elf", "/bin/true"});
  const EmulatedHost host(workshop_.At("vm"));

  RunResult result = Imgpush(host.SshConfig(), {"vm", v1}, SLIPWAY_BIN "/activate");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("vm: it is aarch64, imgpush has agents for x86_64 alone: set "
                                    "SLIPWAY_AGENT to an activate for aarch64\n"));
  result = Imgpush(host.SshConfig(), {"doctor", "vm"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n  machine        yes     aarch64\n"));
  result = Imgpush(host.SshConfig(), {"vm", foreign});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("host vm is aarch64, the image other is built for x86_64\n"));

  result = Imgpush(host.SshConfig(), {"--activate", "--yes", "vm", v1});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(host.Page(), "version 1");
  result = Imgpush(host.SshConfig(), {"--activate", "--yes", "--json", "vm", v2});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(json::parse(result.out).at(0).at("agent_bytes"), 0);
  EXPECT_GT(json::parse(result.out).at(0).at("chunks").at("as_delta"), 0);
  EXPECT_EQ(host.Page(), "version 2");
  result = host.Activate({"--rollback"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(host.Page(), "version 1");
}

}  // namespace
}  // namespace tests
