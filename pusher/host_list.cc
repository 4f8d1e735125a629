#include "pusher/host_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "images/name.h"

namespace pusher {
namespace {

constexpr base::ExitCode kBad = base::ExitCode::kUsage;

bool IsWord(const std::string& text) {
  return !text.empty() && text.size() <= 255 &&
         std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

void CheckWord(const base::JsonFields& fields, const std::string& field, const std::string& text) {
  if (!IsWord(text)) {
    fields.FailAt(field, fmt::format("'{}' is not made of letters, digits, '-', '_' and '.', a "
                                     "letter or digit first",
                                     text));
  }
}

ListedHost ReadHost(const std::string& name, const base::Json& value,
                    const base::JsonFields& hosts) {
  base::JsonFields fields(value, hosts.PathOf(name), kBad);
  CheckWord(hosts, name, name);
  ListedHost out;
  out.name = name;
  out.ssh = fields.String("ssh", name);
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
  return out;
}

}  // namespace

HostList HostList::Parse(const std::string& text, const std::string& name_of_file) {
  base::FieldLines lines;
  const base::Json json = base::ParseJson(text, name_of_file, kBad, /*comments=*/true, &lines);
  HostList out(name_of_file);
  try {
    base::JsonFields file = base::JsonFields::OfFile(json, name_of_file, kBad);
    base::JsonFields hosts(file.Object("hosts"), file.PathOf("hosts"), kBad);
    file.Done();
    file.EachMember("hosts", [&](const std::string& name, const base::Json& value) {
      out.hosts_.push_back(ReadHost(name, value, hosts));
    });
  } catch (const base::Error& error) {
    throw base::WithLine(error, lines);
  }
  return out;
}

HostList HostList::Load(const std::string& path) {
  const std::optional<std::string> text = base::ReadFileIfThere(path);
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

}  // namespace pusher
