#include "hydra/node/internal/handshake.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/testing/raw_stream.h"

namespace hydra::node_internal {
namespace {

using Step = Handshake::Step;

constexpr char kA[] = "a@127.0.0.1:1";
constexpr char kB[] = "b@127.0.0.1:2";

Party PartyNamed(std::string name, uint64_t creation = 7) {
  return {.id = {.name = std::move(name), .creation = creation}, .tick_time = absl::Seconds(3)};
}

std::function<std::string(std::string_view)> Cookie(std::string cookie) {
  return [cookie](std::string_view) { return cookie; };
}

Handshake Dialler(std::string cookie = "secret", std::string wanted = kB) {
  return Handshake(Role::kDialler, PartyNamed(kA), std::move(wanted), Cookie(std::move(cookie)),
                   NewNonce());
}
Handshake Acceptor(std::string cookie = "secret", std::string name = kB) {
  return Handshake(Role::kAcceptor, PartyNamed(std::move(name), 8), "", Cookie(std::move(cookie)),
                   NewNonce());
}

v1::Refusal::Why WhyFailed(const Step& step) {
  EXPECT_TRUE(step.failed.has_value());
  return step.failed.has_value() ? step.failed->why() : v1::Refusal::UNKNOWN;
}

// NOD2, NOD3, NOD9
TEST(HandshakeTest, BothProveThemselvesAndAgree) {
  Handshake dialler = Dialler();
  Handshake acceptor = Acceptor();
  const Step hello = dialler.Begin();
  const Step answer = acceptor.Receive(*hello.send);
  EXPECT_FALSE(answer.send->hello().name().empty());
  const Step proof = dialler.Receive(*answer.send);
  EXPECT_FALSE(proof.connected.has_value()) << "the acceptor hasn't proved itself";
  const Step asks = acceptor.Receive(*proof.send);
  EXPECT_TRUE(asks.asks_admission);
  EXPECT_FALSE(asks.send.has_value());
  EXPECT_EQ(acceptor.peer().id, PartyNamed(kA).id);
  const Step admitted = acceptor.Admit();
  ASSERT_TRUE(admitted.connected.has_value());
  EXPECT_EQ(admitted.connected->peer.tick_time, absl::Seconds(3));
  const Step connected = dialler.Receive(*admitted.send);
  ASSERT_TRUE(connected.connected.has_value());
  EXPECT_EQ(connected.connected->peer.id, PartyNamed(kB, 8).id);
  EXPECT_EQ(connected.connected->version, kNewestVersion);
}

// NOD3: the dialler proves first, and learns nothing if it can't.
TEST(HandshakeTest, AWrongCookieIsRefused) {
  Handshake dialler = Dialler("wrong");
  Handshake acceptor = Acceptor();
  const Step answer = acceptor.Receive(*dialler.Begin().send);
  EXPECT_FALSE(answer.send->has_proof());
  const Step refused = acceptor.Receive(*dialler.Receive(*answer.send).send);
  EXPECT_EQ(WhyFailed(refused), v1::Refusal::WRONG_COOKIE);
  EXPECT_FALSE(refused.send->has_proof());
  EXPECT_EQ(WhyFailed(dialler.Receive(*refused.send)), v1::Refusal::WRONG_COOKIE);
}

// NOD3: what an acceptor that doesn't know the cookie sends back is refused.
TEST(HandshakeTest, AReflectedProofIsRefused) {
  Handshake dialler = Dialler();
  Handshake acceptor = Acceptor();
  const Step proof = dialler.Receive(*acceptor.Receive(*dialler.Begin().send).send);
  EXPECT_EQ(WhyFailed(dialler.Receive(*proof.send)), v1::Refusal::WRONG_COOKIE);
}

TEST(HandshakeTest, AReflectedHelloIsRefused) {
  Handshake dialler = Dialler("secret", kA);
  const Step hello = dialler.Begin();
  EXPECT_EQ(WhyFailed(dialler.Receive(*hello.send)), v1::Refusal::MALFORMED);
}

// NOD3: a proof of one handshake is of no use in another.
TEST(HandshakeTest, AReplayedProofIsRefused) {
  Handshake dialler = Dialler();
  Handshake first = Acceptor();
  const v1::Frame hello = *dialler.Begin().send;
  const v1::Frame proof = *dialler.Receive(*first.Receive(hello).send).send;
  EXPECT_TRUE(first.Receive(proof).asks_admission);
  Handshake second = Acceptor();
  second.Receive(hello);
  EXPECT_EQ(WhyFailed(second.Receive(proof)), v1::Refusal::WRONG_COOKIE);
}

// NOD9: what was negotiated is part of the proofs.
TEST(HandshakeTest, AChangedHelloIsNoticed) {
  const auto change = [](const std::function<void(v1::Hello&)>& tamper) {
    Handshake dialler = Dialler();
    Handshake acceptor = Acceptor();
    v1::Frame hello = *dialler.Begin().send;
    tamper(*hello.mutable_hello());
    const Step answer = acceptor.Receive(hello);
    if (answer.failed.has_value()) return answer.failed->why();
    return WhyFailed(acceptor.Receive(*dialler.Receive(*answer.send).send));
  };
  EXPECT_EQ(change([](v1::Hello& h) { h.set_features(1); }), v1::Refusal::WRONG_COOKIE);
  EXPECT_EQ(change([](v1::Hello& h) { h.set_hidden(true); }), v1::Refusal::WRONG_COOKIE);
  EXPECT_EQ(change([](v1::Hello& h) { h.set_creation(9); }), v1::Refusal::WRONG_COOKIE);
  EXPECT_EQ(change([](v1::Hello& h) { h.set_newest_version(2); }), v1::Refusal::WRONG_COOKIE);
  EXPECT_EQ(change([](v1::Hello& h) { h.set_nonce(NewNonce()); }), v1::Refusal::WRONG_COOKIE);
}

// NOD9: what only the other can do isn't agreed on.
TEST(HandshakeTest, ANewerAcceptor) {
  Handshake dialler = Dialler();
  const v1::Hello hello = dialler.Begin().send->hello();
  v1::Hello newer = RawHello("", kB);
  newer.set_features(~uint64_t{0});
  EXPECT_FALSE(dialler.Receive(HelloFrame(newer)).failed.has_value());
  const Step connected = dialler.Receive(ProofFrame('A', hello, newer, "secret"));
  ASSERT_TRUE(connected.connected.has_value());
  EXPECT_EQ(connected.connected->features, kFeatures);
}

// NOD9: an acceptor chooses one version.
TEST(HandshakeTest, AnAcceptorThatChoosesSeveralVersions) {
  Handshake dialler = Dialler();
  dialler.Begin();
  v1::Hello several = RawHello("", kB);
  several.set_oldest_version(kOldestVersion - 1);
  EXPECT_EQ(WhyFailed(dialler.Receive(HelloFrame(several))), v1::Refusal::NO_VERSION);
}

// NOD6, NOD7, NOD9, NOD20
TEST(HandshakeTest, HellosThatMakeNoSense) {
  const auto refused = [](const std::function<void(v1::Hello&)>& tamper) {
    v1::Frame hello = *Dialler().Begin().send;
    tamper(*hello.mutable_hello());
    return WhyFailed(Acceptor().Receive(hello));
  };
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_wanted("c@127.0.0.1:3"); }), v1::Refusal::WRONG_NODE);
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_name(kB); }), v1::Refusal::DUPLICATE_NAME);
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_name("no name"); }), v1::Refusal::MALFORMED);
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_creation(0); }), v1::Refusal::MALFORMED);
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_nonce("short"); }), v1::Refusal::MALFORMED);
  EXPECT_EQ(refused([](v1::Hello& h) {
              h.set_oldest_version(kNewestVersion + 1);
              h.set_newest_version(kNewestVersion + 5);
            }),
            v1::Refusal::NO_VERSION);
  EXPECT_EQ(refused([](v1::Hello& h) { h.set_newest_version(0); }), v1::Refusal::NO_VERSION);
}

