// Bytes that nobody wrote: each sequence is refused, or is what some value is written as.
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/wire_composites.h"
#include "hydra/process/internal/wire_shapes.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/wire.h"

namespace hydra {
namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
const std::string kHuge = "\xff\xff\xff\xff\xff\xff\xff\xff\x0f";  // a varint of 2^60 - 1

struct Unit {
  static constexpr std::string_view kWireName = "test.Unit";
};

enum class Color : int16_t { kRed };

struct Tree {
  static constexpr std::string_view kWireName = "test.Tree";
  Color color = Color::kRed;
  std::vector<Tree> children;
};

class Self {
 public:
  static constexpr std::string_view kWireName = "test.Self";

  void Encode(WireWriter& writer) const { writer.Write(inner_); }
  static std::optional<Self> Decode(WireReader& reader) {
    std::optional<std::vector<Self>> inner = reader.Read<std::vector<Self>>();
    if (!inner) return std::nullopt;
    Self self;
    self.inner_ = *std::move(inner);
    return self;
  }
  std::vector<Self>& inner() { return inner_; }

 private:
  std::vector<Self> inner_;
};

// One field of each kind.
struct Everything {
  static constexpr std::string_view kWireName = "test.Everything";
  std::tuple<bool, char, int8_t, uint8_t> bytes;
  std::tuple<int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t> integers;
  std::pair<float, double> floats;
  std::string string;
  std::tuple<Pid, Ref, ExitReason> identities;
  std::vector<absl::Status> statuses;
  std::tuple<absl::Time, absl::Duration, std::monostate> times;
  std::optional<std::string> optional;
  std::array<std::vector<bool>, 2> array;
  std::vector<std::variant<Unit, std::string, double>> variants;
  std::map<std::string, int> map;
  absl::flat_hash_map<Pid, std::string> hash_map;
  absl::StatusOr<Tree> status_or;
  Tree tree;
  std::vector<Self> selves;
  std::vector<Unit> units;
};

// ---- Random values.

using Random = std::mt19937_64;

size_t RandomSize(Random& random) { return random() % 4; }

template <typename T>
struct Any;

template <typename T>
T AnyOf(Random& random) {
  return Any<T>::Value(random);
}

template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>)
struct Any<T> {
  static T Value(Random& random) {
    if constexpr (std::is_same_v<T, bool>) {
      return random() % 2 == 0;
    } else {
      return static_cast<T>(static_cast<int64_t>(random()) >> (random() % 64));
    }
  }
};
template <typename T>
  requires(std::is_floating_point_v<T>)
