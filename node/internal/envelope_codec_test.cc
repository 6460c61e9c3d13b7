// EnvelopeEncoder and EnvelopeDecoder, together.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "hydra/node/internal/envelope_decoder.h"
#include "hydra/node/internal/envelope_encoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/places.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

using Kind = Envelope::Kind;

const NodeId kA = {.name = "a@127.0.0.1:1", .creation = 11};
const NodeId kB = {.name = "b@127.0.0.1:2", .creation = 22};
const NodeId kC = {.name = "c@127.0.0.1:3", .creation = 33};

Pid PidOn(const NodeId& node, uint64_t serial = 5) { return Pid(serial, 3, HomeOf(node)); }

struct Wire {
  absl::StatusOr<Envelope> Cross(Envelope envelope) {
    v1::Envelope encoded;
    encoder.Encode(std::move(envelope), encoded);
    bytes = encoded.ByteSizeLong();
    return decoder.Decode(std::move(encoded));
  }

  EnvelopeEncoder encoder;
  EnvelopeDecoder decoder{kB};
  size_t bytes = 0;
};

void ExpectEqual(const Envelope& a, const Envelope& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.to, b.to);
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.ref, b.ref);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.refusal, b.refusal);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.value, b.value);
}

std::vector<Envelope> OneOfEach() {
  const Ref ref(PidOn(kA), 42);
  const Ref alias(PidOn(kB), 43);
  const Encoded value = {.type = "t", .bytes = "bytes", .homes = {HomeOf(kC), HomeOf(kA)}};
  std::vector<Envelope> all;
  const auto add = [&](Envelope envelope) { all.push_back(std::move(envelope)); };
  add({.kind = Kind::kMessage, .to = PidOn(kB), .value = value});
  add({.kind = Kind::kMessage, .to = alias, .value = value});
  add({.kind = Kind::kMessage, .to = Dest("name"), .value = value});
  add({.kind = Kind::kRequest, .to = Dest("name"), .ref = ref, .value = value});
  add({.kind = Kind::kReply, .to = PidOn(kB), .ref = alias, .value = value});
  add({.kind = Kind::kNoReply,
       .to = PidOn(kB),
       .ref = alias,
       .refusal = static_cast<decltype(Envelope::refusal)>(1),
       .reason = ExitReason::Error("type", "text")});
  for (const Kind kind : {Kind::kExit, Kind::kLinkExit})
    add({.kind = kind, .to = PidOn(kB), .from = PidOn(kA), .reason = ExitReason::Shutdown("x")});
  add({.kind = Kind::kLink, .to = PidOn(kB), .from = PidOn(kA)});
  for (const Kind kind : {Kind::kUnlink, Kind::kUnlinkAck})
    add({.kind = kind, .to = PidOn(kB), .from = PidOn(kA), .id = 99});
  for (const Kind kind : {Kind::kMonitor, Kind::kDemonitor}) {
    add({.kind = kind, .to = PidOn(kB), .ref = ref});
    add({.kind = kind, .to = Dest("name"), .ref = ref});
  }
  add({.kind = Kind::kDown,
       .to = PidOn(kB),
       .from = PidOn(kC),
       .ref = alias,
       .reason = ExitReason::Killed()});
  for (const Kind kind : {Kind::kIsAlive, Kind::kInfo})
    add({.kind = kind, .to = PidOn(kB), .ref = ref});
  return all;
}

// NOD23: pids and refs, also those of third nodes, are the same on the other side.
TEST(EnvelopeCodecTest, EachKindCrosses) {
  Wire wire;
  for (int round = 0; round < 3; ++round) {
    for (const Envelope& envelope : OneOfEach()) {
      absl::StatusOr<Envelope> crossed = wire.Cross(envelope);
      ASSERT_TRUE(crossed.ok()) << crossed.status();
      ExpectEqual(*crossed, envelope);
    }
  }
}

TEST(EnvelopeCodecTest, AlsoInFull) {
  EnvelopeDecoder decoder(kB);
  for (const Envelope& envelope : OneOfEach()) {
    v1::Envelope encoded;
    EnvelopeEncoder::EncodeInFull(Envelope(envelope), encoded);
    absl::StatusOr<Envelope> crossed = decoder.Decode(std::move(encoded));
    ASSERT_TRUE(crossed.ok()) << crossed.status();
    ExpectEqual(*crossed, envelope);
  }
}

TEST(EnvelopeCodecTest, WhatRepeatsIsSentByItsPlace) {
  Wire wire;
  const Envelope envelope = OneOfEach()[0];
  ASSERT_TRUE(wire.Cross(envelope).ok());
  const size_t first = wire.bytes;
  ASSERT_TRUE(wire.Cross(envelope).ok());
  EXPECT_LT(wire.bytes, 32u);
  EXPECT_GT(first, 2 * wire.bytes);
}

