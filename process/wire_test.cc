#include "hydra/process/wire.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/wire_names.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/pid.h"

namespace hydra {

// A struct that any part of a program may have.
struct Join {
  static constexpr std::string_view kWireName = "chat.Join";
  std::string room;
  std::vector<Pid> users;

  friend bool operator==(const Join&, const Join&) = default;
};

namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

struct Empty {
  static constexpr std::string_view kWireName = "test.Empty";
  friend bool operator==(const Empty&, const Empty&) = default;
};

enum class Color : uint8_t { kRed, kGreen };
enum Legacy { kOld };  // has no fixed underlying type
enum Fixed : int { kFixed };

struct Outer {
  static constexpr std::string_view kWireName = "test.Outer";
  Color color = Color::kRed;
  const int number = 0;
  std::optional<Join> join;
  Empty empty;

  friend bool operator==(const Outer&, const Outer&) = default;
};

struct Tree {
  static constexpr std::string_view kWireName = "test.Tree";
  int number = 0;
  std::vector<Tree> children;

  friend bool operator==(const Tree&, const Tree&) = default;
};

Tree Chain(int length) {
  Tree tree;
  for (int i = 1; i < length; ++i) {
    Tree parent;
    parent.children.push_back(std::move(tree));
    tree = std::move(parent);
  }
  return tree;
}

// Has an invariant, and no default constructor.
class Amount {
 public:
  static constexpr std::string_view kWireName = "bank.Amount";

  explicit Amount(int64_t cents) : cents_(cents) {}
  void Encode(WireWriter& writer) const { writer.Write(cents_); }
  static std::optional<Amount> Decode(WireReader& reader) {
    const std::optional<int64_t> cents = reader.Read<int64_t>();
    if (!cents) return std::nullopt;
    if (*cents < 0) return reader.Fail("an amount is never negative");
    return Amount(*cents);
  }

  friend bool operator==(const Amount&, const Amount&) = default;

 private:
  int64_t cents_;
};

struct Transfer {
  static constexpr std::string_view kWireName = "bank.Transfer";
  Amount amount;
  std::vector<Amount> fees;

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

// A format of its own, which may be no bytes at all.
struct Blob {
  static constexpr std::string_view kWireName = "test.Blob";
  void Encode(WireWriter& writer) const { writer.Append(bytes); }
  static std::optional<Blob> Decode(WireReader& reader) { return Blob{std::string(reader.Rest())}; }
  friend bool operator==(const Blob&, const Blob&) = default;

  std::string bytes;
};

// Reads less than it writes.
struct Careless {
  static constexpr std::string_view kWireName = "test.Careless";
  void Encode(WireWriter& writer) const { writer.Write(7), writer.Write(8); }
  static std::optional<Careless> Decode(WireReader& reader) {
    (void)reader.Read<int>();
    return Careless();
  }
};

// Refuses odd numbers without a word.
struct Even {
  static constexpr std::string_view kWireName = "test.Even";
  void Encode(WireWriter& writer) const { writer.Write(number); }
  static std::optional<Even> Decode(WireReader& reader) {
    const std::optional<uint8_t> number = reader.Read<uint8_t>();
    if (!number || *number % 2 != 0) return std::nullopt;
    return Even{*number};
  }

  uint8_t number;
};

// What protoc makes of a message, as far as it matters.
class Proto {
 public:
  bool SerializeToString(std::string* out) const {
    *out = text;
    return text != "unserializable";
  }
  bool ParseFromArray(const void* data, int size) {
    text.assign(static_cast<const char*>(data), size);
    return text != "unparsable";
  }
  std::string GetTypeName() const { return "test.Proto"; }
  friend bool operator==(const Proto&, const Proto&) = default;

  std::string text;
};

struct Ask {
  static constexpr std::string_view kWireName = "test.Ask";
  using Reply = absl::StatusOr<std::vector<Join>>;
};
struct Tell {
  static constexpr std::string_view kWireName = "test.Tell";
  using Reply = void;
};

struct Local {
  int number;
};
struct ShapedLikeAWireType {
  static constexpr std::string_view kWireName = "test.Shaped";
  void Encode(WireWriter&) const {}
  static bool Decode(WireReader&);  // no such Decode
};
struct DecodesOnly {
  static constexpr std::string_view kWireName = "test.DecodesOnly";
  static std::optional<DecodesOnly> Decode(WireReader&);
};
struct OfLocals {
  static constexpr std::string_view kWireName = "test.OfLocals";
  std::vector<Local> locals;
};

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    hex.push_back(kDigits[c & 15]);
  }
  return hex;
}

