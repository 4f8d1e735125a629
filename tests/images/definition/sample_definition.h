// Definitions for tests: one with all fields, and one with none but those that it must have.
#ifndef SLIPWAY_TESTS_IMAGES_DEFINITION_SAMPLE_DEFINITION_H_
#define SLIPWAY_TESTS_IMAGES_DEFINITION_SAMPLE_DEFINITION_H_

#include <gtest/gtest.h>

#include <string>

#include "images/definition/definition.h"

namespace images {

inline constexpr const char* kFullDefinition = R"json({
  // The web server in front of everything.
  "name": "nginx",
  "source": { "nix": { "file": "nginx.nix", "attr": "nginx" } },
  "contents": {
    "add": ["/nix/store/00000000000000000000000000000000-tzdata", "./more"],
    "symlinks": { "/usr/bin/nginx": "{out}/bin/nginx" },
    "directories": ["/var/www"],
    "files": { "/etc/nginx/nginx.conf": "nginx.conf", "/etc/motd": "/etc/motd" }
  },
  "target": "lz4", "verity": true,
  "services": {
    "nginx": {
      "exec": ["/usr/bin/nginx", "-g", "daemon off;"],
      "exec_start_pre": [["/usr/bin/nginx", "-t"]],
      "type": "notify",
      "user": null,
      "state": true, "logs": true, "cache": true, "runtime": true,
      "binds": [{ "host": "/etc/nginx/sites", "image": "/etc/nginx/sites", "writable": true }],
      "credentials": { "tls.key": "/etc/slipway/secrets/tls.key", "Config.json": "/etc/c" },
      "environment": { "TZ": "Europe/Paris", "_x": "100% $sure \"quoted\"" },
      "environment_file": "/etc/slipway/secrets/nginx.env",
      "ports": [80, 443],
      "hardening": "standard",
      "directives": { "Service": { "LimitNOFILE": "65536" } },
      "health": { "timeout_seconds": 60, "settle_seconds": 5,
                  "http": "/ready?all", "expect": 204, "body": "ok", "headers": { "Host": "a.b" },
                  "try_seconds": 7, "interval_seconds": 3 },
      "hooks": { "before_start": [["nginx", "-t"], ["/bin/x"]], "after_healthy": [["/bin/y"]],
                 "timeout_seconds": 900 }
    }
  }
})json";

inline constexpr const char* kLeastDefinition =
    R"({"name": "nginx", "source": {"nix": {"path": "./result"}}, "services": {}})";

inline Definition ParseSample(const std::string& text) {
  return ParseDefinition(text, "nginx.json", "/d/images");
}

// `what` of the full definition, wherever it stands, as `instead`.
inline std::string FullDefinitionWith(const std::string& what, const std::string& instead) {
  std::string text = kFullDefinition;
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

}  // namespace images

#endif  // SLIPWAY_TESTS_IMAGES_DEFINITION_SAMPLE_DEFINITION_H_
