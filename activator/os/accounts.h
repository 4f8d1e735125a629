// The host's users and groups. The product asks getent and systemd-sysusers, each with a timeout,
// because a static program cannot ask user databases itself; tests use a fake.
#ifndef SLIPWAY_ACTIVATOR_OS_ACCOUNTS_H_
#define SLIPWAY_ACTIVATOR_OS_ACCOUNTS_H_

#include <optional>
#include <string>

namespace activator {

// All throw Error{kFailed} with what the program said.
class Accounts {
 public:
  Accounts() = default;
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;
  virtual ~Accounts() = default;

  // The line of passwd(5) of the user, of group(5) of the group, by name or number.
  virtual std::optional<std::string> User(const std::string& key) = 0;
  virtual std::optional<std::string> Group(const std::string& key) = 0;
  // Why no user can be made on this host; empty where one can.
  virtual std::string WhyNone() = 0;
  // Does what a fragment of sysusers.d(5) says.
  virtual void Make(const std::string& fragment) = 0;
};

class RealAccounts : public Accounts {
 public:
  std::optional<std::string> User(const std::string& key) override;
  std::optional<std::string> Group(const std::string& key) override;
  std::string WhyNone() override;
  void Make(const std::string& fragment) override;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_ACCOUNTS_H_
