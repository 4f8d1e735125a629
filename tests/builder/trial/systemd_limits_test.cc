// What keeps a trial away from this machine's systemd.
#include "builder/trial/systemd_limits.h"

#include <gtest/gtest.h>

#include <functional>

namespace builder {
namespace {

TEST(SystemdLimitsTest, WhatReachesTheMachineIsTriedInNamespaces) {
  images::Service plain;
  plain.exec = {"/bin/app"};
  plain.state = true;
  plain.health.http = images::HttpCheck{"/", 200, "", {}};
  plain.directives["Service"] = {{"MemoryMax", "1G"}, {"StateDirectory", "app"}};
  EXPECT_EQ(WhyNotUnderSystemd(plain), "");
  const auto why = [&](const std::function<void(images::Service&)>& change) {
    images::Service service = plain;
    change(service);
    return WhyNotUnderSystemd(service);
  };
  const auto line = [&](const std::string& section, const std::string& option) {
    return why([&](images::Service& one) { one.directives[section][option] = "x"; });
  };
  EXPECT_EQ(line("Unit", "Conflicts"), "directives.Unit.Conflicts");
  EXPECT_EQ(line("Unit", "FailureAction"), "directives.Unit.FailureAction");
  EXPECT_EQ(line("Socket", "ExecStartPre"), "directives.Socket.ExecStartPre");
  EXPECT_EQ(line("Service", "ExecStopPost"), "directives.Service.ExecStopPost");
  EXPECT_EQ(line("Service", "User"), "directives.Service.User");
  EXPECT_EQ(why([](images::Service& one) { one.user = "root"; }), "user root");
  EXPECT_EQ(why([](images::Service& one) { one.hardening = "none"; }), "hardening none");
  EXPECT_EQ(why([](images::Service& one) { one.listen = {"/run/app.sock"}; }), "listen");
  EXPECT_EQ(why([](images::Service& one) { one.type = "forking"; }), "type forking");
  EXPECT_EQ(why([](images::Service& one) { one.type = "oneshot"; }), "a check of a oneshot");
  EXPECT_EQ(why([](images::Service& one) { one.health.http->url = "unix:/run/a.sock:/"; }),
            "a check of a unix socket");
}

}  // namespace
}  // namespace builder
