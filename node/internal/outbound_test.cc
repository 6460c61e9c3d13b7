#include "hydra/node/internal/outbound.h"

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/internal/assembly.h"
#include "hydra/node/internal/envelope_decoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const NodeId kSelf = {.name = "a@127.0.0.1:1", .creation = 1};
const NodeId kPeer = {.name = "b@127.0.0.1:2", .creation = 2};

Pid PidOn(const NodeId& node, uint64_t serial) { return Pid(serial, 3, HomeOf(node)); }
Pid Sender(uint64_t serial) { return PidOn(kSelf, serial); }
constexpr size_t kMaxBytes = size_t{1} << 20;

v1::Frame NextOf(Outbound& outbound) {
  v1::Frame frame;
  outbound.FillFrame(frame);
  return frame;
}
Envelope From(const Pid& sender, Envelope envelope) {
  envelope.sender = sender;
  return envelope;
}

Envelope MessageOf(std::string bytes) {
  Envelope envelope;
  envelope.to = PidOn(kPeer, 9);
  envelope.value = {.type = "test.Message", .bytes = std::move(bytes)};
  return envelope;
}

// The other end: what comes out of the frames, in the order in which it does.
class Receiver {
 public:
  void Take(v1::Frame frame) {
    for (v1::Envelope& envelope : *frame.mutable_envelopes()) Add(std::move(envelope));
    for (v1::Piece& piece : *frame.mutable_pieces()) {
      absl::StatusOr<std::optional<v1::Envelope>> whole = assembly_.Take(std::move(piece));
      ASSERT_TRUE(whole.ok()) << whole.status();
      if (whole->has_value()) Add(**std::move(whole));
    }
  }
  const std::vector<Envelope>& envelopes() const { return envelopes_; }

 private:
  void Add(v1::Envelope encoded) {
    absl::StatusOr<Envelope> envelope = decoder_.Decode(std::move(encoded));
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    envelopes_.push_back(*std::move(envelope));
  }

  EnvelopeDecoder decoder_{kPeer};
  Assembly assembly_{size_t{64} << 20};
  std::vector<Envelope> envelopes_;
};

TEST(OutboundTest, ManySmallOnesGoInOneFrame) {
  Outbound outbound(kMaxBytes);
  for (int i = 0; i < 100; ++i) outbound.Add(From(Sender(1), MessageOf(std::to_string(i))));
  EXPECT_GT(outbound.bytes(), 100u);
  Receiver receiver;
  receiver.Take(NextOf(outbound));
  EXPECT_TRUE(outbound.empty());
  EXPECT_EQ(outbound.bytes(), 0u);
  ASSERT_EQ(receiver.envelopes().size(), 100u);
  EXPECT_EQ(receiver.envelopes()[99].value.bytes, "99");
  EXPECT_EQ(receiver.envelopes()[99].to, Dest(PidOn(kPeer, 9)));
}

