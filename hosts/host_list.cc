#include "hosts/host_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/name.h"

namespace hosts {
namespace {

constexpr base::ExitCode kBad = base::ExitCode::kUsage;
constexpr const char* kYes = "yes";
constexpr std::string_view kNameOfHost = "%h";  // as ssh has it

void CheckWord(const base::JsonFields& fields, const std::string& field, const std::string& text) {
  if (!MayBeListed(text)) {
    fields.FailAt(field, fmt::format("'{}' is not made of letters, digits, '-', '_' and '.', a "
                                     "letter or digit first",
                                     text));
  }
}

// What a host and a group may both say; empty: it does not.
struct Settings {
  std::string ssh;  // with %h for the host's name; in a group it must be there
  std::string root;
  std::string agent_directory;
  std::string gate;  // "yes" or "no"
};

std::string ReadPath(base::JsonFields& fields, const std::string& field) {
  std::string out = fields.String(field, "");
  if (fields.Has(field) && !images::IsPlainAbsolutePath(out)) {
    fields.FailAt(field, fmt::format("'{}' is not an absolute path without '.' and '..'", out));
  }
  return out;
}

Settings ReadSettings(base::JsonFields& fields) {
  Settings out = {fields.String("ssh", ""), ReadPath(fields, "root"), ReadPath(fields, "agent_dir"),
                  ""};
  if (fields.Has("gate")) {
    out.gate = fields.Bool("gate", false) ? kYes : "no";
  }
  return out;
}

using Groups = std::map<std::string, Settings>;

Groups ReadGroups(base::JsonFields& file) {
  const base::JsonFields groups(file.Object("groups"), file.PathOf("groups"), kBad);
  Groups out;
  file.EachMember("groups", [&](const std::string& name, const base::Json& value) {
    base::JsonFields fields(value, groups.PathOf(name), kBad);
    CheckWord(groups, name, name);
    const Settings& settings = out[name] = ReadSettings(fields);
    if (!settings.ssh.empty() && settings.ssh.find(kNameOfHost) == std::string::npos) {
      fields.FailAt("ssh", fmt::format("'{}' leads all its hosts to one: write %h where each "
                                       "host's name belongs, as in root@%h",
                                       settings.ssh));
    }
    fields.Done();
  });
  return out;
}

// What the host says itself, else a group of it, else the group of all.
std::string Find(const ListedHost& host, const std::string& own, const Groups& groups,
                 std::string Settings::*field, const std::string& name_of_field,
                 const base::JsonFields& fields) {
  if (!own.empty()) {
    return own;
  }
  std::string out;
  std::string said_by;
  for (const std::string& name : host.groups) {
    const auto group = groups.find(name);
    const std::string said = group == groups.end() ? "" : group->second.*field;
    if (said.empty()) {
      continue;
    }
    if (!out.empty() && said != out) {
      fields.FailAt(
          name_of_field,
          fmt::format("its groups {} and {} say different things: say it here", said_by, name));
    }
    out = said;
    said_by = name;
  }
  const auto all = groups.find(kEveryHost);
  return out.empty() && all != groups.end() ? all->second.*field : out;
}

std::string WithName(std::string text, const std::string& name) {
  for (size_t at = 0; (at = text.find(kNameOfHost, at)) != std::string::npos; at += name.size()) {
    text.replace(at, kNameOfHost.size(), name);
  }
  return text;
}

ListedHost ReadHost(const std::string& name, const base::Json& value, const base::JsonFields& hosts,
                    const Groups& groups) {
  base::JsonFields fields(value, hosts.PathOf(name), kBad);
  CheckWord(hosts, name, name);
  ListedHost out;
  out.name = name;
  const Settings own = ReadSettings(fields);
  out.groups = fields.Strings("groups");
  for (const std::string& group : out.groups) {
    CheckWord(fields, "groups", group);
    if (group == kEveryHost) {
      fields.FailAt("groups", fmt::format("'{}' means every host of the file already", group));
    }
  }
  if (fields.Has("images")) {
    out.images = fields.Strings("images");
    if (out.images->empty()) {
      fields.FailAt("images",
                    "the list is empty; leave the field out if the host accepts any image");
    }
    for (const std::string& image : *out.images) {
      images::CheckName(image, fields.PathOf("images") + ": image name", kBad);
    }
  }
  fields.Done();
  const auto find = [&](const std::string& said, std::string Settings::*field,
                        const std::string& name_of_field) {
    return Find(out, said, groups, field, name_of_field, fields);
  };
  out.ssh = WithName(find(own.ssh, &Settings::ssh, "ssh"), name);
  out.ssh = out.ssh.empty() ? name : out.ssh;
  out.root = find(own.root, &Settings::root, "root");
  out.agent_directory = find(own.agent_directory, &Settings::agent_directory, "agent_dir");
  out.gate = find(own.gate, &Settings::gate, "gate") == kYes;
  return out;
}

// A group without a host is a name that was mistyped.
void CheckGroups(const Groups& groups, const std::vector<ListedHost>& hosts,
                 const base::JsonFields& file) {
  for (const auto& [name, settings] : groups) {
    const bool has_host = name == kEveryHost ||
                          std::ranges::any_of(hosts, [&, &group = name](const ListedHost& host) {
                            return std::ranges::find(host.groups, group) != host.groups.end();
                          });
    if (!has_host) {
      file.FailAt("groups." + name, "no host has it in its \"groups\"");
    }
  }
}

}  // namespace

bool MayBeListed(const std::string& name) {
  return !name.empty() && name.size() <= 255 &&
         std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

HostList HostList::Parse(const std::string& text, const std::string& name_of_file) {
  base::FieldLines lines;
  const base::Json json = base::ParseJson(text, name_of_file, kBad, /*comments=*/true, &lines);
  HostList out(name_of_file);
  try {
    base::JsonFields file = base::JsonFields::OfFile(json, name_of_file, kBad);
    base::JsonFields hosts(file.Object("hosts"), file.PathOf("hosts"), kBad);
    const Groups groups = ReadGroups(file);
    file.Done();
    file.EachMember("hosts", [&](const std::string& name, const base::Json& value) {
      out.hosts_.push_back(ReadHost(name, value, hosts, groups));
    });
    CheckGroups(groups, out.hosts_, file);
  } catch (const base::Error& error) {
    throw base::WithLine(error, lines);
  }
  return out;
}

HostList HostList::Load(const std::string& path) {
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  if (!text && path != kHostsFile) {
    base::Fail(base::ExitCode::kUsage, "there is no list of hosts {}", path);
  }
  return text ? Parse(*text, path) : HostList(path);
}

const ListedHost* HostList::Find(const std::string& name) const {
  const auto found = std::ranges::find(hosts_, name, &ListedHost::name);
  return found == hosts_.end() ? nullptr : &*found;
}

std::vector<ListedHost> HostList::Group(const std::string& group) const {
  if (hosts_.empty()) {
    base::Fail(kBad, "@{}: {} lists no host; see docs/formats/hosts.md", group, name_of_file_);
  }
  if (group == kEveryHost) {
    return hosts_;
  }
  std::vector<ListedHost> out;
  std::set<std::string> groups = {kEveryHost};
  for (const ListedHost& host : hosts_) {
    groups.insert(host.groups.begin(), host.groups.end());
    if (std::ranges::find(host.groups, group) != host.groups.end()) {
      out.push_back(host);
    }
  }
  if (out.empty()) {
    base::Fail(kBad, "there is no group '{}' in {}; there are: {}", group, name_of_file_,
               fmt::join(groups, ", "));
  }
  return out;
}

}  // namespace hosts
