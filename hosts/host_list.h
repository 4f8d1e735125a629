// Reads hosts.json: names and groups of hosts (docs/formats/hosts.md).
#ifndef SLIPWAY_HOSTS_HOST_LIST_H_
#define SLIPWAY_HOSTS_HOST_LIST_H_

#include <optional>
#include <string>
#include <vector>

namespace hosts {

inline constexpr const char* kEveryHost = "all";  // the group that every host is in

struct ListedHost {
  std::string name;
  std::string ssh;  // what ssh is given, or dir:PATH
  std::vector<std::string> groups;
  std::optional<std::vector<std::string>> images{};  // by name; nullopt: any
  // Of the host, or of a group of it; empty: neither says.
  std::string root{};
  std::string agent_directory{};
  bool gate = false;  // its login is one (docs/formats/gate.md)
  bool operator==(const ListedHost&) const = default;
};

// The list where none is named; it need not be there.
inline constexpr const char* kHostsFile = "hosts.json";

// Whether a host or a group of the list can have this name: root@web1 cannot.
bool MayBeListed(const std::string& name);

class HostList {
 public:
  // Both throw Error{kUsage} that says file, field and line. A file that is not there is an empty
  // list.
  static HostList Parse(const std::string& text, const std::string& name_of_file);
  static HostList Load(const std::string& path);

  const std::vector<ListedHost>& hosts() const { return hosts_; }  // by name
  const ListedHost* Find(const std::string& name) const;           // nullptr: not listed
  // Throws Error{kUsage} that says which groups there are.
  std::vector<ListedHost> Group(const std::string& group) const;

 private:
  explicit HostList(std::string name_of_file) : name_of_file_(std::move(name_of_file)) {}

  std::string name_of_file_;
  std::vector<ListedHost> hosts_;
};

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_HOST_LIST_H_
