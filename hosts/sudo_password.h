// The password that sudo wants on the hosts of a command, typed once for all of them.
#ifndef SLIPWAY_HOSTS_SUDO_PASSWORD_H_
#define SLIPWAY_HOSTS_SUDO_PASSWORD_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/io.h"

namespace hosts {

// Hosts may lock an account after a few wrong passwords. So until sudo on one host found it right,
// no other is given it, and once one said that it is wrong, only those that found it right are.
// Any thread may have a SudoTrial of it.
class SudoPassword {
 public:
  explicit SudoPassword(const std::string& typed) : line_(typed + "\n") {}

 private:
  friend class SudoTrial;

  const std::string line_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_tried_ = false;  // by the first host
  std::set<std::string> right_on_;
  std::string wrong_on_;  // a host; empty: on none
};

// Asks for it on the terminal. Throws Error{kUsage} where there is none.
std::shared_ptr<SudoPassword> AskSudoPassword(const base::Io& io);

// That one connection gives the password to sudo.
class SudoTrial {
 public:
  // Waits while another host is the first to try it. Throws Error{kFailed} where it is wrong
  // elsewhere.
  SudoTrial(std::shared_ptr<SudoPassword> password, std::string host);
  ~SudoTrial();  // without a decision: the next host tries it
  SudoTrial(const SudoTrial&) = delete;
  SudoTrial& operator=(const SudoTrial&) = delete;

  const std::string& line() const { return password_->line_; }  // with its newline
  void Decide(bool is_right);
  bool was_right() const { return was_right_; }

 private:
  void LetOthersTry();

  const std::shared_ptr<SudoPassword> password_;
  const std::string host_;
  bool is_first_ = false;
  bool was_right_ = false;
};

// What the programs of ours that run on a host say of their login (hosts/way_to_root.h).
struct LoginTalk {
  bool alive = false;  // it said that it runs: nothing before that may ask for a password
  std::shared_ptr<SudoPassword> password{};  // null: sudo must not ask
  std::unique_ptr<SudoTrial> trial{};        // null: the password was not given to it

  // Nothing where the word, without its magic, is not of the login; else what is to be sent for it,
  // which may be empty. Throws Error{kFailed} where the password was wrong, or where our program
  // does not ask so: what reads it next may be anything.
  std::optional<std::string> Take(const std::string& host, std::string_view word);
};

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_SUDO_PASSWORD_H_
