// What a node that has proved itself may send, and shouldn't: NOD20. Each time that connection ends, with a logged
// reason and a NodeDown, and nothing else is touched.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/raw_acceptor.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"
#include "hydra/process/node_id.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/transport.h"
#include "hydra/process/wire.h"

namespace hydra {
namespace {

using testing::IsEmpty;

constexpr size_t kMaxMessage = size_t{1} << 20;
constexpr int kManyNodes = 4096;

// A node, another that is connected with it, and a process there that is linked and monitored: what isn't touched.
class BadInputTest : public testing::Test {
 protected:
  BadInputTest() {
    EXPECT_TRUE(b_.runtime().Register(probe_.pid(), "probe").ok());
    EXPECT_TRUE(a_.Connect(b_.name()).ok());
    b_.SpawnNamed("echo", Echo);
    observer_ = a_.runtime().Spawn([this]() -> Async<> {
      Monitor(ProcessName("echo", b_.name()));
      MonitorNode(b_.name());
      const std::variant<Down, NodeDown> never = co_await Receive<Down, NodeDown>();
      ADD_FAILURE() << "another connection is disturbed: " << never.index();
    });
    processes_ = b_.runtime().process_count();
  }

  ~BadInputTest() override {
    a_.Run([&]() -> Async<> {
      const Ref ref = Monitor(observer_);
      Exit(observer_, ExitReason::Kill());
      co_await Receive<Down>().For(ref);
    });
  }

  // The name of the node that misbehaves next.
  std::string NextName() { return absl::StrCat("raw", ++raws_, "@127.0.0.1:1"); }

  // Expects that what the frames say ends a connection, because of something like `why`.
  void ExpectEnds(const std::vector<v1::Frame>& frames, const std::string& why) {
    SCOPED_TRACE(why);
    const ScopedLogCapture log;
    const NodeWatcher told(b_.runtime());
    const std::string name = NextName();
    RawDialler raw(b_.name(), kTestCookie, name);
    ASSERT_TRUE(told.AwaitUp(1));
    for (const v1::Frame& frame : frames) raw.Say(frame);
    const v1::Refusal refusal = raw.HearRefusal();
    EXPECT_EQ(refusal.why(), v1::Refusal::MALFORMED);
    EXPECT_THAT(refusal.text(), testing::HasSubstr(why));
    ASSERT_TRUE(told.AwaitDown(1));
    EXPECT_EQ(told.down()[0].node, name);
    EXPECT_EQ(told.down()[0].reason, NodeDownReason::kConnectionClosed);
    EXPECT_TRUE(log.Contains("node " + name + " is down: MALFORMED: " + refusal.text()));
    ExpectUntouched();
  }

  void ExpectEnds(const v1::Envelope& envelope, const std::string& why) {
    v1::Frame frame;
    *frame.add_envelopes() = envelope;
    ExpectEnds({frame}, why);
  }

  void ExpectUntouched() {
    EXPECT_TRUE(a_.Ping(b_.name()).ok());
    EXPECT_TRUE(a_.runtime().IsAlive(observer_));
    a_.Run([&]() -> Async<> {
      Send(ProcessName("echo", b_.name()), Note{"there?", Self()});
      EXPECT_EQ((co_await AssertReceive<Note>()).text, "there?");
    });
  }

  // A pid of the node b, of this life: of a process that there is.
  v1::Pid PidHere() const { return OfNode(b_.name(), CreationOf(probe_.pid()), probe_.pid()); }

  static uint64_t CreationOf(const Pid& pid) { return NodeOf(pid.home()).creation; }

  static v1::Pid OfNode(const std::string& name, uint64_t creation, const Pid& pid) {
    v1::Pid encoded;
    encoded.mutable_home()->set_name(name);
    encoded.mutable_home()->set_creation(creation);
    encoded.set_slot(pid.slot());
    encoded.set_serial(pid.serial());
    return encoded;
  }

