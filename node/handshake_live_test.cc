// The handshake on the network: NOD2, NOD9.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/raw_acceptor.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/probe.h"

namespace hydra {
namespace {

using testing::IsEmpty;

constexpr absl::Duration kLimit = absl::Milliseconds(300);
constexpr absl::Duration kSoon = absl::Seconds(10);  // on a machine that is busy

// Expects that the node gives up in time, and that nothing is left.
void ExpectGivesUp(const std::string& wanted) {
  LocalNode a("a", {.handshake_timeout = kLimit});
  const NodeWatcher told(a.runtime());
  const absl::Time start = absl::Now();
  EXPECT_EQ(a.Connect(wanted).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now() - start, kLimit);
  EXPECT_LT(absl::Now() - start, kSoon);
  EXPECT_THAT(a.Connecting(), IsEmpty());
  a.Run([&]() -> Async<> {
    const Ref ref = Monitor(ProcessName("x", wanted));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
  });
  EXPECT_THAT(told.up(), IsEmpty());
}

// NOD2: the kernel takes the connection, and nobody speaks HTTP/2 on it.
TEST(HandshakeLiveTest, NobodyAnswersTheDialler) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 16), 0);
  ExpectGivesUp(absl::StrCat("silent@127.0.0.1:", PortOf(listener)));
  close(listener);
}

// NOD2
TEST(HandshakeLiveTest, TheAcceptorSaysNothing) {
  const RawAcceptor silent([](RawStream& stream, const std::string&) {
    while (stream.Hear().has_value()) {
    }
  });
  ExpectGivesUp(silent.name());
}

// NOD2
TEST(HandshakeLiveTest, TheAcceptorSaysNothingAfterItsHello) {
  const RawAcceptor silent([](RawStream& stream, const std::string& name) {
    stream.Hear();
    stream.Say(HelloFrame(RawHello("", name)));
    while (stream.Hear().has_value()) {
    }
  });
  ExpectGivesUp(silent.name());
}

// NOD2
TEST(HandshakeLiveTest, TheDiallerSaysNothing) {
  LocalNode b("b", {.handshake_timeout = kLimit});
  RawDialler silent(b.name());
  const absl::Time start = absl::Now();
  EXPECT_FALSE(silent.Hear().has_value() && silent.Hear().has_value()) << "it goes on";
  EXPECT_LT(absl::Now() - start, kSoon);
}

// NOD2
TEST(HandshakeLiveTest, TheDiallerSaysNothingAfterItsHello) {
  const ScopedLogCapture log;
  {
    LocalNode b("b", {.handshake_timeout = kLimit});
    RawDialler silent(b.name());
    const absl::Time start = absl::Now();
    ASSERT_TRUE(silent.Say(HelloFrame(RawHello(b.name()))));
    const std::optional<v1::Frame> answer = silent.Hear();
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->has_hello());
    silent.HearRefusal();  // or the end
    EXPECT_LT(absl::Now() - start, kSoon);
    EXPECT_THAT(b.Connected(), IsEmpty());
  }
  EXPECT_TRUE(log.Contains("TOO_SLOW"));
}

// NOD2: a node that is silent in the handshake holds up nobody else.
TEST(HandshakeLiveTest, OthersConnectMeanwhile) {
  LocalNode b("b");
  RawDialler silent(b.name());
  ASSERT_TRUE(silent.Say(HelloFrame(RawHello(b.name()))));
  ASSERT_TRUE(silent.Hear().has_value());
  LocalNode a("a");
  EXPECT_TRUE(a.Connect(b.name()).ok());
}

v1::Envelope NoteTo(const std::string& name) {
  const Encoded note = Encode(Note{"too early", Pid()});
  v1::Envelope envelope;
  envelope.mutable_to_name()->set_text(name);
  envelope.mutable_type()->set_text(note.type);
  envelope.set_value(note.bytes);
  return envelope;
}

// Signals that come too early.
class EarlySignals : public testing::Test {
 protected:
  EarlySignals() { EXPECT_TRUE(b_.runtime().Register(probe_.pid(), "probe").ok()); }

  void ExpectRefused(RawStream& stream) {
    EXPECT_EQ(stream.HearRefusal().why(), v1::Refusal::MALFORMED);
    RawDialler later(b_.name(), kTestCookie);  // what came before has been dealt with
    EXPECT_THAT(probe_.ReceivedTypes(), IsEmpty());
  }

  LocalNode b_{"b"};
  Probe probe_{b_.runtime()};
};

// NOD2
TEST_F(EarlySignals, BeforeTheHello) {
  RawDialler stream(b_.name());
  v1::Frame frame;
  *frame.add_envelopes() = NoteTo("probe");
  stream.Say(frame);
  ExpectRefused(stream);
}

