#include "hydra/process/internal/wire_fields.h"

#include <any>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace hydra::process_internal {
namespace {

class NoDefault {
 public:
  explicit NoDefault(int number) : number_(number) {}
  int number() const { return number_; }

 private:
  int number_;
};

struct None {};
struct Two {
  std::string text;
  int number;
};
struct Scalars {
  enum class Kind { kA } kind;
  char c;
  long number;  // NOLINT(google-runtime-int)
  float f;
  const int constant = 3;
  int* pointer;
  void (*function)();
};
struct Greedy {  // their constructors take nearly anything
  std::optional<int> optional;
  std::optional<std::string> text;
  std::optional<std::optional<Two>> nested;
  std::variant<int, std::string> variant;
  std::any any;
  std::function<void()> function;
  std::tuple<std::tuple<int>> tuple;
};
struct Containers {
  std::map<std::string, int> map;
  absl::flat_hash_map<int, std::vector<int>> hash_map;
  std::array<int, 3> array;
  std::pair<int, int> pair;
  std::vector<std::vector<bool>> vectors;
  std::unique_ptr<int> pointer;
};
struct FromAbseil {
  absl::StatusOr<std::string> status_or;
  absl::Status status;
  absl::Time time;
  absl::Duration duration;
};
struct Tree {
  int number;
  std::vector<Tree> children;
};
struct Nested {
  Two two;
  Tree tree;
  None none;
  std::optional<None> optional;
};
struct Defaults {
  int a = 1;
  std::string b = "b";
  std::vector<int> c = {1, 2};
};
struct NoDefaults {
  NoDefault a;
  int b;
  NoDefault c;
};
struct Sixteen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
};
struct Seventeen {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};

template <typename T, size_t kCount>
constexpr bool kHas = HasFields<T>() && kFieldCount<T> == kCount;

TEST(WireFieldsTest, AreCounted) {
  static_assert(kHas<None, 0> && kHas<Two, 2> && kHas<Scalars, 7> && kHas<Greedy, 7>);
  static_assert(kHas<Containers, 6> && kHas<FromAbseil, 4> && kHas<Tree, 2> && kHas<Nested, 4>);
  static_assert(kHas<Defaults, 3> && kHas<NoDefaults, 3> && kHas<Sixteen, 16>);
  static_assert(!HasFields<Seventeen>());
}

struct ArrayFirst {
  int array[3];
  int number;
};
struct ArrayLast {
  int number;
  char array[8];
};
struct ArrayOfStrings {
  std::optional<int> number;
  std::string array[2];
  None none;
};
struct ArrayOfArrays {
  int array[2][2];
};
struct ArrayOfOne {
  int array[1];
};

TEST(WireFieldsTest, ArraysAreFound) {
  static_assert(!HasFields<ArrayFirst>() && !HasFields<ArrayLast>());
  static_assert(!HasFields<ArrayOfStrings>() && !HasFields<ArrayOfArrays>());
  static_assert(
      std::is_same_v<decltype(FieldsOf(std::declval<ArrayOfOne&>())), std::tuple<Field<int[1]>>>);
}

struct WithBase : Two {
  int number;
};
struct WithEmptyBase : None {
  int number;
};
struct OnlyBase : None {};

TEST(WireFieldsTest, BasesAreFound) {
  static_assert(!HasFields<WithBase>() && !HasFields<WithEmptyBase>() && !HasFields<OnlyBase>());
}

struct WithReference {
  int number;
  int& reference;
};
struct WithConstReference {
  const int& reference;
};
struct WithRvalueReference {
  int&& reference;
};

TEST(WireFieldsTest, ReferencesAreFoundOrAreTypesOfFields) {
  static_assert(!HasFields<WithReference>());
  static_assert(std::is_same_v<decltype(FieldsOf(std::declval<WithConstReference&>())),
                               std::tuple<Field<const int&>>>);
  static_assert(std::is_same_v<decltype(FieldsOf(std::declval<WithRvalueReference&>())),
                               std::tuple<Field<int&&>>>);
}

TEST(WireFieldsTest, OtherTypesHaveNone) {
  static_assert(!HasFields<int>() && !HasFields<NoDefault>() && !HasFields<std::string>());
  static_assert(!HasFields<int[2]>() && !HasFields<Two*>());
}

TEST(WireFieldsTest, AreTheObjectsOwn) {
  Two two{"a", 1};
  std::get<0>(FieldsOf(two)).value = "b";
  std::get<1>(FieldsOf(two)).value += 1;
  EXPECT_EQ(two.text, "b");
  EXPECT_EQ(std::get<1>(FieldsOf(std::as_const(two))).value, 2);
  NoDefaults numbers{NoDefault(1), 2, NoDefault(3)};
  EXPECT_EQ(&std::get<2>(FieldsOf(numbers)).value, &numbers.c);
}

TEST(WireFieldsTest, AreInOrder) {
  Sixteen all{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const std::vector<int> values = std::apply(
      [](const auto&... field) { return std::vector<int>{field.value...}; }, FieldsOf(all));
  EXPECT_EQ(values, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
}

}  // namespace
}  // namespace hydra::process_internal
