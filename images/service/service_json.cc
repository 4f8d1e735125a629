#include "images/service/service_json.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "images/name.h"
#include "images/service/command_json.h"
#include "images/service/health_json.h"
#include "images/service/listen_address.h"
#include "images/service/schedule.h"
#include "images/service/service_checks.h"

namespace images {
namespace {

constexpr std::array<std::string_view, 6> kTypes = {"exec",          "simple",  "notify",
                                                    "notify-reload", "forking", "oneshot"};
constexpr std::array<std::string_view, 3> kProfiles = {"strict", "standard", "none"};
constexpr std::array<std::string_view, 5> kSections = {"Unit", "Service", "Socket", "Timer",
                                                       "Install"};

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

template <size_t N>
void CheckOneOf(const base::JsonFields& fields, const std::string& field, const std::string& value,
                const std::array<std::string_view, N>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    fields.ReportUnread(field,
                        fmt::format("'{}' is not one of {}", value, fmt::join(allowed, ", ")));
  }
}

void CheckPath(const base::JsonFields& fields, const std::string& field, const std::string& path) {
  if (!IsPlainAbsolutePath(path)) {
    fields.Report(field, fmt::format("'{}' is not an absolute path without '.' and '..'", path));
  }
}

void CheckCredentialName(const base::JsonFields& fields, const std::string& field,
                         const std::string& name) {
  if (!IsCredentialName(name)) {
    fields.Report(field,
                  fmt::format("'{}' is not the name of a credential: use letters, digits, '-', '_' "
                              "and '.', and no '.' at the start",
                              name));
  }
}

void ReadSecrets(base::JsonFields& fields, Service& service) {
  service.secrets = fields.Strings("secrets");
  std::set<std::string> seen;
  for (const std::string& name : service.secrets) {
    CheckCredentialName(fields, "secrets", name);
    if (IsCredentialName(name) && !IsSecretName(name)) {
      fields.Report("secrets", fmt::format("{} is longer than 240 letters", name));
    }
    if (!seen.insert(name).second) {
      fields.Report("secrets", fmt::format("{} is listed twice", name));
    }
    if (service.credentials.contains(name)) {
      fields.Report("secrets",
                    fmt::format("{} is one of \"credentials\", too: leave one out", name));
    }
  }
}

void ReadBind(base::JsonFields bind, std::vector<Bind>& out) {
  out.push_back({bind.String("host"), bind.String("image"), bind.Bool("writable", false),
                 bind.Bool("mounted", false)});
  CheckPath(bind, "host", out.back().host);
  const std::string& image = out.back().image;  // with a slash at the end: a directory
  CheckPath(bind, "image", image.ends_with('/') ? image.substr(0, image.size() - 1) : image);
  bind.Done();
}

std::vector<Bind> ReadBinds(base::JsonFields& fields) {
  std::vector<Bind> out;
  size_t i = 0;
  for (const base::Json& value : fields.Array("binds")) {
    const std::string field = fmt::format("binds[{}]", i++);
    fields.Try([&] { ReadBind(fields.Nested(value, field), out); });
  }
  return out;
}

HostFiles ReadHostFiles(base::JsonFields& service) {
  base::JsonFields fields = service.Nested("host_files");
  HostFiles out;
  if (fields.Has("certificates")) {
    out.certificates = fields.Bool("certificates", false);
  }
  out.hosts = fields.Bool("hosts", false);
  out.time_zone = fields.Bool("time_zone", false);
  fields.Done();
  return out;
}

std::vector<uint64_t> ReadPorts(base::JsonFields& fields) {
  std::vector<uint64_t> out;
  for (const base::Json& value : fields.Array("ports")) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() < 1 || value.get<uint64_t>() > 65535) {
      fields.ReportUnread("ports", "expected whole numbers from 1 to 65535");
      return {};
    }
    out.push_back(value.get<uint64_t>());
  }
  return out;
}

// A port is a number, so that one text stands for one socket.
std::vector<std::string> ReadListen(base::JsonFields& fields) {
  std::vector<std::string> out;
  bool is_read = true;
  for (const base::Json& value : fields.Array("listen")) {
    std::string text = value.is_number_unsigned() ? value.dump() : "";
    if (value.is_string() && value.get<std::string>().find_first_of("/:") != std::string::npos) {
      text = value.get<std::string>();
    }
    if (!ParseListenAddress(text)) {
      fields.Report("listen", fmt::format("{} is not where a socket can be: use a port (80), "
                                          "\"127.0.0.1:80\", \"[::1]:80\" or \"/run/web.sock\"",
                                          value.dump()));
      is_read = false;
      continue;
    }
    if (std::find(out.begin(), out.end(), text) != out.end()) {
      fields.Report("listen", fmt::format("{} is listed twice", value.dump()));
    }
    out.push_back(std::move(text));
  }
  if (!is_read) {
    fields.MarkUnread("listen");
  }
  return out;
}

