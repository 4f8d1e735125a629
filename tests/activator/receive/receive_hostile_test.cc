// Messages, texts and bytes that no sender sends.
#include <unistd.h>

#include <cstdlib>

#include "pusher/protocol/packed_chunks.h"
#include "tests/activator/receive/hostile_fixture.h"

namespace activator {
namespace {

using pusher::MessageType;
using testing::HasSubstr;

TEST_F(HostileTest, MessagesOutOfOrder) {
  for (const MessageType type : {MessageType::kCommit, MessageType::kBegin, MessageType::kChunk,
                                 MessageType::kHello, MessageType::kStaged, MessageType{99}}) {
    EXPECT_THAT(Failure(1, [&](pusher::Wire& wire) { SendEmpty(wire, type); }),
                HasSubstr("broke the protocol"));
    EXPECT_EQ(exit_code_, 1);
  }
  ExpectNothingPublished();
}

TEST_F(HostileTest, ACommitBeforeTheChunksCame) {
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        SendEmpty(wire, MessageType::kCommit);
                      }),
              HasSubstr("broke the protocol: message 9 came among the chunks"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, AChunkThatNobodyAskedFor) {
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        SendChunk(wire, 3, base::AsBytes("four"));
                      }),
              HasSubstr("it sent chunk 3, not asked for"));
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        SendChunk(wire, 0, base::AsBytes("one"));
                        SendChunk(wire, 0, base::AsBytes("one"));
                      }),
              HasSubstr("it sent chunk 0, not asked for"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, APackedChunkThatIsNone) {
  pusher::ChunkPacker packer;
  const std::vector<uint8_t> one = packer.Pack(base::AsBytes("one"));
  const std::vector<uint8_t> long_one = packer.Pack(base::AsBytes(std::string(1000, 'x')));
  const auto failure = [&](std::initializer_list<base::Bytes> packed) {
    base::RemoveTree(root());
    return Failure(1, [&](pusher::Wire& wire) {
      SendOffer(wire, TheOffer());
      uint32_t number = 0;
      for (const base::Bytes data : packed) {
        SendChunk(wire, number++, data, MessageType::kPacked);
      }
    });
  };
  EXPECT_THAT(failure({base::AsBytes("one")}), HasSubstr("chunk 0 cannot be unpacked"));
  EXPECT_THAT(failure({one, one}), HasSubstr("chunk 1 cannot be unpacked"));
  EXPECT_THAT(failure({one, long_one}), HasSubstr("chunk 1 of app arrived with another content"));
  EXPECT_THAT(failure({base::Bytes(one).first(one.size() - 1)}), HasSubstr("cannot be unpacked"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, AChunkWithAnotherContent) {
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        SendChunk(wire, 1, base::AsBytes("tvo"));
                      }),
              HasSubstr("chunk 1 of app arrived with another content"));
  EXPECT_EQ(exit_code_, 6);
  ExpectNothingPublished();
}

TEST_F(HostileTest, AManifestThatIsNotTheOneOffered) {
  pusher::Offer offer = TheOffer();
  offer.name = "other";
  EXPECT_THAT(Failure(1, [&](pusher::Wire& wire) { SendOffer(wire, offer); }),
              HasSubstr("the manifest is not the one offered"));
  offer = TheOffer();
  offer.manifest_sha256 = base::Sha256Of("x");
  EXPECT_THAT(Failure(1, [&](pusher::Wire& wire) { SendOffer(wire, offer); }),
              HasSubstr("the manifest is not the one offered"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, AnIndexThatIsNotTheManifests) {
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        const images::ImageDirectory image(built_);
                        std::string index = base::ReadFile(image.index_path());
                        index[100] = static_cast<char>(index[100] ^ 1);
                        pusher::SendText(wire, MessageType::kOffer, TheOffer().Serialize());
                        pusher::SendBlob(wire, image.stored().text);
                        pusher::SendBlob(wire, index);
                      }),
              HasSubstr("is not the index that the manifest of app names"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, TextsOfAnotherLengthThanAnnounced) {
  pusher::Offer offer = TheOffer();
  offer.manifest_bytes -= 1;
  EXPECT_THAT(Failure(1, [&](pusher::Wire& wire) { SendOffer(wire, offer); }),
              HasSubstr("a text is not as long as announced"));
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        pusher::SendText(wire, MessageType::kOffer, TheOffer().Serialize());
                        SendEmpty(wire, MessageType::kBlob);
                      }),
              HasSubstr("a text is not as long as announced"));
}

