#include "hydra/process/exit_reason.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra {
namespace {

using Kind = ExitReason::Kind;

struct Row {
  ExitReason reason;
  Kind kind;
  bool clean;
  std::string_view type;
  std::string_view text;
  std::string_view string;
};

std::vector<Row> AllReasons() {
  return {
      {ExitReason(), Kind::kNormal, true, "", "", "normal"},
      {ExitReason::Normal(), Kind::kNormal, true, "", "", "normal"},
      {ExitReason::Shutdown(), Kind::kShutdown, true, "", "", "shutdown"},
      {ExitReason::Shutdown("upgrade"), Kind::kShutdown, true, "", "upgrade", "shutdown: upgrade"},
      {ExitReason::Kill(), Kind::kKill, false, "", "", "kill"},
      {ExitReason::Killed(), Kind::kKilled, false, "", "", "killed"},
      {ExitReason::NoProc(), Kind::kNoProc, false, "", "", "noproc"},
      {ExitReason::NoConnection(), Kind::kNoConnection, false, "", "", "noconnection"},
      {ExitReason::Error("Type", "text"), Kind::kError, false, "Type", "text", "error Type: text"},
      {ExitReason::Error("Type", ""), Kind::kError, false, "Type", "", "error Type"},
      {ExitReason::Custom("bad luck"), Kind::kCustom, false, "", "bad luck", "custom: bad luck"},
  };
}

TEST(ExitReasonTest, EachKindHasItsClassAndItsText) {
  for (const Row& row : AllReasons()) {
    SCOPED_TRACE(row.string);
    EXPECT_EQ(row.reason.kind(), row.kind);
    EXPECT_EQ(row.reason.IsClean(), row.clean);
    EXPECT_EQ(row.reason.type(), row.type);
    EXPECT_EQ(row.reason.text(), row.text);
    EXPECT_EQ(row.reason.ToString(), row.string);
    std::ostringstream out;
    out << row.reason;
    EXPECT_EQ(out.str(), row.string);
  }
}

TEST(ExitReasonTest, DifferentReasonsAreUnequal) {
  const std::vector<Row> rows = AllReasons();
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < rows.size(); ++j) {
      // The first two are the same.
      const bool same = i == j || (i < 2 && j < 2);
      EXPECT_EQ(rows[i].reason == rows[j].reason, same) << rows[i].string << ", " << rows[j].string;
    }
  }
}

TEST(ExitReasonTest, EqualityIsOfTypeAndTextNotOfTheCopy) {
  EXPECT_EQ(ExitReason::Custom("a"), ExitReason::Custom(std::string("a")));
  EXPECT_NE(ExitReason::Custom("a"), ExitReason::Custom("b"));
  EXPECT_NE(ExitReason::Error("A", "text"), ExitReason::Error("B", "text"));
  EXPECT_NE(ExitReason::Error("A", "text"), ExitReason::Error("A", "other"));
  EXPECT_NE(ExitReason::Custom("a"), ExitReason::Shutdown("a"));
  EXPECT_EQ(ExitReason::Shutdown(""), ExitReason::Shutdown()) << "no detail is an empty one";
}

TEST(ExitReasonTest, TextMayHoldAnything) {
  const std::string text("a\0b\n", 4);
  EXPECT_EQ(ExitReason::Custom(text).text(), text);
  EXPECT_NE(ExitReason::Custom(text), ExitReason::Custom("a"));
}

// ---- Copies.

static_assert(sizeof(ExitReason) == 16);
static_assert(std::is_nothrow_move_constructible_v<ExitReason>);
static_assert(std::is_nothrow_move_assignable_v<ExitReason>);

TEST(ExitReasonTest, CopiesShareTheText) {
  const ExitReason reason = ExitReason::Custom("one text");
  const ExitReason copy = reason;
  EXPECT_EQ(copy, reason);
  EXPECT_EQ(copy.text().data(), reason.text().data());
}

