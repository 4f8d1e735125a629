// Finds the hosts that a command line names: "web1,@berlin,root@10.0.0.5".
#ifndef SLIPWAY_HOSTS_CHOOSE_HOSTS_H_
#define SLIPWAY_HOSTS_CHOOSE_HOSTS_H_

#include <string>
#include <utility>
#include <vector>

#include "hosts/host_list.h"

namespace hosts {

struct ChosenHost {
  ListedHost host;        // one that is not listed has its destination as its name
  bool by_group = false;  // by no word of its own
};

// The words between the commas of `text`.
std::vector<std::string> SplitAtCommas(const std::string& text);

// Whether `text` asks for several hosts, however many they are.
bool NamesSeveral(const std::string& text);

// What `words` name: hosts and groups of the list, destinations of ssh, dir:PATH. In this order,
// each name once. Throws Error{kUsage} for a group that there is not, and for what is no host.
std::vector<ChosenHost> ChooseHosts(const std::vector<std::string>& words, const HostList& list);

// What `text` names, as above, by the list in `hosts_file`. It is read only where one of the words
// may be of it: a broken list must not keep anybody from root@web1.
std::vector<ChosenHost> ChooseHosts(const std::string& text, const std::string& hosts_file);

// Throws Error{kUsage} where a host has two names: two things at once there would only be in each
// other's way. `hosts`: name and destination of each.
void CheckOnce(const std::vector<std::pair<std::string, std::string>>& hosts);

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_CHOOSE_HOSTS_H_