TEST(EnvelopeCodecTest, PlacesAreOverwritten) {
  Wire wire;
  for (uint64_t serial = 1; serial < 5 * kPlaces; ++serial) {
    const Envelope envelope = {
        .to = PidOn(kB, serial),
        .value = {.type = "t" + std::to_string(serial % 3000), .bytes = "x"}};
    absl::StatusOr<Envelope> crossed = wire.Cross(envelope);
    ASSERT_TRUE(crossed.ok()) << crossed.status();
    ExpectEqual(*crossed, envelope);
  }
}

// A runtime that is no node has no name that others could know it by.
TEST(EnvelopeCodecTest, PidsThatMeanNothingElsewhere) {
  Wire wire;
  Runtime runtime({.schedulers = 1});
  const Pid local = runtime.Spawn([]() -> Async<> { co_return; });
  Envelope envelope = OneOfEach()[0];
  envelope.from = local;
  envelope.value.homes = {local.home()};
  absl::StatusOr<Envelope> crossed = wire.Cross(std::move(envelope));
  ASSERT_TRUE(crossed.ok()) << crossed.status();
  EXPECT_FALSE(crossed->from);
  EXPECT_EQ(crossed->value.homes, std::vector<uint32_t>{0});
}

// NOD20: each is refused, and says why.
TEST(EnvelopeCodecTest, WhatMakesNoSense) {
  const auto refused = [](int which, const std::function<void(v1::Envelope&)>& tamper) {
    v1::Envelope encoded;
    EnvelopeEncoder::EncodeInFull(std::move(OneOfEach()[static_cast<size_t>(which)]), encoded);
    tamper(encoded);
    return EnvelopeDecoder(kB).Decode(std::move(encoded)).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused(0, [](v1::Envelope&) {}));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.set_kind(static_cast<v1::Envelope::Kind>(77)); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.clear_to(); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.clear_type(); }));
  EXPECT_TRUE(
      refused(0, [](v1::Envelope& e) { e.mutable_to_pid()->mutable_home()->set_name(kC.name); }));
  EXPECT_TRUE(refused(
      0, [](v1::Envelope& e) { e.mutable_to_pid()->mutable_home()->set_name("nonsense"); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.mutable_to_pid()->set_serial(0); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.mutable_to_pid()->set_place(kPlaces + 1); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.mutable_type()->set_text(""); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.mutable_type()->set_place(4000); }));
  EXPECT_TRUE(
      refused(0, [](v1::Envelope& e) { e.mutable_type()->set_text(std::string(5000, 'x')); }));
  EXPECT_TRUE(refused(0, [](v1::Envelope& e) { e.mutable_homes(0)->set_place(kPlaces + 1); }));
  EXPECT_TRUE(refused(3, [](v1::Envelope& e) { e.clear_ref(); }));
  EXPECT_TRUE(refused(5, [](v1::Envelope& e) { e.set_refusal(100); }));
  EXPECT_TRUE(refused(5, [](v1::Envelope& e) { e.set_reason("\xff\xff"); }));
  EXPECT_TRUE(refused(6, [](v1::Envelope& e) { e.clear_from(); }));
  EXPECT_TRUE(refused(6, [](v1::Envelope& e) { e.mutable_from()->clear_home(); }));
  EXPECT_TRUE(refused(6, [](v1::Envelope& e) { e.mutable_to_name()->set_text("name"); }));
}

// NAM7: a name is bytes, whatever protobuf takes for a text; by place, too.
TEST(EnvelopeCodecTest, NamesAreAnyBytes) {
  const std::string name("\xff\0\xfe", 3);
  EnvelopeEncoder encoder;
  EnvelopeDecoder decoder(kB);
  for (int i = 0; i < 2; ++i) {
    v1::Envelope encoded;
    encoder.Encode({.to = ProcessName(name, kB.name), .value = {.type = "t", .bytes = ""}},
                   encoded);
    v1::Envelope parsed;
    ASSERT_TRUE(parsed.ParseFromString(encoded.SerializeAsString()));
    EXPECT_EQ(decoder.Decode(std::move(parsed))->to, Dest(name));
  }
}

TEST(EnvelopeCodecTest, NodesThatMayBeMentionedAreBounded) {
  EnvelopeDecoder decoder(kB);
  size_t taken = 0;
  for (uint64_t creation = 1; creation <= EnvelopeDecoder::kMaxHomes + 10; ++creation) {
    v1::Envelope encoded;
    EnvelopeEncoder::EncodeInFull({.to = PidOn(kB), .value = {.type = "t", .bytes = ""}}, encoded);
    v1::Node& home = *encoded.add_homes();
    home.set_name(kC.name);
    home.set_creation(creation);
    if (decoder.Decode(std::move(encoded)).ok()) ++taken;
  }
  EXPECT_LE(taken, EnvelopeDecoder::kMaxHomes);
  EXPECT_GT(taken, EnvelopeDecoder::kMaxHomes / 2);
}

}  // namespace
}  // namespace hydra::node_internal