TEST_F(EarlySignals, WithTheHello) {
  RawDialler stream(b_.name());
  v1::Frame frame = HelloFrame(RawHello(b_.name()));
  *frame.add_envelopes() = NoteTo("probe");
  stream.Say(frame);
  ExpectRefused(stream);
}

TEST_F(EarlySignals, BeforeTheProof) {
  RawDialler stream(b_.name());
  stream.Say(HelloFrame(RawHello(b_.name())));
  v1::Frame frame;
  *frame.add_envelopes() = NoteTo("probe");
  stream.Say(frame);
  ExpectRefused(stream);
}

TEST_F(EarlySignals, WithTheProof) {
  RawDialler stream(b_.name());
  const v1::Hello hello = RawHello(b_.name());
  stream.Say(HelloFrame(hello));
  const std::optional<v1::Frame> answer = stream.Hear();
  ASSERT_TRUE(answer.has_value());
  v1::Frame frame = ProofFrame('D', hello, answer->hello(), kTestCookie);
  *frame.add_envelopes() = NoteTo("probe");
  stream.Say(frame);
  ExpectRefused(stream);
}

// NOD3: the node proves nothing to who hasn't proved itself.
TEST_F(EarlySignals, BehindAWrongProof) {
  RawDialler stream(b_.name());
  const v1::Hello hello = RawHello(b_.name());
  stream.Say(HelloFrame(hello));
  const std::optional<v1::Frame> answer = stream.Hear();
  ASSERT_TRUE(answer.has_value());
  stream.Say(ProofFrame('D', hello, answer->hello(), "another cookie"));
  v1::Frame frame;
  *frame.add_envelopes() = NoteTo("probe");
  stream.Say(frame);
  const std::optional<v1::Frame> refused = stream.Hear();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->refusal().why(), v1::Refusal::WRONG_COOKIE);
  EXPECT_FALSE(refused->has_proof());
  RawDialler later(b_.name(), kTestCookie);
  EXPECT_THAT(probe_.ReceivedTypes(), IsEmpty());
}

// NOD9: a newer node, that speaks this version, too, and can more.
TEST(VersionTest, ANewerNodeIsUnderstood) {
  LocalNode b("b");
  RawDialler newer(b.name());
  v1::Hello hello = RawHello(b.name());
  hello.set_newest_version(5);
  hello.set_features(~uint64_t{0});
  ASSERT_TRUE(newer.Dial(hello, kTestCookie));
  EXPECT_EQ(newer.heard_hello().oldest_version(), 1u);
  EXPECT_EQ(newer.heard_hello().newest_version(), 1u);
  EXPECT_EQ(newer.heard_hello().features(), 0u);
  EXPECT_TRUE(b.AwaitConnected(kRawName));
}

// NOD9
TEST(VersionTest, ANodeThatIsTooNewIsRefused) {
  LocalNode b("b");
  RawDialler newer(b.name());
  v1::Hello hello = RawHello(b.name());
  hello.set_oldest_version(2);
  hello.set_newest_version(5);
  newer.Say(HelloFrame(hello));
  const v1::Refusal refusal = newer.HearRefusal();
  EXPECT_EQ(refusal.why(), v1::Refusal::NO_VERSION);
  EXPECT_EQ(refusal.text(), "versions 1 to 1 are spoken here");
}

// NOD9: an acceptor that has chosen what wasn't offered.
TEST(VersionTest, WhatWasntOfferedCantBeChosen) {
  LocalNode a("a");
  v1::Refusal refusal;
  RawAcceptor newer([&refusal](RawStream& stream, const std::string& name) {
    stream.Hear();
    v1::Hello hello = RawHello("", name);
    hello.set_oldest_version(2);
    hello.set_newest_version(2);
    stream.Say(HelloFrame(hello));
    refusal = stream.HearRefusal();
  });
  EXPECT_EQ(a.Connect(newer.name()).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(newer.AwaitOver());
  EXPECT_EQ(refusal.why(), v1::Refusal::NO_VERSION);
}

// NOD9: fields that this version doesn't know are ignored, wherever they are.
TEST(VersionTest, UnknownFieldsAreIgnored) {
  LocalNode b("b");
  const Probe probe(b.runtime());
  ASSERT_TRUE(b.runtime().Register(probe.pid(), "probe").ok());
  RawDialler newer(b.name(), kTestCookie);
  const std::string unknown = "\xfa\x7f\x03new";  // field 2047, three bytes
  v1::Frame frame;
  v1::Envelope envelope = NoteTo("probe");
  ASSERT_TRUE(envelope.MergeFromString(unknown));
  ASSERT_TRUE(envelope.mutable_to_name()->MergeFromString(unknown));
  *frame.add_envelopes() = envelope;
  ASSERT_TRUE(newer.SayBytes(frame.SerializeAsString() + unknown));
  EXPECT_TRUE(probe.AwaitReceived<Note>(1));
}

}  // namespace
}  // namespace hydra
