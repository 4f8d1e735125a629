// Deltas that no sender sends.
#include "chunker/delta.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/delta_message.h"
#include "tests/activator/receive/hostile_fixture.h"

namespace activator {
namespace {

using pusher::MessageType;
using testing::HasSubstr;

class HostileDeltaTest : public HostileTest {};

TEST_F(HostileDeltaTest, ADeltaThatNobodyAskedFor) {
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
TEST_F(HostileDeltaTest, AChunkTwiceOnceAsADelta) {
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

TEST_F(HostileDeltaTest, ADeltaOfAnOfferWithoutABasis) {
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

TEST_F(HostileDeltaTest, AnOfferWhoseTextsAreADeltaOfNothingHere) {
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
TEST_F(HostileDeltaTest, DeltasOfNothingAndOfEverything) {
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

}  // namespace
}  // namespace activator
