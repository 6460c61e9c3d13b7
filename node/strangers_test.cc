// Who dials and doesn't prove itself costs little: NOD20.
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"

namespace hydra {
namespace {

using testing::IsEmpty;

constexpr int kMaxStrangers = 64;  // docs/wire.md

// Opens a stream, and is known to the node as one who hasn't proved itself.
std::unique_ptr<RawDialler> Loiter(const LocalNode& node) {
  auto stranger = std::make_unique<RawDialler>(node.name());
  EXPECT_TRUE(stranger->Say(HelloFrame(RawHello(node.name()))));
  const std::optional<v1::Frame> answer = stranger->Hear();
  EXPECT_TRUE(answer.has_value() && answer->has_hello());
  return stranger;
}

TEST(StrangersTest, NoMoreThanSoMany) {
  LocalNode b("b", {.handshake_timeout = absl::Minutes(5)});
  LocalNode friends("friend");
  ASSERT_TRUE(friends.Connect(b.name()).ok());
  std::vector<std::unique_ptr<RawDialler>> strangers;
  for (int i = 0; i < kMaxStrangers; ++i) strangers.push_back(Loiter(b));

  RawDialler one_too_many(b.name());
  one_too_many.Say(HelloFrame(RawHello(b.name())));
  EXPECT_FALSE(one_too_many.Hear().has_value());
  LocalNode late("late");
  EXPECT_FALSE(late.Connect(b.name()).ok());
  EXPECT_TRUE(friends.Ping(b.name()).ok()) << "who is connected isn't touched";

  strangers.clear();
  // Each that goes makes room; the node hears of it some time after.
  bool connected = false;
  for (int i = 0; i < 1000 && !connected; ++i) connected = late.Connect(b.name()).ok();
  EXPECT_TRUE(connected);
}

// What a stranger says is no larger than a frame, and is dropped with the stream.
TEST(StrangersTest, LargeFrames) {
  LocalNode b("b");
  for (const size_t size : {size_t{1} << 19, size_t{1} << 20, size_t{5} << 20}) {
    v1::Hello hello = RawHello(b.name());
    hello.set_name(std::string(size, 'a') + "@127.0.0.1:1");
    RawDialler stranger(b.name());
    stranger.Say(HelloFrame(hello));
    const v1::Refusal refusal = stranger.HearRefusal();
    if (size < size_t{1} << 20) EXPECT_EQ(refusal.why(), v1::Refusal::MALFORMED);
    EXPECT_EQ(refusal.ByteSizeLong() > 1000, false) << "it is told back what it has said";
  }
  LocalNode a("a");
  EXPECT_TRUE(a.Connect(b.name()).ok());
}

TEST(StrangersTest, BytesThatAreNoFrame) {
  LocalNode b("b");
  for (const std::string& bytes : {std::string("\xff"), std::string(1000, 'x'), std::string()}) {
    RawDialler stranger(b.name());
    stranger.SayBytes(bytes);
    while (stranger.Hear().has_value()) {
    }
  }
  LocalNode a("a");
  EXPECT_TRUE(a.Connect(b.name()).ok());
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMeasuresMemory = false;  // it is the sanitizer's
#else
constexpr bool kMeasuresMemory = true;
#endif

size_t ResidentBytes() {
  size_t pages = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Of those who have gone nothing is kept but a time limit.
TEST(StrangersTest, ManyComeAndGo) {
  constexpr size_t kLittle = size_t{20} << 20;
  LocalNode b("b", {.handshake_timeout = absl::Minutes(5)});
  const size_t before = ResidentBytes();
  for (int i = 0; i < 20 * kMaxStrangers; ++i) {
    RawDialler stranger(b.name());
    stranger.SayBytes("\xff");
    while (stranger.Hear().has_value()) {
    }
  }
  if (kMeasuresMemory) EXPECT_LT(ResidentBytes(), before + kLittle);
  LocalNode a("a");
  EXPECT_TRUE(a.Connect(b.name()).ok());
  EXPECT_TRUE(b.AwaitConnected(a.name()));
  EXPECT_THAT(b.Connecting(), IsEmpty());
}

// Who is refused after its Hello, or its proof, isn't listed.
TEST(StrangersTest, RefusedOnesArentListed) {
  LocalNode b("b");
  for (int i = 0; i < 100; ++i) {
    RawDialler stranger(b.name());
    EXPECT_FALSE(
        stranger.Dial(RawHello(b.name(), absl::StrCat("s", i, "@127.0.0.1:1")), "another cookie"));
  }
  EXPECT_THAT(b.Connected(), IsEmpty());
  EXPECT_THAT(b.Connecting(), IsEmpty());
}

}  // namespace
}  // namespace hydra
