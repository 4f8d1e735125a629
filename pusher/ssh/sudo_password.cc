#include "pusher/ssh/sudo_password.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

namespace pusher {

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

}  // namespace pusher
