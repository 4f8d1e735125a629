// What a test says about errors: their code, and that a person is told in one line.
#ifndef TESTS_SUPPORT_ERRORS_H_
#define TESTS_SUPPORT_ERRORS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace tests {

// The Error that `call` throws. A test fails where it throws none, or one of several lines.
template <typename Call>
base::Error ErrorOf(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error;
  }
  ADD_FAILURE() << "expected an error";
  return base::Error(base::ExitCode::kFailed, "no error");
}

template <typename Call>
std::string MessageOf(Call call) {
  return ErrorOf(call).what();
}

}  // namespace tests

#endif  // TESTS_SUPPORT_ERRORS_H_
