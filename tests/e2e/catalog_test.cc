// Every entry of the catalog as `imgbuild catalog` prints it, on a real host: built from Debian
// 12's packages, rebooted, upgraded to Debian 13's (PostgreSQL: to the newest minor version),
// rolled back, each time with its data. One host runs them all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kPostgres = "/usr/lib/postgresql/15/bin/";

class CatalogTest : public testing::Test {
 protected:
  // The entry (and options behind it) from the packages in `root`; `mark` makes it another version
  // where the packages are the same.
  std::string Build(const std::vector<std::string>& entry, const std::string& root,
                    const std::string& mark) {
    std::vector<std::string> catalog = {SLIPWAY_BIN "/imgbuild", "catalog", "--definitions",
                                        workshop_.folder() + "/images"};
    catalog.insert(catalog.end(), entry.begin(), entry.end());
    std::string text = MustRun(catalog);
    const std::string share = "/postgresql/";  // the major version that this machine has
    for (size_t at = text.find(share); at != std::string::npos; at = text.find(share, at + 1)) {
      const size_t digits = text.find_first_not_of("0123456789", at + share.size());
      if (digits > at + share.size()) {
        text.replace(at + share.size(), digits - at - share.size(), "15");
      }
    }
    json definition = json::parse(text, nullptr, true, /*ignore_comments=*/true);
    definition["source"]["sysroot"] = root;
    definition["target"] = Target();
    json& service = definition["services"].begin().value();
    service["environment"]["MARK"] = mark;
    const auto name = definition["name"].get<std::string>();
    workshop_.WriteDefinition(name, definition.dump());
    const RunResult built = workshop_.Imgbuild({name, "--level", "1"});
    if (built.exit_code != 0) {
      throw std::runtime_error(name + ": imgbuild failed: " + built.err);
    }
    return built.out.substr(0, built.out.find('\n'));
  }

  // All entries, and two instances of one.
  std::vector<std::string> BuildAll(const std::string& root, const std::string& postgres,
                                    const std::string& mark) {
    std::vector<std::string> out;
    for (const char* entry : {"nginx", "nginx-tls", "node", "python", "gunicorn", "redis", "caddy",
                              "haproxy", "memcached", "timer-job"}) {
      out.push_back(Build({entry}, root, mark));
    }
    out.push_back(Build({"redis", "--name", "sessions", "--port", "6380"}, root, mark));
    out.push_back(Build({"postgresql"}, postgres, mark));
    return out;
  }

  // A program of the image, as the service sees it; with the service's own user. Without --root it
  // would be one of the machine's where the test itself runs in a chroot.
  std::string In(const std::string& service, const std::string& command) const {
    return host_.MustRun(
        "pid=$(systemctl show -p MainPID --value " + service +
        ") && nsenter --target $pid --mount --root --wd --setuid $(stat -c %u /proc/$pid) "
        "--setgid $(stat -c %g /proc/$pid) -- " +
        command);
  }
  std::string Sql(const std::string& text) const {
    return In("postgresql", std::string(kPostgres) +
                                "psql -h /run/postgresql -U postgres -v ON_ERROR_STOP=1 -Atqc '" +
                                text + "'");
  }
  std::string Redis(const std::string& service, int port, const std::string& text) const {
    return In(service, "/usr/bin/redis-cli -e -p " + std::to_string(port) + " " + text);
  }
  std::string Local(int port, const std::string& path = "/") const {
    return Page(host_, "http://127.0.0.1:" + std::to_string(port) + path);
  }

  // Without deltas: between two Debian releases they take most of a minute.
  void PushAndSwitch(const std::vector<std::string>& images) const {
    std::vector<std::string> arguments = {"--no-deltas", "--activate", "--yes", host_.Name()};
    arguments.insert(arguments.end(), images.begin(), images.end());
    const RunResult result = Imgpush(host_.SshConfig(), arguments);
    ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  }

  void MakeCertificate() const {
    const std::string file = workshop_.folder() + "/tls";
    MustRun({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days",
             "9", "-keyout", file + ".key", "-out", file + ".crt"});
    for (const char* part : {".crt", ".key"}) {
      const std::string secret = std::string("/etc/slipway/secrets/nginx-tls") + part;
      host_.MustRun("mkdir -p /etc/slipway/secrets");
      host_.Copy(file + part, secret);
      host_.MustRun("chmod 600 " + secret);
    }
  }

