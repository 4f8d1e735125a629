#include "images/service/health_json.h"

#include <algorithm>
#include <string_view>

#include "images/service/address.h"
#include "images/service/listen_address.h"

namespace images {
namespace {

constexpr uint64_t kMaxTrySeconds = 600;
constexpr uint64_t kMaxHookSeconds = 86400;

bool IsPrintable(char c) { return c > ' ' && c < '\x7f'; }

bool IsTokenCharacter(char c) {
  return IsPrintable(c) &&
         std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

// `read`: null where its ports and sockets are not known.
void CheckUrl(const base::JsonFields& fields, const std::string& url, const Service* read) {
  if (!std::all_of(url.begin(), url.end(), IsPrintable)) {
    fields.FailAt("http",
                  fmt::format("'{}' holds a space or what is not ASCII: write %20 and so on", url));
  }
  if (url.starts_with('/')) {
    if (read != nullptr && !OwnUrl(*read)) {
      fields.FailAt("http",
                    fmt::format("'{}' is a path on the service's first port, but the service has "
                                "no \"ports\" and listens on none; write http://ADDRESS:PORT{} or "
                                "unix:/SOCKET:{}",
                                url, url, url));
    }
    return;
  }
  if (ParseSocketUrl(url)) {
    return;
  }
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    fields.FailAt("http", fmt::format("'{}' is neither http://ADDRESS:PORT/PATH nor "
                                      "unix:/SOCKET:/PATH nor a /PATH on the service's port. For "
                                      "TLS use \"tcp\" or \"exec\"",
                                      url));
  }
  const std::string place = url.substr(kScheme.size());
  const size_t end = std::min(place.find_first_of("/?#"), place.size());
  if (!ParseAddress(place.substr(0, end), 80)) {
    fields.FailAt("http", fmt::format("'{}': {}", url, kAddressRule));
  }
}

HttpCheck ReadHttp(base::JsonFields& health, const Service* read) {
  HttpCheck out;
  out.url = health.String("http");
  if (health.IsRead("http")) {
    health.Try([&] { CheckUrl(health, out.url, read); });
  }
  out.expect = health.Number("expect", 100, 599, out.expect);
  out.body = health.String("body", "");
  out.headers = health.StringMap("headers");
  for (const auto& [name, value] : out.headers) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
      return c == '\t' || (c >= ' ' && c != '\x7f') || c < 0;
    });
    if (name.empty() || !std::all_of(name.begin(), name.end(), IsTokenCharacter) || !plain) {
      health.Report("headers." + name, "this is not a header that HTTP can send");
    }
  }
  return out;
}

std::string ReadTcp(base::JsonFields& health) {
  std::string text = health.IsNumber("tcp")
                         ? fmt::format("localhost:{}", health.Number("tcp", 1, 65535))
                         : health.String("tcp");
  if (!ParseAddress(text, 0) && !IsSocketPath(text)) {
    health.Report("tcp", fmt::format("'{}': {}, or the path of a unix socket", text, kAddressRule));
  }
  return text;
}

void RefuseSeveral(const base::JsonFields& health, const Health& read) {
  const int count = static_cast<int>(read.http.has_value()) +
                    static_cast<int>(read.tcp.has_value()) + static_cast<int>(!read.exec.empty()) +
                    static_cast<int>(read.none);
  if (count > 1) {
    health.Try([&] {
      base::Fail(health.code(), "{}: at most one of http, tcp, exec and none", health.path());
    });
  }
}

void ReadAfterBoot(base::JsonFields& fields, Health& out) {
  const std::string after_boot = fields.String("after_boot", "record");
  if (after_boot != "record" && after_boot != "rollback") {
    fields.Report("after_boot",
                  fmt::format("'{}' is neither \"record\" nor \"rollback\"", after_boot));
  }
  out.rolls_back_after_boot = after_boot == "rollback";
  if (out.none && out.rolls_back_after_boot) {
    fields.Report("after_boot", "with \"none\" nobody looks at the service: leave one of them out");
  }
}

}  // namespace

Health ReadHealth(base::JsonFields& service, Programs programs, const Service& read) {
  base::JsonFields fields = service.Nested("health");
  Health out;
  out.timeout_seconds = fields.Number("timeout_seconds", 1, 3600, out.timeout_seconds);
  out.settle_seconds = fields.Number("settle_seconds", 0, 600, out.settle_seconds);
  if (fields.Has("http")) {
    const bool is_known = service.IsRead("ports") && service.IsRead("listen");
    out.http = ReadHttp(fields, is_known ? &read : nullptr);
  }
  if (fields.Has("tcp")) {
    out.tcp = ReadTcp(fields);
  }
  out.exec = fields.Strings("exec");
  if (fields.Has("exec")) {
    CheckCommand(fields, "exec", out.exec,
                 programs == Programs::kResolved ? programs : Programs::kNamed);
  }
  out.none = fields.Bool("none", false);
  RefuseSeveral(fields, out);
  if (out.HasCheck() || !fields.IsRead("exec")) {
    out.try_seconds = fields.Number("try_seconds", 1, kMaxTrySeconds, out.try_seconds);
    out.interval_seconds =
        fields.Number("interval_seconds", 1, kMaxTrySeconds, out.interval_seconds);
  }
  ReadAfterBoot(fields, out);
  fields.Done();
  return out;
}

Hooks ReadHooks(base::JsonFields& service, Programs programs) {
  base::JsonFields fields = service.Nested("hooks");
  const Programs named = programs == Programs::kResolved ? programs : Programs::kNamed;
  Hooks out;
  out.before_start = ReadCommands(fields, "before_start", named);
  out.after_healthy = ReadCommands(fields, "after_healthy", named);
  out.timeout_seconds = fields.Number("timeout_seconds", 1, kMaxHookSeconds, out.timeout_seconds);
  fields.Done();
  return out;
}

base::Json ToJson(const Health& health) {
  base::Json out = {{"timeout_seconds", health.timeout_seconds},
                    {"settle_seconds", health.settle_seconds}};
  if (health.http) {
    out["http"] = health.http->url;
    out["expect"] = health.http->expect;
    out["body"] = health.http->body;
    out["headers"] = health.http->headers;
  }
  if (health.tcp) {
    out["tcp"] = *health.tcp;
  }
  if (!health.exec.empty()) {
    out["exec"] = health.exec;
  }
  if (health.none) {
    out["none"] = true;
  }
  if (health.rolls_back_after_boot) {
    out["after_boot"] = "rollback";
  }
  if (health.HasCheck()) {
    out["try_seconds"] = health.try_seconds;
    out["interval_seconds"] = health.interval_seconds;
  }
  return out;
}

base::Json ToJson(const Hooks& hooks) {
  return {{"before_start", hooks.before_start},
          {"after_healthy", hooks.after_healthy},
          {"timeout_seconds", hooks.timeout_seconds}};
}

}  // namespace images
