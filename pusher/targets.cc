#include "pusher/targets.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "images/version/image_choice.h"
#include "pusher/host_list.h"
#include "pusher/ssh/destination.h"

namespace pusher {
namespace {

struct Meant {
  ListedHost host;
  bool by_group = false;
};

// One word of the command line.
std::vector<Meant> HostsOf(const std::string& word, const HostList& list) {
  std::vector<Meant> out;
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

std::vector<Meant> HostsOf(const Arguments& arguments) {
  const HostList list = HostList::Load(arguments.hosts_file);
  std::vector<Meant> out;
  for (const std::string& word : arguments.hosts) {
    for (const Meant& meant : HostsOf(word, list)) {
      CheckHost(meant.host.ssh);
      const auto before = std::ranges::find_if(
          out, [&](const Meant& other) { return other.host.name == meant.host.name; });
      if (before == out.end()) {
        out.push_back(meant);
      } else {
        before->by_group = before->by_group && meant.by_group;
      }
    }
  }
  return out;
}

// What each host gets; an image is opened once however many hosts get it.
class Choice {
 public:
  explicit Choice(const Arguments& arguments) : arguments_(arguments) {
    for (const std::string& argument : arguments.names) {
      names_.push_back(images::ChooseImage(arguments.images, argument).manifest().name);
    }
  }

  // nullptr: it takes none of those that were asked for.
  SharedImages For(const ListedHost& host) {
    std::vector<std::string> wanted = arguments_.names;
    if (host.images) {
      wanted = names_.empty() ? *host.images : Taken(*host.images);
      if (wanted.empty()) {
        return nullptr;
      }
    }
    SharedImages& images = opened_[wanted];
    if (!images) {
      images = std::make_shared<const std::vector<images::ImageDirectory>>(
          images::ChooseImages(arguments_.images, wanted));
    }
    return images;
  }

 private:
  std::vector<std::string> Taken(const std::vector<std::string>& by_host) const {
    std::vector<std::string> out;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (std::ranges::find(by_host, names_[i]) != by_host.end()) {
        out.push_back(arguments_.names[i]);
      }
    }
    return out;
  }

  const Arguments& arguments_;
  std::vector<std::string> names_;  // of the images that arguments_.names are
  std::map<std::vector<std::string>, SharedImages> opened_;
};

// Two pushes at once to one host would only be in each other's way.
void CheckOnce(const std::vector<Destination>& targets) {
  std::map<std::string, std::string> names;  // by where they lead
  for (const Destination& target : targets) {
    const auto [before, first] = names.emplace(target.destination, target.name);
    if (!first) {
      base::Fail(base::ExitCode::kUsage, "{} and {} are one host, {}: name it once", before->second,
                 target.name, target.destination);
    }
  }
}

}  // namespace

std::vector<Destination> ChooseHosts(const Arguments& arguments) {
  std::vector<Destination> out;
  for (const Meant& meant : HostsOf(arguments)) {
    out.push_back({meant.host.name, meant.host.ssh, nullptr});
  }
  CheckOnce(out);
  return out;
}

std::vector<Destination> ChooseTargets(const Arguments& arguments, const base::Io& io) {
  Choice choice(arguments);
  std::vector<Destination> out;
  std::vector<std::string> left_out;
  for (const auto& [host, by_group] : HostsOf(arguments)) {
    if (SharedImages images = choice.For(host)) {
      out.push_back({host.name, host.ssh, std::move(images)});
    } else if (by_group) {
      left_out.push_back(host.name);
    } else {
      base::Fail(base::ExitCode::kUsage, "{} accepts only {}, says {}", host.name,
                 fmt::join(*host.images, ", "), arguments.hosts_file);
    }
  }
  CheckOnce(out);
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "none of these hosts accepts {}: see \"images\" in {}",
               fmt::join(arguments.names, ", "), arguments.hosts_file);
  }
  if (!left_out.empty()) {
    io.Err("imgpush: left out, because they accept other images: {}\n", fmt::join(left_out, ", "));
  }
  return out;
}

}  // namespace pusher