template <typename T>
std::string HexOf(const T& value) {
  return Hex(Encode(value).bytes);
}

template <typename T>
void ExpectRoundTrip(const T& value) {
  EXPECT_THAT(Decode<T>(Encode(value)), IsOkAndHolds(value)) << WireName<T>();
}

template <typename... T>
void ExpectRoundTrips(const T&... values) {
  (ExpectRoundTrip(values), ...);
}

template <typename T>
absl::Status ErrorOf(std::string bytes) {
  return Decode<T>({std::string(WireName<T>()), std::move(bytes)}).status();
}

// ---- Which types, and what they are called.

TEST(WireReadyTest, IsDecidedByShape) {
  static_assert(WireReady<Join> && WireReady<Empty> && WireReady<Outer> && WireReady<Tree>);
  static_assert(WireReady<Amount> && WireReady<Transfer> && WireReady<Blob> && WireReady<Proto>);
  static_assert(WireReady<Ask> && WireReady<Tell>);
  static_assert(WireReady<std::map<Pid, std::vector<Proto>>>);
  static_assert(!WireReady<Local> && !WireReady<OfLocals>);
  static_assert(!WireReady<ShapedLikeAWireType> && !WireReady<DecodesOnly>);
  static_assert(!WireReady<int*> && !WireReady<std::string_view> && !WireReady<const char*>);
  static_assert(!WireReady<std::pair<int, Local>> && !WireReady<void> && !WireReady<const int>);
}

TEST(WireReadyTest, EnumsAreFieldsOnly) {
  static_assert(!WireReady<Color> && !WireReady<std::vector<Color>>);
  static_assert(process_internal::IsWireField<Color>() && process_internal::IsWireField<Fixed>());
  static_assert(!process_internal::IsWireField<Legacy>(), "not every number is a value of it");
}

TEST(WireNameTest, IntegersAreNamedByTheirWidth) {
  EXPECT_EQ(WireName<signed char>(), "int8");
  EXPECT_EQ(WireName<short>(), "int16");  // NOLINT(google-runtime-int): what it is about
  EXPECT_EQ(WireName<int>(), "int32");
  EXPECT_EQ(WireName<long>(), "int64");       // NOLINT(google-runtime-int)
  EXPECT_EQ(WireName<long long>(), "int64");  // NOLINT(google-runtime-int)
  EXPECT_EQ(WireName<uint8_t>(), "uint8");
  EXPECT_EQ(WireName<uint16_t>(), "uint16");
  EXPECT_EQ(WireName<uint32_t>(), "uint32");
  EXPECT_EQ(WireName<unsigned long>(), "uint64");       // NOLINT(google-runtime-int)
  EXPECT_EQ(WireName<unsigned long long>(), "uint64");  // NOLINT(google-runtime-int)
}

TEST(WireNameTest, OtherBuiltInTypes) {
  EXPECT_EQ(WireName<bool>(), "bool");
  EXPECT_EQ(WireName<char>(), "char");
  EXPECT_EQ(WireName<float>(), "float");
  EXPECT_EQ(WireName<double>(), "double");
  EXPECT_EQ(WireName<std::string>(), "string");
  EXPECT_EQ(WireName<std::monostate>(), "unit");
  EXPECT_EQ(WireName<Pid>(), "pid");
  EXPECT_EQ(WireName<Ref>(), "ref");
  EXPECT_EQ(WireName<ExitReason>(), "exit_reason");
  EXPECT_EQ(WireName<absl::Status>(), "status");
  EXPECT_EQ(WireName<absl::Time>(), "time");
  EXPECT_EQ(WireName<absl::Duration>(), "duration");
}