  // The host's own part of the configuration, without a new process; one with a mistake is refused.
  void ReloadHaproxy() const {
    const std::string file = "/var/lib/haproxy/more.cfg";
    const std::string start = StartOf(host_, "haproxy");
    EXPECT_NE(host_.Run("echo nonsense >" + file + "; systemctl reload haproxy").exit_code, 0);
    host_.MustRun(
        "printf '%s\n' 'listen more' 'bind :8090' 'http-request return status 200 "
        "content-type text/plain string \"from the host\\n\"' >" +
        file + "; systemctl reload haproxy");
    EXPECT_EQ(StartOf(host_, "haproxy"), start);
  }

  // What each service has after `visits` calls of this.
  void ExpectServesAndKeeps(int visits) const {
    SCOPED_TRACE(visits);
    const std::string count = std::to_string(visits);
    EXPECT_THAT(Local(80), HasSubstr("It works"));
    EXPECT_THAT(MustRun({"nsenter", "--net=" + host_.Dir() + "/netns", "--", "curl", "-sSf",
                         "--cacert", workshop_.folder() + "/tls.crt", "https://localhost/"}),
                HasSubstr("It works"));
    EXPECT_EQ(Local(3000), "It works. Visit " + count + "\n");
    EXPECT_EQ(Local(8082, "/healthz"), "It works.\n");
    EXPECT_EQ(Local(8090), "from the host\n");
    EXPECT_EQ(Local(8000, "/visit"), "It works. " + count + " visits\n");
    EXPECT_EQ(Local(8080, "/visit"), "It works. " + count + " visits\n");
    EXPECT_EQ(Local(8081), "certified\n");
    EXPECT_EQ(Redis("redis", 6379, "incr visits"), count + "\n");
    EXPECT_EQ(Redis("sessions", 6380, "incrby visits 10"), count + "0\n");
    EXPECT_EQ(Sql("insert into visits values (default); select count(*) from visits"),
              count + "\n");
    host_.MustRun("systemctl start timer-job");
    EXPECT_EQ(host_.MustRun("wc -l </var/lib/timer-job/runs"), count + "\n");
    EXPECT_EQ(MustRun({"nsenter", "--net=" + host_.Dir() + "/netns", "--", "bash", "-c",
                       "exec 3<>/dev/tcp/127.0.0.1/11211; printf 'set k 0 0 1\\r\\nx\\r\\n' >&3; "
                       "head -n 1 <&3"}),
              "STORED\r\n");
    const RunResult status = Activate(host_, "status --check");
    EXPECT_EQ(status.exit_code, 0) << status.out << status.err;
  }

  Workshop workshop_;
  TestHost host_{"catalog"};
};

constexpr const char* kBase = "base-files,libc-bin,dash,coreutils";
constexpr const char* kPackages =
    "nginx,nodejs,python3,python3-gunicorn,redis-server,caddy,haproxy,memcached";

TEST_F(CatalogTest, EachEntryServesUpgradesAndRollsBackWithItsData) {
  const std::string packages = std::string(kBase) + "," + kPackages;
  const std::string bookworm = DebianRoot(packages + ",postgresql-15", {"--suite", "bookworm"});
  const std::string trixie = DebianRoot(packages, {"--suite", "trixie"});
  const std::string released =
      DebianRoot(std::string(kBase) + ",postgresql-15", {"--suite", "bookworm", "--released"});
  MakeCertificate();
  // Its state: the certificate authority of its own.
  workshop_.Put("images/caddy/Caddyfile",
                "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
                ":{$PORT} {\n\trespond \"certified\n\"\n}\n"
                "localhost:8444 {\n\ttls internal\n}\n");
  const std::string authority =
      "cd /var/lib/caddy/caddy/pki/authorities/local && until [ -s root.crt ]; do sleep 0.1; done; "
      "sha256sum root.crt";

  PushAndSwitch(BuildAll(bookworm, released, "1"));
  Sql("create table visits (id serial)");
  const std::string first_authority = host_.MustRun(authority);
  ReloadHaproxy();
  ExpectServesAndKeeps(1);
  host_.Reboot();
  host_.Run("systemctl is-system-running --wait");  // ssh answers before the services are up
  ExpectServesAndKeeps(2);
  PushAndSwitch(BuildAll(trixie, bookworm, "2"));
  ExpectServesAndKeeps(3);
  MustActivate(host_, "--rollback");
  ExpectServesAndKeeps(4);
  EXPECT_EQ(host_.MustRun(authority), first_authority);
}

}  // namespace
}  // namespace tests
