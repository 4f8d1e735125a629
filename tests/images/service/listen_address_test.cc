#include "images/service/listen_address.h"

#include <gtest/gtest.h>

namespace images {
namespace {

TEST(ListenAddressTest, IsAPortAnAddressOrAPath) {
  EXPECT_EQ(ParseListenAddress("80"), (ListenAddress{"", "", 80}));
  EXPECT_EQ(ParseListenAddress("127.0.0.1:8080"), (ListenAddress{"", "127.0.0.1", 8080}));
  EXPECT_EQ(ParseListenAddress("[::1]:443"), (ListenAddress{"", "::1", 443}));
  EXPECT_EQ(ParseListenAddress("[0:0::1]:443"), (ListenAddress{"", "::1", 443}));
  EXPECT_EQ(ParseListenAddress("/run/web.sock"), (ListenAddress{"/run/web.sock", "", 0}));
}

TEST(ListenAddressTest, IsNothingElse) {
  for (const char* text : {"", "0", "080", "65536", "80 ", "-1", "localhost:80", "127.0.0.1",
                           "127.0.0.1:", ":80", "::1:80", "[]:80", "[127.0.0.1]:80", "1.2.3:80",
                           "@web", "run/web.sock", "/run/../web.sock", "/", "vsock:2:80"}) {
    EXPECT_FALSE(ParseListenAddress(text).has_value()) << text;
  }
  EXPECT_TRUE(ParseListenAddress("/" + std::string(106, 'a')).has_value());
  EXPECT_FALSE(ParseListenAddress("/" + std::string(107, 'a')).has_value());
}

}  // namespace
}  // namespace images
