// How a login on a host goes until our program answers there: what is printed meanwhile, and what
// that means where it fails.
#ifndef SLIPWAY_PUSHER_SSH_LOGIN_H_
#define SLIPWAY_PUSHER_SSH_LOGIN_H_

#include <memory>
#include <string>
#include <string_view>

#include "pusher/ssh/sudo_password.h"

namespace pusher {

struct Login {
  bool answered = false;  // our program spoke
  bool alive = false;     // it said that it runs: nothing before that may ask for a password
  std::string printed;    // before it spoke, on standard output: the last 8 KiB
  std::shared_ptr<SudoPassword> sudo_password{};  // for sudo; null: it must not ask
  std::unique_ptr<SudoTrial> trial{};             // null: the password was not given to it

  void Add(std::string_view line);  // without its newline
};

struct LoginFailure {
  std::string text;    // what was printed, and what to do where that is known
  bool lasts = false;  // another attempt would end the same way
};

// `ssh_said`: its standard error. Empty text: nothing was printed.
LoginFailure ExplainLogin(const std::string& ssh_said, const std::string& host_printed);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_LOGIN_H_