// NOD7: another node answers than was dialled.
TEST(HandshakeTest, AnotherNodeAnswers) {
  Handshake dialler = Dialler();
  Handshake other(Role::kAcceptor, PartyNamed("c@127.0.0.1:2"), "", Cookie("secret"), NewNonce());
  const Step hello = dialler.Begin();
  EXPECT_EQ(WhyFailed(other.Receive(*hello.send)), v1::Refusal::WRONG_NODE);
}

// NOD2, NOD20: nothing but the next step is taken.
TEST(HandshakeTest, StepsOutOfOrder) {
  v1::Frame proof;
  proof.mutable_proof()->set_mac("mac");
  EXPECT_EQ(WhyFailed(Acceptor().Receive(proof)), v1::Refusal::MALFORMED);
  EXPECT_EQ(WhyFailed(Acceptor().Receive(v1::Frame())), v1::Refusal::MALFORMED);
  v1::Frame signal = *Dialler().Begin().send;
  signal.add_envelopes();
  EXPECT_EQ(WhyFailed(Acceptor().Receive(signal)), v1::Refusal::MALFORMED);

  Handshake acceptor = Acceptor();
  const v1::Frame hello = *Dialler().Begin().send;
  EXPECT_FALSE(acceptor.Receive(hello).failed.has_value());
  EXPECT_EQ(WhyFailed(acceptor.Receive(hello)), v1::Refusal::MALFORMED);
  EXPECT_EQ(WhyFailed(acceptor.Receive(hello)), v1::Refusal::MALFORMED) << "it is over";
}

TEST(HandshakeTest, WhatARefusalSaysIsTamed) {
  v1::Frame refusal;
  refusal.mutable_refusal()->set_text("\x1b[31m" + std::string(5000, 'x'));
  const Step step = Dialler().Receive(refusal);
  ASSERT_TRUE(step.failed.has_value());
  EXPECT_EQ(step.failed->text().size(), 1000u);
  EXPECT_EQ(step.failed->text()[0], '?');
  EXPECT_FALSE(step.send.has_value());
}

TEST(MacTest, IsHmacSha256) {  // RFC 4231, test case 2
  const std::string mac = Mac("Jefe", "what do ya want for nothing?");
  std::string hex;
  for (const unsigned char byte : mac) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  EXPECT_EQ(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(EqualMacs(mac, mac));
  EXPECT_FALSE(EqualMacs(mac, mac.substr(1)));
  EXPECT_NE(NewNonce(), NewNonce());
}

}  // namespace
}  // namespace hydra::node_internal
