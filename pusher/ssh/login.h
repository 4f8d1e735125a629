// How a login on a host goes until our program answers there: what is printed meanwhile, and what
// that means where it fails.
#ifndef SLIPWAY_PUSHER_SSH_LOGIN_H_
#define SLIPWAY_PUSHER_SSH_LOGIN_H_

#include <string>
#include <string_view>

#include "hosts/sudo_password.h"

namespace pusher {

struct Login {
  bool answered = false;  // our program spoke
  std::string printed;    // before it spoke, on standard output: the last 8 KiB
  hosts::LoginTalk talk{};

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
