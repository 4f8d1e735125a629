#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "base/process.h"

// Handlers and the flag belong to the process, so each test has a process of its own.
namespace base {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

TEST(Interrupt, IsAnErrorAtTheNextSafePoint) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          ::signal(signal_number, SIG_DFL);
          InstallInterruptHandlers();
          ThrowIfInterrupted();
          ::raise(signal_number);
          try {
            ThrowIfInterrupted();
          } catch (const Error& error) {
            ::_exit(Interrupted() ? static_cast<int>(error.code()) : 1);
          }
          ::_exit(0);
        },
        ExitedWithCode(130), "");
  }
}

TEST(Interrupt, SecondSignalOfAnyKindEndsTheProcess) {
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        ::raise(SIGINT);
        ::raise(SIGTERM);
        ::_exit(0);
      },
      KilledBySignal(SIGTERM), "");
}

TEST(Interrupt, LeavesIgnoredSignalsIgnored) {
  EXPECT_EXIT(
      {
        ::signal(SIGHUP, SIG_IGN);
        InstallInterruptHandlers();
        ::raise(SIGHUP);
        ::_exit(Interrupted() ? 1 : 0);
      },
      ExitedWithCode(0), "");
}

TEST(Interrupt, BrokenPipeIsAnErrorOfTheWrite) {
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        ::raise(SIGPIPE);
        ::_exit(Interrupted() ? 1 : 0);
      },
      ExitedWithCode(0), "");
}

TEST(Interrupt, WhatAParentIgnoredOrBlockedIsAsUsual) {
  EXPECT_EXIT(
      {
        ::signal(SIGCHLD, SIG_IGN);
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        InstallInterruptHandlers();
        const ProcessResult result = base::Run({"sh", "-c", "exit 3"});
        ::raise(SIGTERM);
        ::_exit(Interrupted() ? result.exit_code : 1);
      },
      ExitedWithCode(3), "");
}

}  // namespace
}  // namespace base
