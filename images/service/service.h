// One service of an image, as the definition has it and, with every default, the manifest. Plain
// data: units/ turns it into systemd units, builder/ and activator/ into mount points and
// checks.
#ifndef SLIPWAY_IMAGES_SERVICE_SERVICE_H_
#define SLIPWAY_IMAGES_SERVICE_SERVICE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace images {

// argv; each argument reaches the process byte for byte. A manifest's has an absolute path first.
using Command = std::vector<std::string>;

struct Bind {
  std::string host;   // absolute path on the host
  std::string image;  // absolute path in the image; units/mount_points.h: file or directory
  bool writable = false;
  bool mounted =
      false;  // `host` must be a mount point: the service does not start on the folder below
  bool operator==(const Bind&) const = default;
};

// Files of the host that a service sees in place of the image's.
struct HostFiles {
  std::optional<bool> certificates;  // nothing: where the image has none, which the build settles
  bool hosts = false;                // /etc/hosts
  bool time_zone = false;            // /etc/localtime
  bool operator==(const HostFiles&) const = default;
};

// A GET from the host.
struct HttpCheck {
  std::string url;        // "http://127.0.0.1:8080/x", "unix:/run/x.sock:/x", or "/x" (address.h)
  uint64_t expect = 200;  // the answer's status
  std::string body;       // what the answer's body must hold; empty: anything
  std::map<std::string, std::string> headers;  // sent with it
  bool operator==(const HttpCheck&) const = default;
};

// At most one of http, tcp, exec and none. Without any: what systemd says of the unit.
struct Health {
  uint64_t timeout_seconds = 30;  // until the service must be active and its check passes
  uint64_t settle_seconds = 2;    // that it must stay active for, without a restart
  std::optional<HttpCheck> http;
  std::optional<std::string> tcp;      // "127.0.0.1:5432", "/run/x.sock": takes connections
  Command exec;                        // in the image; ends with 0
  bool none = false;                   // it is started, and nobody looks what becomes of it
  uint64_t try_seconds = 5;            // that one try of the check may take
  uint64_t interval_seconds = 1;       // between two tries
  bool rolls_back_after_boot = false;  // where it is not well after a boot; otherwise recorded
  bool HasCheck() const { return http || tcp || !exec.empty(); }
  bool operator==(const Health&) const = default;
};

// Commands in the image that a switch to it runs once, as the service.
struct Hooks {
  std::vector<Command> before_start;   // the service before it is stopped by then
  std::vector<Command> after_healthy;  // all services are found healthy by then
  uint64_t timeout_seconds = 300;      // that each command may take
  bool IsEmpty() const { return before_start.empty() && after_healthy.empty(); }
  bool operator==(const Hooks&) const = default;
};

struct Service {
  Command exec;
  std::vector<Command> exec_start_pre;
  std::string type = "exec";            // systemd's Type=: exec, simple, notify, notify-reload, ...
  std::optional<std::string> user;      // a named user of the host; nothing: a dynamic one
  std::vector<std::string> listen;      // sockets that systemd holds for it (listen_address.h)
  std::optional<std::string> schedule;  // a timer starts it (schedule.h); it is a oneshot
  bool state = false;                   // StateDirectory= and so on, each named after the service
  bool logs = false;
  bool cache = false;
  bool runtime = false;
  std::vector<Bind> binds;
  HostFiles host_files;
  std::map<std::string, std::string> credentials;  // name -> file on the host
  std::vector<std::string> secrets;  // likewise names; the host keeps the values (HostLayout)
  std::map<std::string, std::string> environment;
  std::optional<std::string> environment_file;  // on the host
  std::vector<uint64_t> ports;
  std::string hardening = "strict";                                      // strict, standard or none
  std::map<std::string, std::map<std::string, std::string>> directives;  // unit section -> line
  Health health;
  Hooks hooks;
  bool operator==(const Service&) const = default;
};

using Services = std::map<std::string, Service>;  // by name

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SERVICE_H_