  // A pid of the node that misbehaves.
  static v1::Pid PidThere() { return OfNode(kRawName, 77, Pid(5, 3, 0)); }

  // One that makes sense: a message to the probe.
  v1::Envelope Good() const {
    v1::Envelope envelope;
    *envelope.mutable_to_pid() = PidHere();
    envelope.mutable_type()->set_text("test.Note");
    envelope.set_value(Encode(Note{"good", Pid()}).bytes);
    return envelope;
  }

  v1::Envelope OfKind(v1::Envelope::Kind kind) const {
    v1::Envelope envelope;
    envelope.set_kind(kind);
    *envelope.mutable_to_pid() = PidHere();
    *envelope.mutable_from() = PidThere();
    *envelope.mutable_ref()->mutable_creator() = PidThere();
    envelope.mutable_ref()->set_id(9);
    envelope.mutable_type()->set_text("test.Note");
    envelope.set_value(Encode(Note{"good", Pid()}).bytes);
    return envelope;
  }

  LocalNode b_{"b", {.max_message_bytes = kMaxMessage}};
  Probe probe_{b_.runtime()};
  LocalNode a_{"a"};
  Pid observer_;
  size_t processes_ = 0;
  int raws_ = 0;
};

TEST_F(BadInputTest, WhatIsGoodArrives) {
  RawDialler raw(b_.name(), kTestCookie);
  v1::Frame frame;
  *frame.add_envelopes() = Good();
  EXPECT_TRUE(raw.Say(frame));
  EXPECT_TRUE(probe_.AwaitReceived<Note>(1));
}

TEST_F(BadInputTest, Kinds) {
  v1::Envelope envelope = Good();
  envelope.set_kind(static_cast<v1::Envelope::Kind>(14));
  ExpectEnds(envelope, "unknown kind");
  envelope.set_kind(static_cast<v1::Envelope::Kind>(-1));
  ExpectEnds(envelope, "unknown kind");
}

// What came before it in the same frame makes sense.
TEST_F(BadInputTest, BehindWhatIsGood) {
  v1::Frame frame;
  *frame.add_envelopes() = Good();
  *frame.add_envelopes() = v1::Envelope();
  *frame.add_envelopes() = Good();
  ExpectEnds({frame}, "to nobody");
  EXPECT_TRUE(probe_.AwaitReceived<Note>(1));
  EXPECT_EQ(probe_.Received<Note>().size(), 1u);
}

TEST_F(BadInputTest, Receivers) {
  v1::Envelope envelope = Good();
  envelope.clear_to();
  ExpectEnds(envelope, "to nobody");
  envelope = Good();
  envelope.mutable_to_pid()->Clear();
  ExpectEnds(envelope, "for another node");
  envelope.mutable_to_pid()->set_place(7);
  ExpectEnds(envelope, "at an empty place");
  *envelope.mutable_to_pid() = PidThere();
  ExpectEnds(envelope, "for another node");
  *envelope.mutable_to_pid() = OfNode("third@127.0.0.1:1", 5, Pid(1, 1, 0));
  ExpectEnds(envelope, "for another node");
  *envelope.mutable_to_pid() = PidHere();
  envelope.mutable_to_pid()->set_slot(~uint32_t{0});
  ExpectEnds(envelope, "a pid that can't be");
  envelope.mutable_to_alias();
  ExpectEnds(envelope, "for another node");
  *envelope.mutable_to_alias()->mutable_creator() = PidThere();
  ExpectEnds(envelope, "for another node");
  envelope.mutable_to_name();
  ExpectEnds(envelope, "name at an empty place");
}

TEST_F(BadInputTest, Places) {
  constexpr uint32_t kNone = 1025;
  v1::Envelope envelope = Good();
  envelope.mutable_to_pid()->set_place(kNone);
  ExpectEnds(envelope, "a pid for no place");
  envelope = Good();
  envelope.mutable_to_pid()->mutable_home()->set_place(kNone);
  ExpectEnds(envelope, "a node for no place");
  envelope = Good();
  envelope.mutable_type()->set_place(kNone);
  ExpectEnds(envelope, "a name for no place");
  for (const uint32_t empty : {uint32_t{8}, kNone, ~uint32_t{0}}) {
    envelope = Good();
    envelope.mutable_to_pid()->Clear();
    envelope.mutable_to_pid()->set_place(empty);
    ExpectEnds(envelope, "a pid at an empty place");
    envelope = Good();
    envelope.mutable_to_pid()->mutable_home()->Clear();
    envelope.mutable_to_pid()->mutable_home()->set_place(empty);
    ExpectEnds(envelope, "a node at an empty place");
    envelope = Good();
    envelope.mutable_type()->Clear();
    envelope.mutable_type()->set_place(empty);
    ExpectEnds(envelope, "a name at an empty place");
    envelope = Good();
    envelope.add_homes()->set_place(empty);
    ExpectEnds(envelope, "a node at an empty place");
  }
}

TEST_F(BadInputTest, PartsThatAreMissing) {
  const auto without = [this](v1::Envelope::Kind kind,
                              const std::function<void(v1::Envelope&)>& what) {
    v1::Envelope envelope = OfKind(kind);
    what(envelope);
    return envelope;
  };
  const auto from = [](v1::Envelope& e) { e.clear_from(); };
  const auto ref = [](v1::Envelope& e) { e.clear_ref(); };
  const auto creator = [](v1::Envelope& e) { e.mutable_ref()->clear_creator(); };
  const auto value = [](v1::Envelope& e) { e.clear_type(); };
  const auto to_name = [](v1::Envelope& e) { e.mutable_to_name()->set_text("probe"); };
  for (const auto kind : {v1::Envelope::EXIT, v1::Envelope::LINK, v1::Envelope::LINK_EXIT,
                          v1::Envelope::UNLINK, v1::Envelope::UNLINK_ACK})
    ExpectEnds(without(kind, from), "from nobody");
  for (const auto kind :
       {v1::Envelope::REQUEST, v1::Envelope::REPLY, v1::Envelope::NO_REPLY, v1::Envelope::MONITOR,
        v1::Envelope::DEMONITOR, v1::Envelope::DOWN, v1::Envelope::IS_ALIVE, v1::Envelope::INFO}) {
    ExpectEnds(without(kind, ref), "without a ref");
    ExpectEnds(without(kind, creator), "without a ref");
  }
  for (const auto kind : {v1::Envelope::MESSAGE, v1::Envelope::REQUEST, v1::Envelope::REPLY})
    ExpectEnds(without(kind, value), "without a value");
  for (const auto kind :
       {v1::Envelope::REPLY, v1::Envelope::NO_REPLY, v1::Envelope::EXIT, v1::Envelope::LINK,
        v1::Envelope::LINK_EXIT, v1::Envelope::UNLINK, v1::Envelope::UNLINK_ACK, v1::Envelope::DOWN,
        v1::Envelope::IS_ALIVE, v1::Envelope::INFO})
    ExpectEnds(without(kind, to_name), "can't go to a name");
}

TEST_F(BadInputTest, FieldsThatMakeNoSense) {
  v1::Envelope envelope = OfKind(v1::Envelope::NO_REPLY);
  envelope.set_refusal(1000);
  ExpectEnds(envelope, "unknown refusal");
  envelope = OfKind(v1::Envelope::EXIT);
  envelope.set_reason("\xff\xff\xff");
  ExpectEnds(envelope, "exit reason makes no sense");
  envelope = Good();
  envelope.mutable_to_pid()->mutable_home()->set_name("no name");
  ExpectEnds(envelope, "is no name of a node");
  envelope = Good();
  envelope.mutable_to_pid()->mutable_home()->set_name(std::string(100'000, 'a') + "@h:1");
  ExpectEnds(envelope, "too long");
  envelope = Good();
  envelope.mutable_type()->set_place(1);
  envelope.mutable_type()->set_text(std::string(4097, 'x'));
  ExpectEnds(envelope, "too long");
}

TEST_F(BadInputTest, Steps) {
  const v1::Hello hello = RawHello(b_.name());
  ExpectEnds({HelloFrame(hello)}, "a step of the handshake, which is over");
  ExpectEnds({ProofFrame('D', hello, hello, kTestCookie)}, "a step of the handshake");
  v1::Frame frame = HelloFrame(hello);
  *frame.add_envelopes() = Good();
  ExpectEnds({frame}, "a step of the handshake");
  EXPECT_THAT(probe_.ReceivedTypes(), IsEmpty());
}

v1::Frame PieceOf(uint32_t envelope, uint64_t size, std::string bytes) {
  v1::Frame frame;
  v1::Piece& piece = *frame.add_pieces();
  if (size > 0) piece.mutable_head();
  piece.set_envelope(envelope);
  piece.set_size(size);
  piece.set_bytes(std::move(bytes));
  return frame;
}

TEST_F(BadInputTest, Pieces) {
  ExpectEnds({PieceOf(1, 0, "x")}, "of no envelope that has begun");
  ExpectEnds({PieceOf(1, 10, "")}, "of no bytes");
  ExpectEnds({PieceOf(1, 10, "12345"), PieceOf(1, 10, "12345")}, "begins an envelope twice");
  ExpectEnds({PieceOf(1, 10, "12345"), PieceOf(1, 0, "123456")}, "more bytes than its envelope");
  ExpectEnds({PieceOf(1, 4, "12345")}, "more bytes than its envelope");
  ExpectEnds({PieceOf(1, kMaxMessage + 1, "x")}, "are allowed");
  ExpectEnds({PieceOf(1, ~uint64_t{0}, "x")}, "are allowed");
  ExpectEnds({PieceOf(1, 1, "x")}, "to nobody");
  v1::Frame headless = PieceOf(1, 10, "x");
  headless.mutable_pieces(0)->clear_head();
  ExpectEnds({headless}, "of no envelope that has begun");
  v1::Frame unknown = PieceOf(1, 1, "x");
  *unknown.mutable_pieces(0)->mutable_head() = Good();
  unknown.mutable_pieces(0)->mutable_head()->set_kind(static_cast<v1::Envelope::Kind>(99));
  ExpectEnds({unknown}, "unknown kind");
  std::vector<v1::Frame> many;
  for (uint32_t i = 0; i < 17; ++i) many.push_back(PieceOf(i, 1000, "x"));
  ExpectEnds(many, "one large envelope too many");
}

TEST_F(BadInputTest, MoreNodesThanAConnectionMayMention) {
  std::vector<v1::Frame> frames;
  for (int i = 0; i < kManyNodes + 1; ++i) {
    if (i % 512 == 0) *frames.emplace_back().add_envelopes() = Good();
    v1::Node& node = *frames.back().mutable_envelopes(0)->add_homes();
    node.set_name("third@127.0.0.1:1");
    node.set_creation(1000 + static_cast<uint64_t>(i));
  }
  ExpectEnds(frames, "more nodes than one connection may mention");
}

// gRPC takes no larger frame.
TEST_F(BadInputTest, FramesThatAreTooLarge) {
  const NodeWatcher told(b_.runtime());
  RawDialler raw(b_.name(), kTestCookie);
  ASSERT_TRUE(told.AwaitUp(1));
  v1::Envelope envelope = Good();
  envelope.set_value(std::string(2 << 20, 'x'));
  v1::Frame frame;
  *frame.add_envelopes() = envelope;
  raw.Say(frame);
  raw.HearRefusal();
  ASSERT_TRUE(told.AwaitDown(1));
  ExpectUntouched();
  EXPECT_THAT(probe_.ReceivedTypes(), IsEmpty());
}

TEST_F(BadInputTest, BytesThatAreNoFrame) {
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x22\x7f"), std::string(1000, '\x0b'),
        std::string("\x0a\xff\xff\xff\xff\x0f")}) {
    const NodeWatcher told(b_.runtime());
    RawDialler raw(b_.name(), kTestCookie, NextName());
    ASSERT_TRUE(told.AwaitUp(1));
    raw.SayBytes(bytes);
    raw.HearRefusal();
    ASSERT_TRUE(told.AwaitDown(1));
    ExpectUntouched();
  }
}

// A flood of pings isn't answered without end to one who doesn't listen.
TEST_F(BadInputTest, AFloodOfPings) {
  const NodeWatcher told(b_.runtime());
  RawDialler raw(b_.name(), kTestCookie);
  ASSERT_TRUE(told.AwaitUp(1));
  v1::Frame flood;
  for (uint64_t i = 0; i < 100'000; ++i) flood.add_pings(i);
  for (int i = 0; i < 100 && raw.Say(flood); ++i) {
  }
  EXPECT_EQ(raw.HearRefusal().why(), v1::Refusal::MALFORMED);
  ASSERT_TRUE(told.AwaitDown(1));
  ExpectUntouched();
}

// Answers that nobody has asked for, ends of what there isn't, and what is said to be from a process of the node's own.
TEST_F(BadInputTest, WhatMakesSenseButIsntTrue) {
  RawDialler raw(b_.name(), kTestCookie);
  for (const bool spoofed : {false, true}) {
    for (int kind = v1::Envelope::Kind_MIN; kind <= v1::Envelope::Kind_MAX; ++kind) {
      if (kind == v1::Envelope::EXIT || kind == v1::Envelope::MESSAGE) continue;
      v1::Frame frame;
      v1::Envelope& envelope = *frame.add_envelopes();
      envelope = OfKind(static_cast<v1::Envelope::Kind>(kind));
      if (spoofed) {
        *envelope.mutable_from() = PidHere();
        *envelope.mutable_ref()->mutable_creator() = PidHere();
      }
      ASSERT_TRUE(raw.Say(frame)) << kind;
    }
  }
  v1::Frame last;
  *last.add_envelopes() = Good();
  EXPECT_TRUE(raw.Say(last));
  EXPECT_TRUE(probe_.AwaitReceived<Note>(1)) << "the connection stands";
  EXPECT_TRUE(b_.runtime().IsAlive(probe_.pid()));
  ExpectUntouched();
}

// A process that asks is told if the answer can't be read.
TEST_F(BadInputTest, AnswersThatCantBeRead) {
  for (const std::string& type : {std::string("test.Note"), std::string("int64")}) {
    RawAcceptor answers([&type](RawStream& stream, const std::string& name) {
      ASSERT_TRUE(stream.Accept(name, kTestCookie));
      const std::optional<v1::Envelope> request = stream.HearEnvelope();
      ASSERT_TRUE(request.has_value());
      v1::Frame frame;
      v1::Envelope& reply = *frame.add_envelopes();
      reply.set_kind(v1::Envelope::REPLY);
      *reply.mutable_to_pid() = request->ref().creator();
      *reply.mutable_ref() = request->ref();
      reply.mutable_ref()->mutable_creator()->set_place(0);
      reply.mutable_ref()->mutable_creator()->mutable_home()->set_place(0);
      *reply.mutable_to_pid() = reply.ref().creator();
      reply.mutable_type()->set_text(type);
      reply.set_value("\xff");
      stream.Say(frame);
      stream.HearRefusal();
    });
    b_.Run([&]() -> Async<> {
      const absl::Status asked =
          (co_await Request(ProcessName("squares", answers.name()), Square{2})).status();
      EXPECT_EQ(asked.code(), absl::StatusCode::kDataLoss) << asked;
    });
  }
}

// Every field of every message, truncated.
TEST_F(BadInputTest, EveryLengthOfAFrame) {
  v1::Frame whole;
  *whole.add_envelopes() = OfKind(v1::Envelope::REQUEST);
  whole.mutable_envelopes(0)->set_reason(ExitReason::Shutdown("reason").Encode());
  whole.mutable_envelopes(0)->add_homes()->set_name("third@127.0.0.1:1");
  *whole.add_pieces() = PieceOf(1, 5, "12345").pieces(0);
  whole.add_pings(1);
  whole.add_pongs(1);
  const std::string bytes = whole.SerializeAsString();
  for (size_t size = 1; size < bytes.size(); ++size) {
    RawDialler raw(b_.name(), kTestCookie, NextName());
    raw.SayBytes(bytes.substr(0, size));
    raw.Say(HelloFrame(RawHello(b_.name())));  // ends it, if that hasn't
    while (raw.Hear().has_value()) {
    }
  }
  ExpectUntouched();
}

// Bits that have toppled, from a seed.
TEST_F(BadInputTest, ToppledBits) {
  constexpr int kRounds = 300;
  std::mt19937 random(20'261'128);
  v1::Frame whole;
  for (const auto kind : {v1::Envelope::REQUEST, v1::Envelope::MONITOR, v1::Envelope::LINK,
                          v1::Envelope::DOWN, v1::Envelope::UNLINK}) {
    v1::Envelope& envelope = *whole.add_envelopes() = OfKind(kind);
    // Of nobody: what is asked of others in earnest is obeyed.
    envelope.mutable_to_pid()->set_serial(uint64_t{0x7777777777});
    envelope.set_reason(ExitReason::Error("type", "text").Encode());
  }
  *whole.add_pieces() = PieceOf(1, 5, "12345").pieces(0);
  const std::string good = whole.SerializeAsString();
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 1 + round % 4; ++i)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    RawDialler raw(b_.name(), kTestCookie, NextName());
    raw.SayBytes(bytes);
    raw.Say(HelloFrame(RawHello(b_.name())));
    while (raw.Hear().has_value()) {
    }
  }
  ExpectUntouched();
}

// NOD20: when all have gone nothing of them is left.
TEST_F(BadInputTest, NothingIsLeft) {
  {
    const NodeWatcher told(b_.runtime());
    for (size_t i = 1; i <= 100; ++i) {
      RawDialler raw(b_.name(), kTestCookie, NextName());
      v1::Frame frame;
      *frame.add_envelopes() = v1::Envelope();
      raw.Say(frame);
      raw.HearRefusal();
      ASSERT_TRUE(told.AwaitDown(i));
    }
  }
  EXPECT_THAT(b_.Connecting(), IsEmpty());
  EXPECT_EQ(b_.Connected(), std::vector<std::string>{a_.name()});
}

// A list of frames that an acceptor may send, too.
TEST(BadAcceptorTest, EndsTheConnection) {
  LocalNode a("a");
  const NodeWatcher told(a.runtime());
  v1::Refusal refusal;
  RawAcceptor raw([&refusal](RawStream& stream, const std::string& name) {
    if (!stream.Accept(name, kTestCookie)) return;
    v1::Frame frame;
    *frame.add_envelopes() = v1::Envelope();
    stream.Say(frame);
    refusal = stream.HearRefusal();
  });
  ASSERT_TRUE(a.Connect(raw.name()).ok());
  ASSERT_TRUE(told.AwaitDown(1));
  EXPECT_EQ(told.down()[0].node, raw.name());
  ASSERT_TRUE(raw.AwaitOver());
  EXPECT_EQ(refusal.why(), v1::Refusal::MALFORMED);
}

}  // namespace
}  // namespace hydra
