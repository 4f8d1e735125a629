#include "activator/gate/gate.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "activator/trust/host_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/name.h"
#include "images/release/release.h"
#include "images/release/trust.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;
using images::kUntrusted;

constexpr std::array kVerbs = {
    std::pair("push", Verb::kPush), std::pair("activate", Verb::kActivate),
    std::pair("rollback", Verb::kRollback), std::pair("report", Verb::kReport)};
constexpr std::array kLevels = {"strict", "standard", "none"};
constexpr uint64_t kMostPort = 65535;

std::vector<std::string> ReadPaths(JsonFields& fields, const std::string& field) {
  std::vector<std::string> out = fields.Strings(field);
  for (const std::string& path : out) {
    const bool is_folder = path.ends_with('/');
    if (!images::IsPlainAbsolutePath(is_folder ? path.substr(0, path.size() - 1) : path)) {
      fields.FailAt(field,
                    fmt::format("'{}' is not an absolute path without '.' and '..'; with / at "
                                "its end it means all below it",
                                path));
    }
  }
  return out;
}

std::vector<uint64_t> ReadPorts(JsonFields& fields) {
  std::vector<uint64_t> out;
  for (const Json& port : fields.Array("ports")) {
    if (!port.is_number_unsigned() || port.get<uint64_t>() == 0 ||
        port.get<uint64_t>() > kMostPort) {
      fields.FailAt("ports", "expected numbers from 1 to 65535");
    }
    out.push_back(port.get<uint64_t>());
  }
  return out;
}

GateLimits ReadLimits(JsonFields fields) {
  GateLimits out;
  out.services = fields.Strings("services");
  out.users = fields.Strings("users");
  out.hardening = fields.Strings("hardening");
  for (const std::string& level : out.hardening) {
    if (std::ranges::find(kLevels, level) == kLevels.end()) {
      fields.FailAt("hardening",
                    fmt::format("'{}' is no level: use strict, standard or none", level));
    }
  }
  out.binds = ReadPaths(fields, "binds");
  out.credentials = ReadPaths(fields, "credentials");
  out.directives = fields.Strings("directives");
  for (const std::string& directive : out.directives) {
    const size_t slash = directive.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == directive.size()) {
      fields.FailAt("directives", fmt::format("'{}' is not SECTION/OPTION, as in "
                                              "Service/LimitNOFILE",
                                              directive));
    }
  }
  out.ports = ReadPorts(fields);
  out.max_seconds = fields.Number("max_seconds", 1, base::kAnyNumber, out.max_seconds);
  out.max_bytes = fields.Number("max_bytes", 1, base::kAnyNumber);
  fields.Done();
  return out;
}

GateOperator ReadOperator(const std::string& name, JsonFields fields,
                          const std::map<std::string, GateLimits>& limits) {
  GateOperator out;
  out.name = name;
  for (const std::string& application : fields.Strings("applications")) {
    images::CheckName(application, fields.PathOf("applications") + ": application", kUntrusted);
    out.applications.insert(application);
  }
  for (const std::string& word : fields.Strings("may")) {
    const auto verb =
        std::ranges::find_if(kVerbs, [&](const auto& one) { return one.first == word; });
    if (verb == kVerbs.end()) {
      fields.FailAt("may", fmt::format("'{}' is not push, activate, rollback or report", word));
    }
    out.may.insert(verb->second);
  }
  const std::string of_limits = fields.String("limits");
  const auto found = limits.find(of_limits);
  if (found == limits.end()) {
    fields.FailAt("limits", fmt::format("there are no limits '{}' in this file", of_limits));
  }
  out.limits = found->second;
  fields.Done();
  return out;
}

std::string ReadGate(const std::string& path) {
  if (!base::LstatIfThere(path)) {
    base::Fail(kUntrusted, "{} is not there, so nobody may do anything by a gate", path);
  }
  const base::UniqueFd fd = base::OpenOwn(path, O_RDONLY);
  const struct stat found = base::Fstat(fd.get(), path);
  if (found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    base::Fail(kUntrusted, "others than root could change {}: chown root {}, chmod go-w {}", path,
               path, path);
  }
  if (static_cast<uint64_t>(found.st_size) > images::kMaxTrustBytes) {
    base::Fail(kUntrusted, "{} has more than {} bytes", path, images::kMaxTrustBytes);
  }
  const std::vector<uint8_t> text =
      base::PRead(fd.get(), 0, static_cast<size_t>(found.st_size), path);
  return std::string(base::AsText(text));
}

}  // namespace

const char* ToText(Verb verb) {
  return std::ranges::find(kVerbs, verb, &decltype(kVerbs)::value_type::second)->first;
}

Gate Gate::Parse(const std::string& text, const std::string& name_of_file) {
  const Json json = base::ParseJson(text, name_of_file, kUntrusted);
  JsonFields file = JsonFields::OfFile(json, name_of_file, kUntrusted);
  if (file.Number("format", 1, base::kAnyNumber) != kGateFormat) {
    file.FailAt("format", "this version knows only 1");
  }
  std::map<std::string, GateLimits> limits;
  const JsonFields all_limits = file.Nested("limits");
  file.EachMember("limits", [&](const std::string& name, const Json& value) {
    limits.emplace(name, ReadLimits(all_limits.Nested(value, name)));
  });
  Gate out;
  const JsonFields all_operators = file.Nested("operators");
  file.EachMember("operators", [&](const std::string& name, const Json& value) {
    images::CheckName(name, all_operators.PathOf(name) + ": operator", kUntrusted);
    out.operators.emplace(name, ReadOperator(name, all_operators.Nested(value, name), limits));
  });
  file.Done();
  return out;
}

std::string GateFile(const images::HostLayout& layout) { return layout.Trust() + "/gate.json"; }

GateOperator LoadOperator(const images::HostLayout& layout, const std::string& name) {
  if (!LoadTrust(layout)) {
    base::Fail(kUntrusted,
               "a gate is for signed images alone, and {} is not there: imgpush --trust DIR "
               "root@HOST",
               layout.Trust());
  }
  const std::string path = GateFile(layout);
  Gate gate = Gate::Parse(ReadGate(path), path);
  const auto found = gate.operators.find(name);
  if (found == gate.operators.end()) {
    base::Fail(kUntrusted, "{} names no operator {}", path, name);
  }
  return std::move(found->second);
}

}  // namespace activator