TEST(ExitReasonTest, CopyOutlivesTheOriginal) {
  auto reason = std::make_unique<ExitReason>(ExitReason::Error("Type", "text"));
  const ExitReason copy = *reason;
  reason.reset();
  EXPECT_EQ(copy.ToString(), "error Type: text");
}

TEST(ExitReasonTest, AssignmentReplacesKindAndText) {
  ExitReason reason = ExitReason::Error("Type", "text");
  const ExitReason other = ExitReason::Custom("other");
  reason = other;
  EXPECT_EQ(reason, other);
  reason = ExitReason::Kill();
  EXPECT_EQ(reason, ExitReason::Kill());
  EXPECT_EQ(reason.text(), "");
  EXPECT_EQ(other, ExitReason::Custom("other"));
}

TEST(ExitReasonTest, AssignmentToItselfKeepsIt) {
  ExitReason reason = ExitReason::Custom("kept");
  const ExitReason& same = reason;
  reason = same;
  EXPECT_EQ(reason, ExitReason::Custom("kept"));
}

TEST(ExitReasonTest, MovedReasonTakesTheTextAlong) {
  ExitReason reason = ExitReason::Error("Type", "text");
  const char* text = reason.text().data();
  const ExitReason moved = std::move(reason);
  EXPECT_EQ(moved, ExitReason::Error("Type", "text"));
  EXPECT_EQ(moved.text().data(), text);
}

