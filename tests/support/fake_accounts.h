// Users and groups of a host for tests of the activator.
#ifndef SLIPWAY_TESTS_SUPPORT_FAKE_ACCOUNTS_H_
#define SLIPWAY_TESTS_SUPPORT_FAKE_ACCOUNTS_H_

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "activator/os/accounts.h"

namespace tests {

class FakeAccounts : public activator::Accounts {
 public:
  std::map<std::string, std::string> users;  // name -> line of passwd(5)
  std::set<std::string> groups;              // those that have a name
  std::string why_none;
  std::vector<std::string> made;  // the fragments

  std::optional<std::string> User(const std::string& key) override {
    const auto found = users.find(key);
    return found == users.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> Group(const std::string& key) override {
    const bool is_number = key.find_first_not_of("0123456789") == std::string::npos;
    return is_number || groups.contains(key)
               ? std::optional("group" + key + ":x:" + (is_number ? key : "100") + ":")
               : std::nullopt;
  }
  std::string WhyNone() override { return why_none; }
  void Make(const std::string& fragment) override {
    made.push_back(fragment);
    std::istringstream lines(fragment);
    for (std::string line; std::getline(lines, line);) {
      const std::string name = line.substr(2, line.find(' ', 2) - 2);
      users[name] = name + ":x:990:990::/:/usr/sbin/nologin";
    }
  }
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_SUPPORT_FAKE_ACCOUNTS_H_
