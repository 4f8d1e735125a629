// A sender that says anything at all, to a real agent process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "base/process.h"
#include "chunker/delta.h"
#include "images/version/image_directory.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/delta_message.h"
#include "pusher/protocol/packed_chunks.h"
#include "pusher/protocol/protocol.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using pusher::MessageType;
using testing::HasSubstr;

class HostileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    built_ = tests::WriteImage(directory_.path() + "/built",
                               {"app", "1", {"one", "two", "three"}, "", {}});
  }

  // Greets, begins with `images` images, lets `say` speak, and returns what the agent fails with.
  std::string Failure(uint64_t images, const std::function<void(pusher::Wire&)>& say) {
    // Whatever is said, it takes no more memory than an agent may: 64 MiB and what threads reserve.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const std::string limit = "ulimit -d 131072; ";
#else
    const std::string limit;
#endif
    base::Child child(
        {"sh", "-c", limit + "exec \"$0\" receive --root \"$1\" --by me --dir", TEST_AGENT, root()},
        base::ChildError::kPiped);
    pusher::StreamOptions options;
    options.peer = "host";
    options.read_while_writing = true;
    options.diagnostics = child.error();
    options.idle_limit = std::chrono::seconds(10);
    pusher::Stream stream(child.from(), child.to(), options);
    pusher::Wire wire(stream);
    try {
      pusher::Expect(wire, MessageType::kHello);
      pusher::Begin begin;
      begin.images = images;
      pusher::SendText(wire, MessageType::kBegin, begin.Serialize());
      say(wire);
      wire.Flush();
      for (;;) {
        pusher::ReceiveMessage(wire);
      }
    } catch (const base::Error& error) {
      exit_code_ = child.WaitFor(std::chrono::seconds(10)).value_or(-1);
      return error.what();
    }
  }

  pusher::Offer TheOffer() {
    const images::ImageDirectory image(built_);
    pusher::Offer offer;
    offer.name = "app";
    offer.manifest_sha256 = image.stored().digest;
    offer.manifest_bytes = image.stored().text.size();
    offer.index_bytes = base::ReadFile(image.index_path()).size();
    return offer;
  }
  void SendOffer(pusher::Wire& wire, const pusher::Offer& offer) {
    const images::ImageDirectory image(built_);
    pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
    pusher::SendBlob(wire, image.stored().text);
    pusher::SendBlob(wire, base::ReadFile(image.index_path()));
  }
  // Of an image that deltas may be against the one version that is here.
  pusher::Offer TheOfferWithBasis() {
    if (!base::Exists(root() + "/base")) {
      tests::WriteImage(root(), {"base", "1", {"uno", "due"}, "", {}});
    }
    pusher::Offer offer = TheOffer();
    offer.basis = 1;
    return offer;
  }
  void ExpectNothingPublished() {
    EXPECT_FALSE(base::Exists(root() + "/app"));
    EXPECT_FALSE(base::Exists(root() + "/generations/log"));
  }
  std::string root() const { return directory_.path() + "/root"; }

  base::TemporaryDirectory directory_{"/tmp", "hostile-"};
  std::string built_;
  int exit_code_ = 0;
};

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

TEST_F(HostileTest, ADeltaThatNobodyAskedFor) {
  pusher::DeltaMessage delta;
  delta.first_chunk = 2;
  delta.chunks = {{5, {}}, {5, {}}};  // there is no chunk 3
  const pusher::Offer offer = TheOfferWithBasis();
  const auto send = [&](pusher::Wire& wire) {
    wire.Send(static_cast<uint8_t>(MessageType::kDelta), delta.Serialize());
  };
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, offer);
                        send(wire);
                      }),
              HasSubstr("it sent chunk 3, not asked for"));
  delta.first_chunk = INT64_MAX;
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, offer);
                        send(wire);
                      }),
              HasSubstr("not asked for"));
  ExpectNothingPublished();
}

// Also while nobody knows yet whether it comes out of its delta.
TEST_F(HostileTest, AChunkTwiceOnceAsADelta) {
  pusher::DeltaMessage delta;
  delta.chunks = {{3, {}}};
  const pusher::Offer offer = TheOfferWithBasis();
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, offer);
                        wire.Send(static_cast<uint8_t>(MessageType::kDelta), delta.Serialize());
                        SendChunk(wire, 0, base::AsBytes("one"));
                      }),
              HasSubstr("it sent chunk 0, not asked for"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, ADeltaOfAnOfferWithoutABasis) {
  TheOfferWithBasis();  // there would be one
  pusher::DeltaMessage delta;
  delta.chunks = {{3, {}}};
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        SendOffer(wire, TheOffer());
                        wire.Send(static_cast<uint8_t>(MessageType::kDelta), delta.Serialize());
                      }),
              HasSubstr("it sent a delta, and its offer named no basis"));
  ExpectNothingPublished();
}

TEST_F(HostileTest, AnOfferWhoseTextsAreADeltaOfNothingHere) {
  pusher::Offer offer = TheOffer();
  offer.delta_bytes = 20;
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
                        pusher::SendBlob(wire, "twenty bytes of text");
                      }),
              HasSubstr("is no delta of the version named"));
  offer.basis = 1;
  EXPECT_THAT(Failure(1,
                      [&](pusher::Wire& wire) {
                        pusher::SendText(wire, MessageType::kOffer, offer.Serialize());
                      }),
              HasSubstr("there is no version 1 here"));
  ExpectNothingPublished();
}

// Each is no delta, or one of what is not here: the chunk stays missing and is asked for whole.
TEST_F(HostileTest, DeltasOfNothingAndOfEverything) {
  const std::vector<uint8_t> bomb =
      chunker::DeltaEncoder(1).Encode(std::vector<uint8_t>(1 << 20, 'x'), {});
  const std::string noise = tests::NoiseBytes(1, 500);
  const std::vector<uint8_t> none(noise.begin(), noise.end());
  const pusher::Offer offer = TheOfferWithBasis();
  using References = std::vector<pusher::Reference>;
  for (const auto& [references, delta] : std::vector<std::pair<References, std::vector<uint8_t>>>{
           {{}, bomb},
           {{}, none},
           {{}, {}},
           {{{0, 1}}, bomb},
           {{{INT64_MAX, INT64_MAX}}, bomb},
           {References(4096, {0, INT64_MAX}), bomb}}) {
    pusher::DeltaMessage message;
    message.chunks = {{3, {}}};
    message.references = references;
    message.delta = delta;
    EXPECT_THAT(Failure(1,
                        [&](pusher::Wire& wire) {
                          SendOffer(wire, offer);
                          wire.Send(static_cast<uint8_t>(MessageType::kDelta), message.Serialize());
                          SendEmpty(wire, MessageType::kSent);
                          for (int round = 0; round <= pusher::kMostAgain; ++round) {
                            pusher::Expect(wire, MessageType::kNeed);
                            const auto missing =
                                pusher::Expect(wire, MessageType::kMissing).payload;
                            EXPECT_EQ(pusher::UnpackBits(missing, 3, "host"),
                                      (std::vector<bool>{true, true, true}));
                            SendEmpty(wire, MessageType::kCommit);
                            if (round < pusher::kMostAgain) {
                              pusher::Expect(wire, MessageType::kAgain);
                              SendOffer(wire, TheOffer());
                              SendEmpty(wire, MessageType::kSent);
                            }
                          }
                        }),
                HasSubstr("it did not send all of app"));
  }
  ExpectNothingPublished();
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