// TSan and ASan look for what may go wrong here: the last copy frees the text, whoever holds it.
TEST(ExitReasonTest, CopiesAreUsedAndDroppedOnDifferentThreads) {
  for (int64_t round = Rounds(20'000); round > 0; --round) {
    auto reason = std::make_unique<ExitReason>(ExitReason::Custom("shared"));
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([copy = *reason] {
        for (int j = 0; j < 100; ++j) {
          ExitReason mine = copy;
          ExitReason other = std::move(mine);
          mine = copy;
          EXPECT_EQ(mine, other);
        }
      });
    }
    reason.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

// ---- FromCurrentException.

struct Outer {
  struct Inner : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
};

template <typename T>
struct Typed {
  T value;
};

class Described : public std::exception {
 public:
  const char* what() const noexcept override { return "its own words"; }
};

template <typename T>
ExitReason ReasonOf(T thrown) {
  try {
    throw thrown;
  } catch (...) {
    return ExitReason::FromCurrentException();
  }
}

TEST(ExitReasonFromCurrentExceptionTest, StandardExceptionTellsTypeAndText) {
  EXPECT_EQ(ReasonOf(std::runtime_error("no disk")),
            ExitReason::Error("std::runtime_error", "no disk"));
  EXPECT_EQ(ReasonOf(std::out_of_range("too far")),
            ExitReason::Error("std::out_of_range", "too far"));
  EXPECT_EQ(ReasonOf(std::runtime_error("no disk")).ToString(),
            "error std::runtime_error: no disk");
}

TEST(ExitReasonFromCurrentExceptionTest, TypeIsTheThrownOneNotTheCaughtOne) {
  try {
    throw std::out_of_range("too far");
  } catch (const std::logic_error&) {
    EXPECT_EQ(ExitReason::FromCurrentException().type(), "std::out_of_range");
  }
}

TEST(ExitReasonFromCurrentExceptionTest, NestedTypeIsSpelledInFull) {
  const ExitReason reason = ReasonOf(Outer::Inner("deep"));
  EXPECT_EQ(reason, ExitReason::Error("hydra::(anonymous namespace)::Outer::Inner", "deep"));
  EXPECT_FALSE(reason.IsClean());
}

struct OutOfStock {
  int article = 0;
  friend bool operator==(const OutOfStock&, const OutOfStock&) = default;
};
struct Opaque {
  int number = 0;
};

TEST(ExitReasonValueTest, CarriesAnyType) {
  const ExitReason reason = ExitReason::Of(OutOfStock{7});
  EXPECT_EQ(reason.kind(), Kind::kCustom);
  EXPECT_FALSE(reason.IsClean());
  ASSERT_NE(reason.value<OutOfStock>(), nullptr);
  EXPECT_EQ(reason.value<OutOfStock>()->article, 7);
  EXPECT_EQ(reason.value<Opaque>(), nullptr) << "another type";
  EXPECT_EQ(ExitReason::Custom("text").value<OutOfStock>(), nullptr);
  EXPECT_EQ(reason.ToString(), "custom hydra::(anonymous namespace)::OutOfStock");
}

TEST(ExitReasonValueTest, EqualWhenTheValuesAre) {
  EXPECT_EQ(ExitReason::Of(OutOfStock{7}), ExitReason::Of(OutOfStock{7}));
  EXPECT_NE(ExitReason::Of(OutOfStock{7}), ExitReason::Of(OutOfStock{8}));
  EXPECT_NE(ExitReason::Of(7), ExitReason::Of(7L));
  EXPECT_NE(ExitReason::Of(OutOfStock{7}), ExitReason::Custom(""));
}

TEST(ExitReasonValueTest, ValuesWithoutComparisonEqualTheirCopies) {
  const ExitReason reason = ExitReason::Of(Opaque{7});
  const ExitReason copy = reason;
  EXPECT_EQ(copy, reason);
  EXPECT_NE(ExitReason::Of(Opaque{7}), reason);
}

TEST(ExitReasonEncodeTest, ComesBackFromItsBytes) {
  for (const Row& row : AllReasons())
    EXPECT_EQ(ExitReason::Decode(row.reason.Encode()), row.reason);
}

TEST(ExitReasonEncodeTest, ValueStaysBehind) {
  const std::optional<ExitReason> reason = ExitReason::Decode(ExitReason::Of(Opaque{7}).Encode());
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->type(), "hydra::(anonymous namespace)::Opaque");
  EXPECT_EQ(reason->value<Opaque>(), nullptr);
}

TEST(ExitReasonEncodeTest, OtherBytesAreRefused) {
  const std::string good = ExitReason::Error("Type", "text").Encode();
  for (size_t size = 0; size < 9; ++size) {
    EXPECT_EQ(ExitReason::Decode(good.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(ExitReason::Decode("\x08" + good.substr(1)), std::nullopt) << "no such kind";
  EXPECT_EQ(ExitReason::Decode("\xff" + good.substr(1)), std::nullopt);
  EXPECT_EQ(ExitReason::Decode(good.substr(0, 4) + "\xff" + good.substr(5)), std::nullopt);
}

TEST(ExitReasonFromCurrentExceptionTest, DerivedExceptionIsAskedForItsText) {
  EXPECT_EQ(ReasonOf(Described()).text(), "its own words");
}

TEST(ExitReasonFromCurrentExceptionTest, OtherTypesHaveNoText) {
  EXPECT_EQ(ReasonOf(42), ExitReason::Error("int", ""));
  EXPECT_EQ(ReasonOf("text"), ExitReason::Error("char const*", ""));
  EXPECT_EQ(ReasonOf(Typed<long>{1}),
            ExitReason::Error("hydra::(anonymous namespace)::Typed<long>", ""));
}

TEST(ExitReasonFromCurrentExceptionTest, ReasonOutlivesTheException) {
  ExitReason reason;
  try {
    throw std::runtime_error(std::string(1000, 'x'));
  } catch (...) {
    reason = ExitReason::FromCurrentException();
  }
  EXPECT_EQ(reason.text(), std::string(1000, 'x'));
}

TEST(ExitReasonFromCurrentExceptionTest, InnermostHandledExceptionCounts) {
  try {
    throw std::runtime_error("outer");
  } catch (...) {
    EXPECT_EQ(ReasonOf(std::logic_error("inner")).text(), "inner");
    EXPECT_EQ(ExitReason::FromCurrentException().text(), "outer");
    EXPECT_EQ(ExitReason::FromCurrentException().text(), "outer") << "asking changes nothing";
  }
}

}  // namespace
}  // namespace hydra