void ReadUser(base::JsonFields& fields, Service& service) {
  service.user = fields.OptionalString("user");
  const std::string problem = service.user ? UserNameProblem(*service.user) : "";
  if (!problem.empty()) {
    fields.Report("user", problem);
  }
}

// What starts it, and so what kind of service it is.
void ReadStart(base::JsonFields& fields, Service& service) {
  service.listen = ReadListen(fields);
  service.schedule = fields.OptionalString("schedule");
  service.type = fields.String("type", service.schedule ? "oneshot" : service.type);
  CheckOneOf(fields, "type", service.type, kTypes);
  if (service.schedule) {
    if (const std::string problem = ScheduleProblem(*service.schedule); !problem.empty()) {
      fields.ReportUnread("schedule", problem);
    }
    if (service.type != "oneshot") {
      fields.Report("type", "a service with a \"schedule\" is a oneshot: leave the type out");
    }
  }
  if (!service.listen.empty() && service.type == "oneshot") {
    fields.Report("listen", "a oneshot ends by itself and takes no connections");
  }
}

void ReadDirective(const base::JsonFields& fields, const std::string& section,
                   const std::string& option, const base::Json& value, Service& service) {
  const std::string field = "directives." + section + "." + option;
  const bool plain = std::all_of(option.begin(), option.end(), &IsLetterOrDigit);
  if (!value.is_string() || option.empty() || !plain) {
    fields.FailAt(field, "expected a systemd option and its value as a string");
  }
  CheckText(fields, field, value.get<std::string>());
  service.directives[section].emplace(option, value.get<std::string>());
}

void ReadDirectives(base::JsonFields& fields, Service& service) {
  fields.EachMember("directives", [&](const std::string& section, const base::Json& lines) {
    const std::string field = "directives." + section;
    CheckOneOf(fields, field, section, kSections);
    if ((section == "Socket" && service.listen.empty() && fields.IsRead("listen")) ||
        (section == "Timer" && !service.schedule && fields.IsRead("schedule"))) {
      fields.Report(field, fmt::format("the service has no such unit: set \"{}\"",
                                       section == "Socket" ? "listen" : "schedule"));
    }
    if (!lines.is_object()) {
      fields.FailAt(field, "expected an object of strings");
    }
    for (auto line = lines.begin(); line != lines.end(); ++line) {
      fields.Try([&] { ReadDirective(fields, section, line.key(), line.value(), service); });
    }
  });
}

void CheckUserStandsOnce(const base::JsonFields& fields, const Service& service) {
  const auto lines = service.directives.find("Service");
  if (!service.user || lines == service.directives.end()) {
    return;
  }
  for (const char* option : {"User", "DynamicUser"}) {
    if (lines->second.contains(option)) {
      fields.Report("user",
                    fmt::format("directives.Service.{} says it too: leave one out", option));
    }
  }
}

void ReadSecretsAndEnvironment(base::JsonFields& fields, Service& service) {
  service.credentials = fields.StringMap("credentials");
  for (const auto& [name, file] : service.credentials) {
    CheckCredentialName(fields, "credentials", name);
    CheckPath(fields, "credentials." + name, file);
  }
  ReadSecrets(fields, service);
  service.environment = fields.StringMap("environment");
  for (const auto& [name, value] : service.environment) {
    const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                       std::all_of(name.begin(), name.end(),
                                   [](char c) { return IsLetterOrDigit(c) || c == '_'; });
    if (!plain) {
      fields.Report("environment." + name, "this is not the name of an environment variable");
    }
    CheckText(fields, "environment." + name, name + "=" + value);
  }
  service.environment_file = fields.OptionalString("environment_file");
  if (service.environment_file) {
    CheckPath(fields, "environment_file", *service.environment_file);
  }
}

void ReadCommandsOf(base::JsonFields& fields, Programs programs, Service& service) {
  service.exec = fields.Strings("exec");
  if (programs != Programs::kBySource || !service.exec.empty()) {
    CheckCommand(fields, "exec", service.exec, programs);
  }
  service.exec_start_pre = ReadCommands(fields, "exec_start_pre", programs);
  service.hooks = ReadHooks(fields, programs);
}