TEST(WireNameTest, CompositesAreNamedAfterTheirParts) {
  EXPECT_EQ(WireName<std::optional<std::string>>(), "optional<string>");
  EXPECT_EQ((WireName<std::vector<std::pair<int64_t, std::string>>>()),
            "vector<pair<int64,string>>");
  EXPECT_EQ((WireName<std::array<bool, 3>>()), "array<bool,3>");
  EXPECT_EQ((WireName<std::tuple<Join, Amount, Proto>>()),
            "tuple<chat.Join,bank.Amount,test.Proto>");
  EXPECT_EQ(WireName<std::tuple<>>(), "tuple<>");
  EXPECT_EQ((WireName<std::variant<std::monostate, Tree>>()), "variant<unit,test.Tree>");
  EXPECT_EQ(WireName<absl::StatusOr<double>>(), "status_or<double>");
  EXPECT_EQ((WireName<std::map<int, Pid>>()), "map<int32,pid>");
  EXPECT_EQ((WireName<absl::flat_hash_map<int, Pid>>()), "map<int32,pid>");
}

TEST(WireNameTest, DeclaredNamesDifferFromBuiltInOnes) {
  using process_internal::IsWireName;
  static_assert(IsWireName("a.b") && IsWireName("Join") && IsWireName("chat.v2.Join_2"));
  static_assert(!IsWireName("") && !IsWireName("string") && !IsWireName("exit_reason"));
  static_assert(!IsWireName("vector<a.B>") && !IsWireName("A,B") && !IsWireName("chat::Join"));
}

TEST(WireNameDeathTest, NameOfTwoTypesIsFatal) {
  using process_internal::RegisterWireName;
  EXPECT_DEATH(
      {
        RegisterWireName("test.Twice", typeid(Join), "hydra::Join");
        RegisterWireName("test.Twice", typeid(Join), "hydra::Join");  // from another library
        RegisterWireName("test.Twice", typeid(Tree), "hydra::Tree");
      },
      "two types have the wire name \"test.Twice\": hydra::Join and hydra::Tree");
  // Join was registered before main, since this program writes it.
  EXPECT_DEATH(RegisterWireName("chat.Join", typeid(int), "int"), "hydra::Join and int");
  EXPECT_DEATH(RegisterWireName("join", typeid(int), "int"), "the wire name \"join\" of int needs");
}

// ---- The format. These bytes are on other nodes' wires: they never change.

TEST(WireFormatTest, Integers) {
  EXPECT_EQ(HexOf(int8_t{-1}), "ff");
  EXPECT_EQ(HexOf(uint8_t{200}), "c8");
  EXPECT_EQ(HexOf(0), "00");
  EXPECT_EQ(HexOf(-1), "01");
  EXPECT_EQ(HexOf(1), "02");
  EXPECT_EQ(HexOf(int16_t{-32768}), "ffff03");
  EXPECT_EQ(HexOf(300), "d804");
  EXPECT_EQ(HexOf(300u), "ac02");
  EXPECT_EQ(HexOf(std::numeric_limits<int64_t>::min()), "ffffffffffffffffff01");
  EXPECT_EQ(HexOf(std::numeric_limits<uint64_t>::max()), "ffffffffffffffffff01");
}

TEST(WireFormatTest, OtherBuiltInTypes) {
  EXPECT_EQ(HexOf(true), "01");
  EXPECT_EQ(HexOf('A'), "41");
  EXPECT_EQ(HexOf(1.5f), "0000c03f");
  EXPECT_EQ(HexOf(-2.0), "00000000000000c0");
  EXPECT_EQ(HexOf(std::string("abc")), "616263");
  EXPECT_EQ(HexOf(std::monostate()), "00");
  EXPECT_EQ(HexOf(Pid()), "00");
  EXPECT_EQ(HexOf(Pid(1, 300, 2)), "01ac0202");
  EXPECT_EQ(HexOf(Ref(Pid(1, 2, 3), 4)), "01020304");
  EXPECT_EQ(HexOf(ExitReason::Killed()), "0300000000");
  EXPECT_EQ(HexOf(ExitReason::Error("E", "no")), "0601000000456e6f");
  EXPECT_EQ(HexOf(absl::OkStatus()), "00");
  EXPECT_EQ(HexOf(absl::NotFoundError("no")), "05026e6f00");
  EXPECT_EQ(HexOf(absl::Milliseconds(-1500)), "01ffcfacf30e");
  EXPECT_EQ(HexOf(absl::InfiniteDuration()), "0080a0d9e61d");
  EXPECT_EQ(HexOf(absl::FromUnixSeconds(1)), "0200");
}

