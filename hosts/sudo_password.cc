#include "hosts/sudo_password.h"

#include <chrono>
#include <utility>

#include "base/confirm.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace hosts {

std::shared_ptr<SudoPassword> AskSudoPassword(const base::Io& io) {
  if (!io.in_is_terminal || !io.err_is_terminal) {
    base::Fail(base::ExitCode::kUsage, "--ask-sudo-password asks, but there is no terminal");
  }
  return std::make_shared<SudoPassword>(base::AskSecret(io, "Password for sudo on the hosts: "));
}

SudoTrial::SudoTrial(std::shared_ptr<SudoPassword> password, std::string host)
    : password_(std::move(password)), host_(std::move(host)) {
  std::unique_lock<std::mutex> lock(password_->mutex_);
  while (password_->is_tried_) {
    base::ThrowIfInterrupted();
    password_->changed_.wait_for(lock, std::chrono::milliseconds(200));
  }
  if (password_->right_on_.contains(host_)) {
    return;
  }
  if (!password_->wrong_on_.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "{}: the password was not tried there, for sudo on {} says that it is wrong", host_,
               password_->wrong_on_);
  }
  is_first_ = password_->is_tried_ = password_->right_on_.empty();
}

SudoTrial::~SudoTrial() { LetOthersTry(); }

void SudoTrial::Decide(bool is_right) {
  {
    const std::lock_guard<std::mutex> lock(password_->mutex_);
    if (is_right) {
      password_->right_on_.insert(host_);
    } else {
      password_->wrong_on_ = host_;
    }
    was_right_ = is_right;
  }
  LetOthersTry();
}

void SudoTrial::LetOthersTry() {
  if (std::exchange(is_first_, false)) {
    const std::lock_guard<std::mutex> lock(password_->mutex_);
    password_->is_tried_ = false;
    password_->changed_.notify_all();
  }
}

std::optional<std::string> LoginTalk::Take(const std::string& host, std::string_view word) {
  alive = alive || word == "ALIVE";
  if (word == "ALIVE") {
    return "";
  }
  if (!word.starts_with("PASSWORD")) {
    return std::nullopt;
  }
  if (!alive || !password) {
    base::Fail(base::ExitCode::kFailed,
               "{}: something there asks for a password {}; look at its login shell's start files",
               host, alive ? "that our program does not want" : "before our program runs");
  }
  const bool is_open = trial && !trial->was_right();
  if (word == "PASSWORD TRIED" && !trial) {
    trial = std::make_unique<SudoTrial>(password, host);
  } else if (word == "PASSWORD" && is_open) {
    trial->Decide(true);
  } else if (is_open) {
    trial->Decide(false);
    base::Fail(base::ExitCode::kFailed, "{}: the password is wrong there, says sudo", host);
  } else {
    base::Fail(base::ExitCode::kFailed, "{} asks for the password out of turn", host);
  }
  return trial->line();
}

}  // namespace hosts