TEST_F(HostileTest, NamesThatLeadElsewhere) {
  for (const std::string name : {"../x", "a/b", "/etc", "..", ".", "", ".x", "a\nb", "A",
                                 "incoming", "generations", "bin", "current"}) {
    pusher::Offer offer = TheOffer();
    offer.name = name;
    EXPECT_THAT(Failure(1,
                        [&](pusher::Wire& wire) {
                          pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
                        }),
                HasSubstr("image name"))
        << name;
  }
  EXPECT_FALSE(base::Exists(directory_.path() + "/x"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, SizesWithoutBounds) {
  const std::string good = TheOffer().Serialize();
  for (const char* field : {"manifest_bytes", "index_bytes", "provenance_bytes", "delta_bytes"}) {
    for (const char* size : {"9223372036854775807", "9223372036854775808", "18446744073709551616",
                             "-1", "1e300", "50000000"}) {
      const size_t at =
          good.find(std::string("\"") + field + "\":") + std::string(field).size() + 3;
      std::string text = good;
      text.replace(at, good.find_first_of(",}", at) - at, size);
      EXPECT_THAT(
          Failure(1,
                  [&](pusher::Wire& wire) { pusher::SendText(wire, MessageType::kOffer, text); }),
          HasSubstr(field))
          << size;
    }
  }
  ExpectNothingPublished();
}

TEST_F(HostileTest, AHeldImageThatIsNotHere) {
  pusher::Offer offer = TheOffer();
  offer.held = true;
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
                      }),
              HasSubstr("is not here"));
}

TEST_F(HostileTest, OneNameTwice) {
  EXPECT_THAT(Failure(2,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        SendChunk(wire, 0, base::AsBytes("one"));
                        SendChunk(wire, 1, base::AsBytes("two"));
                        SendChunk(wire, 2, base::AsBytes("three"));
                        SendEmpty(wire, MessageType::kSent);
                        pusher::SendText(wire, MessageType::kOffer, TheOffer().Serialize());
                      }),
              HasSubstr("it offers app twice"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, AnotherProtocolVersionIsAnswered) {
  EXPECT_THAT(Failure(1000000, [](pusher::Wire&) {}), HasSubstr("images: expected a whole number"));
}

TEST_F(HostileTest, NoiseInsteadOfFrames) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    EXPECT_THAT(Failure(1,
                        [&](pusher::Wire& wire) {
                          wire.stream().Write(base::AsBytes(tests::NoiseBytes(seed, 4000)));
                        }),
                testing::Not(HasSubstr("link is dead")));
    EXPECT_NE(exit_code_, 0);
    EXPECT_LT(exit_code_, 128) << "it crashed";
  }
  ExpectNothingPublished();
}

TEST_F(HostileTest, EveryByteOfAWholePushFlipped) {
  // The bytes of a valid push, recorded.
  std::string bytes;
  {
    base::Child sink({"sh", "-c", "exec cat >\"$0\"", directory_.path() + "/recorded"});
    pusher::StreamOptions options;
    options.peer = "file";
    pusher::Stream stream(sink.from(), sink.to(), options);
    pusher::Wire wire(stream);
    pusher::Begin begin;
    begin.images = 1;
    pusher::SendText(wire, MessageType::kBegin, begin.Serialize());
    SendOffer(wire, TheOffer());
    SendChunk(wire, 0, base::AsBytes("one"));
    SendChunk(wire, 1, base::AsBytes("two"));
    SendChunk(wire, 2, base::AsBytes("three"));
    SendEmpty(wire, MessageType::kSent);
    SendEmpty(wire, MessageType::kCommit);
    wire.Flush();
    sink.Wait();
    bytes = base::ReadFile(directory_.path() + "/recorded");
  }
  const std::vector<std::string> agent = {TEST_AGENT, "receive", "--root", root(),
                                          "--by",     "me",      "--dir"};
  for (size_t at = 0; at < bytes.size(); at += 13) {
    base::ProcessOptions options;
    options.input = bytes;
    options.input[at] = static_cast<char>(options.input[at] ^ 0x10);
    options.timeout = std::chrono::seconds(20);
    const base::ProcessResult result = base::Run(agent, options);
    EXPECT_FALSE(result.timed_out) << at;
    EXPECT_TRUE(result.exit_code == 1 || result.exit_code == 7) << at << " " << result.exit_code;
    ExpectNothingPublished();
    base::RemoveTree(root());  // else the next agent continues and asks for less
  }
  base::ProcessOptions options;
  options.input = bytes;
  EXPECT_EQ(base::Run(agent, options).exit_code, 0);  // unchanged, it is a push
  EXPECT_TRUE(base::Exists(root() + "/generations/log"));
}

}  // namespace
}  // namespace activator