TEST(OutboundTest, FramesAreBounded) {
  Outbound outbound(kMaxBytes);
  for (int i = 0; i < 100; ++i) outbound.Add(From(Sender(1), MessageOf(std::string(50'000, 'x'))));
  for (int i = 0; i < 20; ++i)
    outbound.Add(From(Sender(2), MessageOf(std::string(1'000'000, 'y'))));
  Receiver receiver;
  while (!outbound.empty()) {
    v1::Frame frame = NextOf(outbound);
    EXPECT_LT(frame.ByteSizeLong(), size_t{400} << 10);
    receiver.Take(std::move(frame));
  }
  EXPECT_EQ(receiver.envelopes().size(), 120u);
  EXPECT_EQ(outbound.bytes(), 0u);
}

// NOD19
TEST(OutboundTest, OthersOvertakeALargeOneButNotItsSender) {
  Outbound outbound(kMaxBytes);
  outbound.Add(From(Sender(1), MessageOf(std::string(1'000'000, 'x'))));
  outbound.Add(From(Sender(1), MessageOf("behind")));
  outbound.Add(From(Sender(2), MessageOf("other")));
  Receiver receiver;
  receiver.Take(NextOf(outbound));
  ASSERT_EQ(receiver.envelopes().size(), 1u);
  EXPECT_EQ(receiver.envelopes()[0].value.bytes, "other");
  while (!outbound.empty()) receiver.Take(NextOf(outbound));
  ASSERT_EQ(receiver.envelopes().size(), 3u);
  EXPECT_EQ(receiver.envelopes()[1].value.bytes.size(), 1'000'000u);
  EXPECT_EQ(receiver.envelopes()[2].value.bytes, "behind");
}

// NOD18: who sends too many small ones is held until half of them have gone.
TEST(OutboundTest, HoldsWhoSendsTooMuch) {
  Outbound outbound(1'000'000);
  int sent = 0;
  while (!outbound.Add(From(Sender(1), MessageOf(std::string(10'000, 'x'))))) ++sent;
  EXPECT_NEAR(sent, 99, 2);
  EXPECT_TRUE(outbound.Add(From(Sender(2), MessageOf("small"))));
  EXPECT_FALSE(outbound.Add(From(Pid(), MessageOf("nobody's"))))
      << "who isn't a process isn't held";
  EXPECT_THAT(outbound.TakeReleased(), IsEmpty());
  while (outbound.bytes() > 500'000) {
    EXPECT_THAT(outbound.TakeReleased(), IsEmpty());
    NextOf(outbound);
  }
  EXPECT_THAT(outbound.TakeReleased(), UnorderedElementsAre(Sender(1), Sender(2)));
  EXPECT_THAT(outbound.TakeReleased(), IsEmpty());
}

// NOD18, NOD19: a large one holds who sends it until it has gone, and nobody else.
TEST(OutboundTest, ALargeOneHoldsItsSenderOnly) {
  Outbound outbound(1'000'000);
  EXPECT_TRUE(outbound.Add(From(Sender(1), MessageOf(std::string(5'000'000, 'x')))));
  EXPECT_FALSE(outbound.Add(From(Sender(2), MessageOf("small"))));
  EXPECT_TRUE(outbound.Add(From(Sender(1), MessageOf(std::string(100'000, 'y')))));
  std::vector<Pid> released;
  while (!outbound.empty()) {
    EXPECT_THAT(released, IsEmpty());
    NextOf(outbound);
    released = outbound.TakeReleased();
  }
  EXPECT_THAT(released, ElementsAre(Sender(1)));
}

// NOD18: all that are held are named at the end, once.
TEST(OutboundTest, NamesAllThatAreHeld) {
  Outbound outbound(1000);
  EXPECT_TRUE(outbound.Add(From(Sender(1), MessageOf(std::string(2000, 'x')))));
  EXPECT_TRUE(outbound.Add(From(Sender(2), MessageOf(std::string(100'000, 'y')))));
  EXPECT_THAT(outbound.TakeHeld(), UnorderedElementsAre(Sender(1), Sender(2)));
  EXPECT_THAT(outbound.TakeHeld(), IsEmpty());
}

// Whatever is sent by whom, and whenever frames are made: each sender's come in its order, all of them.
TEST(OutboundTest, EachSendersOrderHolds) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Outbound outbound(kMaxBytes);
    Receiver receiver;
    absl::flat_hash_map<uint64_t, int> sent;
    for (int step = 0; step < 300; ++step) {
      if (random() % 4 == 0 && !outbound.empty()) {
        receiver.Take(NextOf(outbound));
        continue;
      }
      const uint64_t sender = 1 + random() % 30;
      std::string bytes(random() % 5 == 0 ? 100'000 + random() % 200'000 : random() % 100, 'x');
      Envelope envelope = MessageOf(std::move(bytes));
      envelope.kind = Envelope::Kind::kRequest;
      envelope.ref = Ref(Sender(sender), static_cast<uint64_t>(++sent[sender]));
      outbound.Add(From(Sender(sender), std::move(envelope)));
    }
    while (!outbound.empty()) receiver.Take(NextOf(outbound));
    absl::flat_hash_map<uint64_t, int> received;
    for (const Envelope& envelope : receiver.envelopes()) {
      const uint64_t sender = envelope.ref.creator().serial();
      ASSERT_EQ(envelope.ref.id(), static_cast<uint64_t>(++received[sender]));
    }
    EXPECT_EQ(received, sent);
  }
}

// NOD20
TEST(AssemblyTest, PiecesThatMakeNoSense) {
  const auto piece = [](uint32_t envelope, uint64_t size, size_t bytes) {
    v1::Piece made;
    made.set_envelope(envelope);
    if (size != 0) made.mutable_head();
    made.set_size(size);
    made.set_bytes(std::string(bytes, '\xff'));
    return made;
  };
  const auto refused = [](Assembly& assembly, v1::Piece bad) {
    return !assembly.Take(std::move(bad)).ok();
  };
  Assembly assembly(1000);
  EXPECT_TRUE(refused(assembly, piece(1, 0, 10))) << "of nothing";
  EXPECT_TRUE(refused(assembly, piece(1, 1001, 10))) << "of something too large";
  EXPECT_TRUE(assembly.Take(piece(1, 1000, 10)).ok());
  EXPECT_TRUE(refused(assembly, piece(1, 1000, 10))) << "that begins twice";
  EXPECT_TRUE(refused(assembly, piece(1, 0, 0))) << "of no bytes";
  EXPECT_TRUE(refused(assembly, piece(1, 0, 991))) << "of too many bytes";
  v1::Piece headless = piece(2, 1000, 10);
  headless.clear_head();
  EXPECT_TRUE(refused(assembly, headless)) << "that begins without a head";
  v1::Piece second = piece(1, 0, 10);
  second.mutable_head();
  EXPECT_TRUE(refused(assembly, second)) << "that has a head again";
  EXPECT_TRUE(refused(assembly, piece(2, 0, 10))) << "of one that never began";
  const auto whole = assembly.Take(piece(1, 0, 990));
  ASSERT_TRUE(whole.ok() && whole->has_value());
  EXPECT_EQ((*whole)->reason().size(), 1000u);
  for (uint32_t i = 0; i < Outbound::kMaxLarge; ++i)
    EXPECT_TRUE(assembly.Take(piece(10 + i, 1000, 1)).ok());
  EXPECT_TRUE(refused(assembly, piece(100, 1000, 1))) << "one too many at a time";
}

}  // namespace
}  // namespace hydra::node_internal