TEST(WireFormatTest, Composites) {
  EXPECT_EQ(HexOf(std::optional<int>()), "00");
  EXPECT_EQ(HexOf(std::optional<int>(1)), "0102");
  EXPECT_EQ(HexOf(std::vector<std::string>{"a", ""}), "02016100");
  EXPECT_EQ(HexOf(std::array<uint8_t, 2>{1, 2}), "0102");
  EXPECT_EQ(HexOf(std::pair<bool, std::string>(true, "x")), "010178");
  EXPECT_EQ(HexOf(std::tuple<>()), "00");
  EXPECT_EQ(HexOf(std::variant<int, std::string>("x")), "010178");
  EXPECT_EQ(HexOf(absl::StatusOr<int>(1)), "0002");
  EXPECT_EQ(HexOf(absl::StatusOr<int>(absl::AbortedError("x"))), "0a017800");
}

TEST(WireFormatTest, UsersTypes) {
  EXPECT_EQ(HexOf(Join{"ab", {Pid(1, 2, 3)}}),
            "0261620101"
            "0203");
  EXPECT_EQ(HexOf(Empty()), "00");
  EXPECT_EQ(HexOf(Outer{.color = Color::kGreen, .number = 1, .join = {}, .empty = {}}), "01020000");
  EXPECT_EQ(HexOf(Amount(1)), "02") << "its own bytes";
  EXPECT_EQ(HexOf(Transfer{Amount(1), {Amount(64)}}),
            "0102"
            "01"
            "028001")
      << "with their length";
  EXPECT_EQ(HexOf(Proto{.text = "raw"}), "726177");
  EXPECT_EQ(HexOf(std::vector<Proto>{{.text = "raw"}}), "0103726177");
}

TEST(WireFormatTest, MapsAreWrittenAlikeWhateverTheirOrder) {
  const std::string bytes =
      "03"
      "016102"
      "016204"
      "02616106";
  EXPECT_EQ(HexOf(std::map<std::string, int>{{"a", 1}, {"aa", 3}, {"b", 2}}), bytes);
  EXPECT_EQ(HexOf(std::map<std::string, int, std::greater<>>{{"a", 1}, {"aa", 3}, {"b", 2}}),
            bytes);
  EXPECT_EQ(HexOf(std::unordered_map<std::string, int>{{"b", 2}, {"aa", 3}, {"a", 1}}), bytes);
  EXPECT_EQ(HexOf(absl::flat_hash_map<std::string, int>{{"b", 2}, {"aa", 3}, {"a", 1}}), bytes);
}

// ---- There and back.

template <typename T>
void ExpectLimitsRoundTrip() {
  using Limits = std::numeric_limits<T>;
  for (const T value : {Limits::min(), Limits::max(), Limits::lowest(), T{0}, T{1}, T{63}, T{64}})
    ExpectRoundTrip(value);
}

TEST(WireRoundTripTest, Numbers) {
  ExpectLimitsRoundTrip<int8_t>();
  ExpectLimitsRoundTrip<int16_t>();
  ExpectLimitsRoundTrip<int32_t>();
  ExpectLimitsRoundTrip<int64_t>();
  ExpectLimitsRoundTrip<uint8_t>();
  ExpectLimitsRoundTrip<uint16_t>();
  ExpectLimitsRoundTrip<uint32_t>();
  ExpectLimitsRoundTrip<uint64_t>();
  ExpectLimitsRoundTrip<char>();
  ExpectLimitsRoundTrip<float>();
  ExpectLimitsRoundTrip<double>();
  for (int shift = 0; shift < 64; ++shift) ExpectRoundTrips(1ull << shift, -1ll << shift);
  ExpectRoundTrips(std::numeric_limits<double>::infinity(),
                   std::numeric_limits<float>::denorm_min());
}

TEST(WireRoundTripTest, FloatsKeepTheirBits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ASSERT_OK_AND_ASSIGN(const double decoded, Decode<double>(Encode(nan)));
  EXPECT_EQ(HexOf(decoded), HexOf(nan));
  EXPECT_EQ(HexOf(-0.0), "0000000000000080");
}

