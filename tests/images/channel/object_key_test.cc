#include "images/channel/object_key.h"

#include <gtest/gtest.h>

#include "images/channel/channel_types.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::HasSubstr;

const ImageId kNew = ImageId::Parse("0123456789abcdef");
const ImageId kOld = ImageId::Parse("fedcba9876543210");
const base::Sha256 kDigest = base::Sha256Of("program");

TEST(ObjectKeyTest, EachKindHasItsKey) {
  EXPECT_EQ(HeadKey("web"), "channels/web/head");
  EXPECT_EQ(HeadCopyKey("web", 42), "channels/web/00000042");
  EXPECT_EQ(HeadCopyKey("web", kMaxChannelVersion), "channels/web/99999999");
  EXPECT_EQ(ImageFileKey("nginx", kNew, "image.erofs"),
            "images/nginx/0123456789abcdef/image.erofs");
  EXPECT_EQ(DeltaKey("nginx", kNew, kOld), "deltas/nginx/0123456789abcdef/fedcba9876543210");
  EXPECT_EQ(AgentKey(kDigest), "agents/activate-" + kDigest.ToHex());
  EXPECT_EQ(FetchKey(kDigest), "agents/fetch-" + kDigest.ToHex());
  EXPECT_EQ(StateKey("Web1.example.org"), "state/Web1.example.org.json");
}

TEST(ObjectKeyTest, WhatWasWrittenIsReadBack) {
  EXPECT_EQ(ObjectKey::Parse(HeadKey("web")), (ObjectKey{ObjectKind::kHead, "web", 0, "", "", ""}));
  EXPECT_EQ(ObjectKey::Parse(HeadCopyKey("web", 42)),
            (ObjectKey{ObjectKind::kHeadCopy, "web", 42, "", "", ""}));
  for (const char* file : kImageFiles) {
    EXPECT_EQ(ObjectKey::Parse(ImageFileKey("nginx", kNew, file)),
              (ObjectKey{ObjectKind::kVersionFile, "nginx", 0, kNew.text(), "", file}));
  }
  EXPECT_EQ(ObjectKey::Parse(DeltaKey("nginx", kNew, kOld)),
            (ObjectKey{ObjectKind::kDelta, "nginx", 0, kNew.text(), kOld.text(), ""}));
  EXPECT_EQ(ObjectKey::Parse(AgentKey(kDigest)),
            (ObjectKey{ObjectKind::kAgent, "", 0, "", "", "", kDigest}));
  EXPECT_EQ(ObjectKey::Parse(FetchKey(kDigest)),
            (ObjectKey{ObjectKind::kFetch, "", 0, "", "", "", kDigest}));
  EXPECT_EQ(ObjectKey::Parse(StateKey("web1")),
            (ObjectKey{ObjectKind::kState, "web1", 0, "", "", ""}));
  EXPECT_EQ(ObjectKey::Parse(kPruneKey), ObjectKey{});
}

TEST(ObjectKeyTest, WhatIsNotOursIsNone) {
  for (const char* key : {"",
                          "/",
                          "head",
                          "channels",
                          "channels/web",
                          "channels//head",
                          "channels/web/head/",
                          "channels/web/Head",
                          "channels/web/42",
                          "channels/web/00000000",
                          "channels/web/000000042",
                          "channels/web/+0000042",
                          "channels/Web/head",
                          "channels/../head",
                          "images/nginx/0123456789abcdef",
                          "images/nginx/0123456789abcdef/other",
                          "images/nginx/0123456789abcdeF/image.erofs",
                          "images/nginx/0123/image.erofs",
                          "images/ngi:nx/0123456789abcdef/image.erofs",
                          "deltas/nginx/0123456789abcdef/0123456789abcdef",
                          "deltas/nginx/0123456789abcdef/x",
                          "agents/activate-",
                          "agents/activate-00",
                          "agents/other",
                          "state/.json",
                          "state/a/b.json",
                          "state/web1",
                          "state/-web1.json",
                          "prune.json/",
                          "PRUNE.json",
                          " prune.json"}) {
    EXPECT_EQ(ObjectKey::Parse(key), std::nullopt) << key;
  }
}

TEST(ObjectKeyTest, ANameThatNoKeyCanHaveIsAnError) {
  EXPECT_THAT(tests::MessageOf([] { HeadKey("../etc"); }), HasSubstr("channel '../etc'"));
  EXPECT_THAT(tests::MessageOf([] { HeadCopyKey("web", 0); }), HasSubstr("no version 0"));
  EXPECT_THAT(tests::MessageOf([] { HeadCopyKey("web", kMaxChannelVersion + 1); }),
              HasSubstr("no version 100000000"));
  EXPECT_THAT(tests::MessageOf([] { ImageFileKey("nginx", kNew, "../x"); }), HasSubstr("no file"));
  EXPECT_THAT(tests::MessageOf([] { DeltaKey("nginx", kNew, kNew); }), HasSubstr("against itself"));
  EXPECT_THAT(tests::MessageOf([] { StateKey("a/b"); }), HasSubstr("cannot report"));
  EXPECT_THAT(tests::MessageOf([] { StateKey(std::string(251, 'a')); }), HasSubstr("250"));
}

}  // namespace
}  // namespace images