struct Any<T> {
  static T Value(Random& random) { return static_cast<T>(random()) / static_cast<T>(random()); }
};
template <>
struct Any<std::string> {
  static std::string Value(Random& random) {
    std::string value(RandomSize(random) * (random() % 100), '\0');
    for (char& c : value) c = static_cast<char>(random());
    return value;
  }
};
template <>
struct Any<std::monostate> {
  static std::monostate Value(Random&) { return {}; }
};
template <>
struct Any<Pid> {
  static Pid Value(Random& random) {
    if (random() % 4 == 0) return Pid();
    return Pid((AnyOf<uint64_t>(random) >> 2) | 1, AnyOf<uint32_t>(random),
               AnyOf<uint32_t>(random));
  }
};
template <>
struct Any<Ref> {
  static Ref Value(Random& random) { return Ref(AnyOf<Pid>(random), AnyOf<uint64_t>(random)); }
};
template <>
struct Any<ExitReason> {
  static ExitReason Value(Random& random) {
    if (random() % 2 == 0) return ExitReason::Kill();
    const auto type = AnyOf<std::string>(random);
    return ExitReason::Error(type, AnyOf<std::string>(random));
  }
};
template <>
struct Any<absl::Status> {
  static absl::Status Value(Random& random) {
    absl::Status status(static_cast<absl::StatusCode>(random() % 17), AnyOf<std::string>(random));
    for (size_t i = RandomSize(random); i > 0; --i)
      status.SetPayload(AnyOf<std::string>(random),
                        absl::Cord(absl::string_view(AnyOf<std::string>(random))));
    return status;
  }
};
template <>
struct Any<absl::Duration> {
  static absl::Duration Value(Random& random) {
    if (random() % 8 == 0) return -absl::InfiniteDuration();
    return absl::Seconds(AnyOf<int64_t>(random)) + absl::Nanoseconds(AnyOf<int64_t>(random)) / 4;
  }
};
template <>
struct Any<absl::Time> {
  static absl::Time Value(Random& random) {
    return absl::UnixEpoch() + AnyOf<absl::Duration>(random);
  }
};
template <typename T>
struct Any<std::optional<T>> {
  static std::optional<T> Value(Random& random) {
    if (random() % 2 == 0) return std::nullopt;
    return AnyOf<T>(random);
  }
};
template <typename T>
struct Any<std::vector<T>> {
  static std::vector<T> Value(Random& random) {
    std::vector<T> value;
    for (size_t i = RandomSize(random); i > 0; --i) value.push_back(AnyOf<T>(random));
    return value;
  }
};
template <typename T, size_t kSize>
struct Any<std::array<T, kSize>> {
  static std::array<T, kSize> Value(Random& random) {
    std::array<T, kSize> value;
    for (T& element : value) element = AnyOf<T>(random);
    return value;
  }
};
template <typename A, typename B>
struct Any<std::pair<A, B>> {
  static std::pair<A, B> Value(Random& random) { return {AnyOf<A>(random), AnyOf<B>(random)}; }
};
template <typename... T>
struct Any<std::tuple<T...>> {
  static std::tuple<T...> Value(Random& random) { return {AnyOf<T>(random)...}; }
};
template <typename... T>
struct Any<std::variant<T...>> {
  static std::variant<T...> Value(Random& random) {
    std::array<std::variant<T...>, sizeof...(T)> values = {AnyOf<T>(random)...};
    return values[random() % sizeof...(T)];
  }
};
template <typename T>
struct Any<absl::StatusOr<T>> {
  static absl::StatusOr<T> Value(Random& random) {
    const auto status = AnyOf<absl::Status>(random);
    if (!status.ok()) return status;
    return AnyOf<T>(random);
  }
};
template <process_internal::WireMap T>
struct Any<T> {
  static T Value(Random& random) {
    T value;
    for (size_t i = RandomSize(random); i > 0; --i) {
      value.try_emplace(AnyOf<typename T::key_type>(random),
                        AnyOf<typename T::mapped_type>(random));
    }
    return value;
  }
};
template <>
struct Any<Tree> {
  static Tree Value(Random& random) {
    Tree tree{.color = AnyOf<Color>(random), .children = {}};
    while (random() % 3 == 0) tree.children.push_back(AnyOf<Tree>(random));
    return tree;
  }
};
template <>
struct Any<Self> {
  static Self Value(Random& random) {
    Self self;
    while (random() % 3 == 0) self.inner().push_back(AnyOf<Self>(random));
    return self;
  }
};
template <process_internal::FieldByField T>
struct Any<T> {
  static T Value(Random& random) {
    return [&]<typename... F>(process_internal::WireParts<F...>) {
      return T{AnyOf<F>(random)...};
    }(typename process_internal::WireType<T>::Parts());
  }
};

// ---- What is done with them.

template <typename T>
std::string BytesOf(const T& value) {
  return Encode(value).bytes;
}

template <typename T>
absl::StatusOr<T> DecodeBytes(std::string bytes) {
  return Decode<T>({std::string(WireName<T>()), std::move(bytes)});
}

template <typename T>
absl::Status ErrorOf(std::string bytes) {
  return DecodeBytes<T>(std::move(bytes)).status();
}

// Decodes bytes that may be anything. Returns whether they are accepted.
template <typename T>
bool ExpectRefusedOrCanonical(const std::string& bytes) {
  const absl::StatusOr<T> decoded = DecodeBytes<T>(bytes);
  if (decoded.ok()) {
    EXPECT_EQ(BytesOf(*decoded), bytes);
  } else {
    EXPECT_THAT(decoded, StatusIs(kInvalid, HasSubstr(": byte ")));
  }
  return decoded.ok();
}

template <typename T>
class WireFuzzTest : public testing::Test {};

