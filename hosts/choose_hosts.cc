#include "hosts/choose_hosts.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "hosts/destination.h"

namespace hosts {
namespace {

// What one word names.
std::vector<ChosenHost> HostsOf(const std::string& word, const HostList& list) {
  std::vector<ChosenHost> out;
  if (word.starts_with('@')) {
    for (const ListedHost& host : list.Group(word.substr(1))) {
      out.push_back({host, true});
    }
  } else if (const ListedHost* host = list.Find(word)) {
    out.push_back({*host, false});
  } else {
    out.push_back({{word, word, {}, std::nullopt}, false});
  }
  return out;
}

HostList ListFor(const std::vector<std::string>& words, const std::string& hosts_file) {
  const bool has_group =
      std::ranges::any_of(words, [](const std::string& word) { return word.starts_with('@'); });
  if (!has_group && std::ranges::none_of(words, &MayBeListed)) {
    return HostList::Parse("{}", hosts_file);
  }
  try {
    return HostList::Load(hosts_file);
  } catch (base::Error& error) {
    if (!has_group) {
      error.AddDetail({"a destination such as root@web1 needs no list"});
    }
    throw;
  }
}

}  // namespace

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

bool NamesSeveral(const std::string& text) {
  return text.starts_with('@') || text.find(',') != std::string::npos;
}

std::vector<ChosenHost> ChooseHosts(const std::vector<std::string>& words, const HostList& list) {
  std::vector<ChosenHost> out;
  for (const std::string& word : words) {
    for (const ChosenHost& one : HostsOf(word, list)) {
      CheckHost(one.host.ssh);
      const auto before = std::ranges::find_if(
          out, [&](const ChosenHost& other) { return other.host.name == one.host.name; });
      if (before == out.end()) {
        out.push_back(one);
      } else {
        before->by_group = before->by_group && one.by_group;
      }
    }
  }
  return out;
}

std::vector<ChosenHost> ChooseHosts(const std::string& text, const std::string& hosts_file) {
  const std::vector<std::string> words = SplitAtCommas(text);
  return ChooseHosts(words, ListFor(words, hosts_file));
}

void CheckOnce(const std::vector<std::pair<std::string, std::string>>& hosts) {
  std::map<std::string, std::string> names;  // by where they lead
  for (const auto& [name, destination] : hosts) {
    const auto [before, first] = names.emplace(destination, name);
    if (!first) {
      base::Fail(base::ExitCode::kUsage, "{} and {} are one host, {}: name it once", before->second,
                 name, destination);
    }
  }
}

}  // namespace hosts
