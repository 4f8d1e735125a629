#include "pusher/targets.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "hosts/choose_hosts.h"
#include "images/version/image_choice.h"

namespace pusher {
namespace {

// What each host gets; an image is opened once however many hosts get it.
class Choice {
 public:
  explicit Choice(const Arguments& arguments) : arguments_(arguments) {
    for (const std::string& argument : arguments.names) {
      names_.push_back(images::ChooseImage(arguments.images, argument).manifest().name);
    }
  }

  // nullptr: it takes none of those that were asked for.
  SharedImages For(const hosts::ListedHost& host) {
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

auto HostsOf(const Arguments& arguments) {
  return hosts::ChooseHosts(arguments.hosts_word, arguments.hosts_file);
}

// What the command line says counts, then what the list says.
Destination DestinationOf(const hosts::ListedHost& host, SharedImages images,
                          const Arguments& arguments) {
  return {host.name,
          host.ssh,
          std::move(images),
          arguments.root.value_or(host.root.empty() ? images::kDefaultRoot : host.root),
          arguments.agent_directory.empty() ? host.agent_directory : arguments.agent_directory,
          (arguments.gate || host.gate) && FolderOf(host.ssh).empty(),
          host.groups};
}

// What root alone may say, or has said when the gate was made.
void CheckGate(const Destination& target, const Arguments& arguments) {
  const char* const option = arguments.root                       ? "--root"
                             : !arguments.agent_directory.empty() ? "--agent-dir"
                             : !arguments.trust.empty()           ? "--trust"
                             : arguments.older                    ? "--older"
                             : arguments.override_channel         ? "--override"
                             : arguments.host_jobs > 0            ? "--host-jobs"
                             : arguments.confirm_within_seconds   ? "--confirm-within"
                             : arguments.doctor                   ? "doctor"
                                                                  : nullptr;
  if (target.gate && option != nullptr) {
    base::Fail(base::ExitCode::kUsage, "{} is for root's own login, and that of {} is a gate",
               option, target.name);
  }
}

// A folder is its own root, and nobody logs in there.
void CheckThatAnyIsHost(const std::vector<Destination>& targets, const Arguments& arguments) {
  const char* const option = arguments.root                       ? "--root"
                             : !arguments.agent_directory.empty() ? "--agent-dir"
                             : arguments.ask_sudo_password        ? "--ask-sudo-password"
                             : arguments.confirm_within_seconds   ? "--confirm-within"
                                                                  : nullptr;
  if (option != nullptr && std::ranges::none_of(targets, [](const Destination& target) {
        return FolderOf(target.destination).empty();
      })) {
    base::Fail(base::ExitCode::kUsage, "{} is for hosts, and {} is a folder: leave it out", option,
               targets.front().name);
  }
}

}  // namespace

std::vector<Destination> ChooseHosts(const Arguments& arguments) {
  std::vector<Destination> out;
  std::vector<std::pair<std::string, std::string>> once;
  for (const auto& [host, by_group] : HostsOf(arguments)) {
    once.emplace_back(host.name, host.ssh);
    out.push_back(DestinationOf(host, nullptr, arguments));
    CheckGate(out.back(), arguments);
  }
  hosts::CheckOnce(once);
  return out;
}

std::vector<Destination> ChooseTargets(const Arguments& arguments, const base::Io& io) {
  Choice choice(arguments);
  std::vector<Destination> out;
  std::vector<std::string> left_out;
  std::vector<std::pair<std::string, std::string>> once;
  for (const auto& [host, by_group] : HostsOf(arguments)) {
    if (SharedImages images = choice.For(host)) {
      once.emplace_back(host.name, host.ssh);
      out.push_back(DestinationOf(host, std::move(images), arguments));
      CheckGate(out.back(), arguments);
    } else if (by_group) {
      left_out.push_back(host.name);
    } else {
      base::Fail(base::ExitCode::kUsage, "{} accepts only {}, says {}", host.name,
                 fmt::join(*host.images, ", "), arguments.hosts_file);
    }
  }
  hosts::CheckOnce(once);
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "none of these hosts accepts {}: see \"images\" in {}",
               fmt::join(arguments.names, ", "), arguments.hosts_file);
  }
  CheckThatAnyIsHost(out, arguments);
  if (!left_out.empty()) {
    io.Err("imgpush: left out, because they accept other images: {}\n", fmt::join(left_out, ", "));
  }
  return out;
}

}  // namespace pusher