using Types =
    testing::Types<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
                   float, double, std::string, Pid, Ref, ExitReason, absl::Status, absl::Time,
                   absl::Duration, std::monostate, std::optional<std::vector<uint16_t>>,
                   std::variant<std::string, Pid, std::monostate>, std::map<int16_t, std::string>,
                   absl::flat_hash_map<std::string, Tree>, absl::StatusOr<Ref>, Tree, Self,
                   Everything>;
TYPED_TEST_SUITE(WireFuzzTest, Types);

TYPED_TEST(WireFuzzTest, ValuesComeBack) {
  Random random(1);
  for (int64_t i = Rounds(10'000); i > 0; --i) {
    const std::string bytes = BytesOf(AnyOf<TypeParam>(random));
    ASSERT_TRUE(ExpectRefusedOrCanonical<TypeParam>(bytes)) << testing::PrintToString(bytes);
  }
}

TYPED_TEST(WireFuzzTest, EachTruncationIsRefused) {
  // What may be any bytes may be fewer, too.
  constexpr bool kIsRest =
      std::is_same_v<TypeParam, std::string> || std::is_same_v<TypeParam, ExitReason>;
  Random random(2);
  for (int64_t i = Rounds(500); i > 0; --i) {
    const std::string bytes = BytesOf(AnyOf<TypeParam>(random));
    for (size_t size = 0; size < bytes.size(); ++size) {
      const bool accepted = ExpectRefusedOrCanonical<TypeParam>(bytes.substr(0, size));
      ASSERT_TRUE(!accepted || kIsRest) << size << " of " << testing::PrintToString(bytes);
    }
  }
}

TYPED_TEST(WireFuzzTest, BytesThatFollowAreRefused) {
  constexpr bool kIsRest =
      std::is_same_v<TypeParam, std::string> || std::is_same_v<TypeParam, ExitReason>;
  if (kIsRest) return;
  Random random(3);
  for (int64_t i = Rounds(1'000); i > 0; --i) {
    EXPECT_THAT(ErrorOf<TypeParam>(BytesOf(AnyOf<TypeParam>(random)) + '\0'),
                StatusIs(kInvalid, HasSubstr("1 byte is left over")));
  }
}

TYPED_TEST(WireFuzzTest, EachFlippedBitIsRefusedOrAnotherValue) {
  Random random(4);
  for (int64_t i = Rounds(500); i > 0; --i) {
    std::string bytes = BytesOf(AnyOf<TypeParam>(random));
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
      ExpectRefusedOrCanonical<TypeParam>(bytes);
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
  }
}

TYPED_TEST(WireFuzzTest, RandomBytesAreRefusedOrAValue) {
  Random random(5);
  for (int64_t i = Rounds(100'000); i > 0; --i) {
    std::string bytes(random() % 20, '\0');
    // Small numbers get further.
    for (char& c : bytes) c = static_cast<char>(random() >> (56 + random() % 8));
    ExpectRefusedOrCanonical<TypeParam>(bytes);
  }
}

// ---- One by one, with what the status says.

TEST(WireMalformedTest, NumbersOutOfRange) {
  EXPECT_THAT(ErrorOf<int16_t>("\x80\x80\x04"),
              StatusIs(kInvalid, "no int16: byte 0: 32768 is out of the range of int16"));
  EXPECT_THAT(ErrorOf<int16_t>("\x81\x80\x04"), StatusIs(kInvalid, HasSubstr("-32769 is out of")));
  EXPECT_THAT(ErrorOf<uint16_t>("\x80\x80\x04"), StatusIs(kInvalid, HasSubstr("65536 is out of")));
  EXPECT_THAT(ErrorOf<uint32_t>("\x80\x80\x80\x80\x10"),
              StatusIs(kInvalid, HasSubstr("4294967296 is out of the range of uint32")));
  EXPECT_THAT(ErrorOf<bool>("\x02"), StatusIs(kInvalid, "no bool: byte 0: 2 is no bool"));
  EXPECT_THAT(ErrorOf<Tree>(std::string("\x80\x80\x04\x00", 4)),
              StatusIs(kInvalid, "no test.Tree: byte 0: 32768 is out of the range of int16"));
}

TEST(WireMalformedTest, OverlongNumbers) {
  EXPECT_THAT(ErrorOf<int>(std::string("\x80\x00", 2)),
              StatusIs(kInvalid, "no int32: byte 0: int32 is written in more bytes than it needs"));
  EXPECT_THAT(ErrorOf<uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
              StatusIs(kInvalid, "no uint64: byte 0: uint64 has more than 64 bits"));
  EXPECT_THAT(ErrorOf<uint64_t>(std::string(20, '\x80')),
              StatusIs(kInvalid, HasSubstr("more than 64 bits")));
  EXPECT_THAT(ErrorOf<uint64_t>(std::string(9, '\x80')),
              StatusIs(kInvalid, "no uint64: byte 0: the bytes end within uint64"));
}

TEST(WireMalformedTest, IndicesAndCodes) {
  using Variant = std::variant<int, std::string>;
  EXPECT_THAT(
      ErrorOf<Variant>(std::string("\x02\x00", 2)),
      StatusIs(kInvalid, HasSubstr("byte 0: 2 is out of the range of the index of a variant")));
  EXPECT_THAT(ErrorOf<Variant>(kHuge), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<absl::Status>("\x11"), StatusIs(kInvalid, HasSubstr("17 is no code of a")));
  EXPECT_THAT(ErrorOf<std::optional<int>>("\x02"), StatusIs(kInvalid, HasSubstr("2 is no bool")));
}

TEST(WireMalformedTest, KeysOfMaps) {
  using Map = std::map<int, bool>;
  EXPECT_OK(ErrorOf<Map>(std::string("\x02\x02\x01\x04\x01", 5)));
  EXPECT_THAT(ErrorOf<Map>(std::string("\x02\x04\x01\x02\x01", 5)),
              StatusIs(kInvalid, HasSubstr("byte 3: the keys of a map aren't in order")));
  EXPECT_THAT(ErrorOf<Map>(std::string("\x02\x02\x01\x02\x01", 5)), StatusIs(kInvalid));
  // Two keys of bytes that differ, which the map takes for one: 0.0 and -0.0.
  const std::string zeros = std::string("\x02", 1) + std::string(9, '\0') + std::string(7, '\0') +
                            std::string("\x80\x00", 2);
  EXPECT_THAT((ErrorOf<std::map<double, bool>>(zeros)),
              StatusIs(kInvalid, HasSubstr("byte 10: a map has a key twice")));
}

TEST(WireMalformedTest, Durations) {
  EXPECT_OK(ErrorOf<absl::Duration>(std::string("\x02\x02", 2)));
  EXPECT_THAT(ErrorOf<absl::Duration>(std::string("\x02\x01", 2)),
              StatusIs(kInvalid, HasSubstr("the bytes are no duration")));
  EXPECT_THAT(ErrorOf<absl::Duration>("\x02\x80\xa0\xd9\xe6\x1d"), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<absl::Duration>("\x01\x82\xa0\xd9\xe6\x1d"), StatusIs(kInvalid));
}

// ---- Sizes: nothing is allocated because somebody says so.

TEST(WireMalformedTest, SizesAreNeverMoreThanWhatIsLeft) {
  EXPECT_THAT(ErrorOf<std::vector<std::string>>("\x01\x05"
                                                "abc"),
              StatusIs(kInvalid, "no vector<string>: byte 1: the length is 5, but 3 bytes follow"));
  EXPECT_THAT(ErrorOf<std::vector<int>>(kHuge),
              StatusIs(kInvalid, HasSubstr("the size of a vector is 1152921504606846975, but 0")));
  EXPECT_THAT((ErrorOf<std::map<int, int>>(kHuge)), StatusIs(kInvalid, HasSubstr("size of a map")));
  EXPECT_THAT(ErrorOf<std::vector<std::vector<int>>>("\x01" + kHuge), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<std::vector<Self>>("\x01" + kHuge), StatusIs(kInvalid));
}

TEST(WireMalformedTest, EmptyValuesTakeAByteEach) {
  EXPECT_THAT(ErrorOf<std::vector<Unit>>(kHuge), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<std::vector<std::monostate>>(kHuge), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<std::vector<std::tuple<>>>(kHuge), StatusIs(kInvalid));
  EXPECT_THAT((ErrorOf<std::vector<std::array<int, 0>>>(kHuge)), StatusIs(kInvalid));
  EXPECT_OK(ErrorOf<std::vector<Unit>>(std::string("\x02\x00\x00", 3)));
  EXPECT_THAT(ErrorOf<std::vector<Unit>>(std::string("\x02\x00\x01", 3)),
              StatusIs(kInvalid, HasSubstr("byte 2: 1 is no empty value")));
}

// Takes 64 KiB, and says how many there are.
struct Big {
  static constexpr std::string_view kWireName = "test.Big";
  static inline int made = 0;

  Big() { ++made; }
  Big(Big&&) noexcept = default;
  void Encode(WireWriter&) const {}
  static std::optional<Big> Decode(WireReader& reader) {
    if (!reader.Read<uint8_t>()) return std::nullopt;
    return Big();
  }

  std::array<char, 65'536> bytes = {};
};

TEST(WireMalformedTest, RoomIsMadeForNoMoreThanTheBytesHold) {
  // A million elements that would need 64 GB, the second of which is refused.
  const std::string count = "\xc0\x84\x3d";
  const std::string bytes = count + std::string("\x01\x07\x00", 3) + std::string(1'000'000, '\0');
  EXPECT_THAT(ErrorOf<std::vector<Big>>(bytes),
              StatusIs(kInvalid, HasSubstr("byte 6: the bytes end")));
  EXPECT_EQ(Big::made, 1);
}

// ---- Depth.

std::string NestedTrees(int depth) {
  std::string bytes;
  for (int i = 1; i < depth; ++i) bytes += std::string("\x00\x01", 2);
  return bytes + std::string("\x00\x00", 2);
}

TEST(WireMalformedTest, DepthIsBounded) {
  EXPECT_OK(ErrorOf<Tree>(NestedTrees(kMaxWireDepth)));
  EXPECT_THAT(ErrorOf<Tree>(NestedTrees(kMaxWireDepth + 1)),
              StatusIs(kInvalid, HasSubstr("no test.Tree: byte 200: its values lie too deep")));
  EXPECT_THAT(ErrorOf<Tree>(NestedTrees(1'000'000)), StatusIs(kInvalid, HasSubstr("too deep")));
}

TEST(WireMalformedTest, DepthOfTypesThatEncodeThemselvesIsBounded) {
  std::string bytes = "\x01";
  Self self;
  for (int i = 1; i < kMaxWireDepth; ++i) {
    Self outer;
    outer.inner().push_back(std::move(self));
    self = std::move(outer);
  }
  bytes = BytesOf(self);
  EXPECT_OK(ErrorOf<Self>(bytes));
  std::string length;
  SameHomes homes;
  WireWriter(length, homes).Varint(bytes.size());
  EXPECT_THAT(ErrorOf<Self>("\x01" + length + bytes), StatusIs(kInvalid, HasSubstr("too deep")));
}

// A type that encodes itself may read on, and must get nothing.
TEST(WireMalformedTest, NothingIsReadAfterAnError) {
  SameHomes homes;
  WireReader reader(std::string_view("\x05\x01\x02\x03\x04\x05\x06\x07", 8), homes);
  const auto inner = reader.Delimited("a part", [&]() -> std::optional<int> {
    reader.Fail("the first error");
    EXPECT_EQ(reader.Read<uint32_t>(), std::nullopt);
    return 7;
  });
  EXPECT_EQ(inner, std::nullopt);
  EXPECT_EQ(reader.Byte(255, "a byte"), std::nullopt);
  EXPECT_EQ(reader.Varint(1000, "a number"), std::nullopt);
  EXPECT_EQ(reader.SignedVarint(-1000, 1000, "a number"), std::nullopt);
  EXPECT_EQ(reader.Fixed(1, "a number"), std::nullopt);
  EXPECT_EQ(reader.Count("a length"), std::nullopt);
  EXPECT_EQ(reader.Home(), std::nullopt);
  EXPECT_EQ(reader.Rest(), "");
  EXPECT_THAT(std::string(reader.status("it").message()), HasSubstr("byte 1: the first error"));
}

TEST(WireMalformedTest, WidthIsNoDepth) {
  EXPECT_OK(
      Decode<Tree>(Encode(Tree{.color = {}, .children = std::vector<Tree>(10'000)})).status());
}

}  // namespace
}  // namespace hydra
