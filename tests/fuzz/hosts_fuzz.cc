// Any text is a list of hosts or an Error: each host is found by its name, and in the group of all.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "hosts/host_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto list = hosts::HostList::Parse(std::string(data, data + size), "hosts.json");
    for (const hosts::ListedHost& host : list.hosts()) {
      const hosts::ListedHost* const found = list.Find(host.name);
      if (found == nullptr || *found != host || !hosts::MayBeListed(host.name)) {
        std::abort();
      }
    }
    if (!list.hosts().empty() && list.Group(hosts::kEveryHost).size() != list.hosts().size()) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