TEST(WireRoundTripTest, BuiltInTypes) {
  ExpectRoundTrips(true, false, std::string(), std::string("a\0b", 3), std::string(100'000, 'x'));
  ExpectRoundTrips(std::monostate(), Pid(), Ref(), Pid(~0ull >> 2, ~0u, ~0u),
                   Ref(Pid(1, 2, 3), ~0ull));
  ExpectRoundTrips(ExitReason(), ExitReason::Shutdown("why"), ExitReason::Error("E", "no"));
  absl::Status status = absl::NotFoundError("no");
  status.SetPayload("b", absl::Cord("2"));
  status.SetPayload("a", absl::Cord(""));
  ExpectRoundTrips(absl::OkStatus(), absl::UnknownError(""), status);
}

TEST(WireRoundTripTest, DurationsAndTimesAreExact) {
  const absl::Duration most = absl::InfiniteDuration();
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Nanoseconds(1) / 4, absl::Milliseconds(-1500), most, -most,
        absl::Seconds(std::numeric_limits<int64_t>::max()) + absl::Nanoseconds(1),
        absl::Seconds(std::numeric_limits<int64_t>::min()),
        absl::Seconds(std::numeric_limits<int64_t>::min()) + absl::Nanoseconds(1) / 4}) {
    ExpectRoundTrips(duration, -duration, absl::UnixEpoch() + duration);
  }
  ExpectRoundTrips(absl::InfiniteFuture(), absl::InfinitePast(), absl::UniversalEpoch());
}

TEST(WireRoundTripTest, Composites) {
  ExpectRoundTrips(std::optional<std::optional<bool>>(), std::make_optional(std::optional<bool>()),
                   std::make_optional(std::make_optional(false)));
  ExpectRoundTrips(std::vector<int>(), std::vector<bool>{true, false}, std::vector<Tree>(3),
                   std::vector<std::monostate>(5), std::vector<Blob>(4));
  ExpectRoundTrips(std::array<int, 0>(), std::array<std::string, 2>{"a", "b"});
  ExpectRoundTrips(std::tuple<>(), std::tuple(1, std::string("a"), true),
                   std::tuple(std::tuple(1)));
  ExpectRoundTrips(std::variant<int, bool, int>(std::in_place_index<2>, 7));
  ExpectRoundTrips(absl::StatusOr<Join>(Join{"a", {}}),
                   absl::StatusOr<int>(absl::DataLossError("")));
  ExpectRoundTrips(std::map<std::string, std::vector<int>>{{"a", {1}}, {"", {}}},
                   absl::flat_hash_map<Pid, Amount>{{Pid(1, 2, 3), Amount(4)}});
}

TEST(WireRoundTripTest, UsersTypes) {
  ExpectRoundTrips(Join{"lobby", {Pid(1, 2, 3), Pid()}}, Empty(), Chain(5), Amount(7));
  ExpectRoundTrips(Outer{.color = Color::kGreen, .number = -7, .join = Join{"a", {}}, .empty = {}});
  ExpectRoundTrips(Transfer{Amount(1), {Amount(2), Amount(3)}}, Blob{"bytes"}, Blob{});
  ExpectRoundTrips(Proto{.text = "text"}, std::vector<Proto>(2));
}

TEST(WireRoundTripTest, EnumsKeepNumbersThatHaveNoName) {
  ExpectRoundTrip(Outer{.color = static_cast<Color>(200), .number = 0, .join = {}, .empty = {}});
}

// ---- What is refused. More in wire_malformed_test.cc.

TEST(WireTest, TypeIsPartOfTheMessage) {  // RCV9
  const Encoded encoded = Encode(std::vector<int>{1});
  EXPECT_THAT(
      Decode<std::vector<int64_t>>(encoded),
      StatusIs(kInvalid, HasSubstr("no vector<int64>: byte 0: it is of the type vector<int32>")));
  EXPECT_THAT(Decode<Blob>(encoded), StatusIs(kInvalid)) << "which takes any bytes";
  EXPECT_FALSE(Decode<absl::Status>(encoded).ok()) << "the error isn't taken for the value";
}

