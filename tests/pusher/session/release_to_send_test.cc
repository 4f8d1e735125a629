#include "pusher/session/release_to_send.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

using ReleaseToSendTest = tests::ScratchTest;

TEST_F(ReleaseToSendTest, OneThatCannotBeReadIsNoMatterOfWhoWantsNone) {
  const images::ImageDirectory image(
      tests::WriteImage(At("built"), {"app", "1", {"data"}, "", {}}));
  base::MakeDirectories(image.path() + "/release/in");
  const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT, 0600);
  base::Io io;
  io.err = err.get();
  EXPECT_EQ(ReleaseToSend(image, std::nullopt, "web1", io), "");
  EXPECT_THAT(Get("err"), testing::HasSubstr("web1: pushed without a release"));
  const Demand demand{{"production"}, 1};
  EXPECT_EQ(tests::ErrorOf([&] { ReleaseToSend(image, demand, "web1", io); }).code(),
            base::ExitCode::kVerification);
}

}  // namespace
}  // namespace pusher