Service ReadService(base::JsonFields fields, Programs programs) {
  Service service;
  ReadCommandsOf(fields, programs, service);
  ReadStart(fields, service);
  ReadUser(fields, service);
  service.state = fields.Bool("state", false);
  service.logs = fields.Bool("logs", false);
  service.cache = fields.Bool("cache", false);
  service.runtime = fields.Bool("runtime", false);
  service.binds = ReadBinds(fields);
  service.host_files = ReadHostFiles(fields);
  ReadSecretsAndEnvironment(fields, service);
  service.ports = ReadPorts(fields);
  service.hardening = fields.String("hardening", service.hardening);
  CheckOneOf(fields, "hardening", service.hardening, kProfiles);
  ReadDirectives(fields, service);
  CheckUserStandsOnce(fields, service);
  service.health = ReadHealth(fields, programs, service);
  // No switch waits for its runs, nor stops the one that goes on.
  if (service.schedule && (!service.hooks.before_start.empty() || service.health.HasCheck())) {
    fields.Report("schedule",
                  "a timer starts the service at any time: leave out its check and "
                  "\"hooks.before_start\", or use \"exec_start_pre\"");
  }
  fields.Done();
  return service;
}

base::Json ListenToJson(const std::vector<std::string>& listen) {
  base::Json out = base::Json::array();
  for (const std::string& text : listen) {
    const std::optional<ListenAddress> address = ParseListenAddress(text);
    const bool is_port = address && address->path.empty() && address->address.empty();
    out.push_back(is_port ? base::Json(address->port) : base::Json(text));
  }
  return out;
}

// Fields that came after the first format stand there only where they are set: the images that do
// without them keep their ids.
void AddLaterFields(const Service& service, base::Json& out) {
  if (service.environment_file) {
    out["environment_file"] = *service.environment_file;
  }
  if (service.user) {
    out["user"] = *service.user;
  }
  if (!service.listen.empty()) {
    out["listen"] = ListenToJson(service.listen);
  }
  if (service.schedule) {
    out["schedule"] = *service.schedule;
  }
  const HostFiles& host = service.host_files;
  if (host.certificates.value_or(false) || host.hosts || host.time_zone) {
    out["host_files"] = {{"certificates", host.certificates.value_or(false)},
                         {"hosts", host.hosts},
                         {"time_zone", host.time_zone}};
  }
  if (!service.secrets.empty()) {
    out["secrets"] = service.secrets;
  }
  if (!service.hooks.IsEmpty()) {
    out["hooks"] = ToJson(service.hooks);
  }
}

base::Json ToJson(const Service& service) {
  base::Json binds = base::Json::array();
  for (const Bind& bind : service.binds) {
    binds.push_back({{"host", bind.host}, {"image", bind.image}, {"writable", bind.writable}});
    if (bind.mounted) {
      binds.back()["mounted"] = true;
    }
  }
  base::Json out = {{"exec", service.exec},
                    {"exec_start_pre", service.exec_start_pre},
                    {"type", service.type},
                    {"state", service.state},
                    {"logs", service.logs},
                    {"cache", service.cache},
                    {"runtime", service.runtime},
                    {"binds", std::move(binds)},
                    {"credentials", service.credentials},
                    {"environment", service.environment},
                    {"ports", service.ports},
                    {"hardening", service.hardening},
                    {"directives", service.directives},
                    {"health", ToJson(service.health)}};
  AddLaterFields(service, out);
  return out;
}

}  // namespace

Services ReadServices(base::JsonFields& parent, Programs programs) {
  Services out;
  parent.EachMember("services", [&](const std::string& name, const base::Json& value) {
    const std::string field = "services." + name;
    parent.Try(
        [&] { CheckName(name, parent.PathOf("services") + ": service name", parent.code()); });
    const Service& service =
        out.emplace(name, ReadService(parent.Nested(value, field), programs)).first->second;
    for (const std::string& socket : service.listen) {
      if (service.runtime && socket.starts_with("/run/" + name + "/")) {
        parent.Report(field + ".listen",
                      fmt::format("\"runtime\" empties /run/{} at each restart, {} with it: leave "
                                  "one of the two out",
                                  name, socket));
      }
    }
  });
  return out;
}

base::Json ToJson(const Services& services) {
  base::Json out = base::Json::object();
  for (const auto& [name, service] : services) {
    out[name] = ToJson(service);
  }
  return out;
}

}  // namespace images