TEST(WireTest, AliasesOfAnIntegerAreOneType) {
  // NOLINTNEXTLINE(google-runtime-int): what it is about
  EXPECT_THAT(Decode<std::vector<long long>>(Encode(std::vector<long>{7})),
              IsOkAndHolds(std::vector<long long>{7}));  // NOLINT(google-runtime-int)
}

TEST(WireTest, DecodeMayRefuse) {
  EXPECT_THAT(ErrorOf<Amount>("\x01"),
              StatusIs(kInvalid, "no bank.Amount: byte 1: an amount is never negative"));
  EXPECT_OK(ErrorOf<Even>("\x02"));
  EXPECT_THAT(ErrorOf<Even>("\x03"),
              StatusIs(kInvalid, "no test.Even: byte 1: its Decode refuses the bytes"));
  EXPECT_THAT(ErrorOf<std::vector<Even>>("\x01\x01\x03"), StatusIs(kInvalid));
  EXPECT_THAT(ErrorOf<Proto>("unparsable"),
              StatusIs(kInvalid, "no test.Proto: byte 0: protobuf can't parse the bytes"));
  EXPECT_THAT(ErrorOf<ExitReason>("\xff"), StatusIs(kInvalid, HasSubstr("are no exit_reason")));
}

TEST(WireTest, DecodeTakesAllItsBytesAndNoOthers) {
  EXPECT_THAT(Decode<Careless>(Encode(Careless())),
              StatusIs(kInvalid, "no test.Careless: byte 1: 1 byte is left over"));
  EXPECT_THAT((ErrorOf<std::pair<Careless, int8_t>>("\x02\x0e\x05")),
              StatusIs(kInvalid, HasSubstr("byte 2: 1 byte is left over")))
      << "what a Careless leaves isn't the number that follows";
  EXPECT_THAT(ErrorOf<Transfer>(std::string("\x00\x02\x00", 3)),
              StatusIs(kInvalid, HasSubstr("byte 1: the bytes end within int64")))
      << "an Amount of no bytes doesn't take those that follow";
}

TEST(WireTest, WhatHasNoBytesThrows) {
  EXPECT_NO_THROW(Encode(Chain(kMaxWireDepth)));
  EXPECT_THROW(Encode(Chain(kMaxWireDepth + 1)), std::length_error);
  EXPECT_THROW(Encode(Proto{.text = "unserializable"}), std::runtime_error);
}

// ---- Homes.

// As a transport may do it: a number is a place in a list of nodes.
class ListOfHomes final : public WireHomes {
 public:
  explicit ListOfHomes(std::vector<uint32_t> homes = {}) : homes_(std::move(homes)) {}

  uint32_t ToWire(uint32_t home) override {
    const auto it = std::find(homes_.begin(), homes_.end(), home);
    if (it != homes_.end()) return static_cast<uint32_t>(it - homes_.begin());
    homes_.push_back(home);
    return static_cast<uint32_t>(homes_.size() - 1);
  }
  std::optional<uint32_t> FromWire(uint32_t number) override {
    if (number >= homes_.size()) return std::nullopt;
    return homes_[number];
  }

 private:
  std::vector<uint32_t> homes_;
};

TEST(WireHomesTest, TranslateTheHomesOfPidsAndRefs) {
  ListOfHomes sender;
  const Encoded encoded =
      Encode(std::tuple(Pid(1, 2, 70), Ref(Pid(3, 4, 80), 5), Pid(6, 7, 70), Pid()), sender);
  EXPECT_EQ(Hex(encoded.bytes),
            "010200"
            "03040105"
            "060700"
            "00");
  ListOfHomes receiver({90, 91});
  EXPECT_THAT((Decode<std::tuple<Pid, Ref, Pid, Pid>>(encoded, receiver)),
              IsOkAndHolds(std::tuple(Pid(1, 2, 90), Ref(Pid(3, 4, 91), 5), Pid(6, 7, 90), Pid())));
}

TEST(WireHomesTest, UnknownHomesAreRefused) {
  ListOfHomes receiver({90});
  EXPECT_THAT(Decode<Pid>({"pid", "\x01\x02\x01"}, receiver),
              StatusIs(kInvalid, "no pid: byte 2: 1 is no home of a pid"));
}

}  // namespace
}  // namespace hydra
