#include "hydra/process/message.h"

#include <any>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/internal/signal.h"

namespace hydra {
namespace {

using process_internal::DestroySignal;
using process_internal::Signal;

struct Ping {
  int number = 0;
};
struct LoudPing : Ping {};
struct Empty {};

static_assert(std::is_nothrow_move_constructible_v<Message>);
static_assert(std::is_nothrow_move_assignable_v<Message>);
static_assert(!std::is_copy_constructible_v<Message>);
static_assert(!std::is_convertible_v<Ping, Message>);
static_assert(!std::is_convertible_v<Message, bool>);

TEST(MessageTest, DefaultOneIsEmpty) {
  Message message;
  EXPECT_FALSE(message);
  EXPECT_FALSE(message.Is<Ping>());
  EXPECT_EQ(message.Get<Ping>(), nullptr);
  EXPECT_EQ(std::as_const(message).Get<Ping>(), nullptr);
  EXPECT_EQ(message.type_name(), "");
}

TEST(MessageTest, GivesItsValueUnderItsType) {
  const Message message(Ping{.number = 7});
  EXPECT_TRUE(message);
  EXPECT_TRUE(message.Is<Ping>());
  ASSERT_NE(message.Get<Ping>(), nullptr);
  EXPECT_EQ(message.Get<Ping>()->number, 7);
  EXPECT_NE(message.type_name().find("Ping"), std::string_view::npos) << message.type_name();
}

// RCV9
TEST(MessageTest, IsNoOtherTypeNotEvenARelatedOne) {
  const Message loud(LoudPing{{.number = 1}});
  EXPECT_TRUE(loud.Is<LoudPing>());
  EXPECT_FALSE(loud.Is<Ping>()) << "no base class";
  EXPECT_EQ(loud.Get<Ping>(), nullptr);
  const Message number(1);
  EXPECT_TRUE(number.Is<int>());
  EXPECT_FALSE(number.Is<unsigned>()) << "no conversion";
  EXPECT_FALSE(number.Is<long>());
  EXPECT_FALSE(Message(std::string("text")).Is<const char*>());
}

TEST(MessageTest, TypeIsTheDecayedOne) {
  const std::string text = "text";
  EXPECT_TRUE(Message(text).Is<std::string>());
  EXPECT_TRUE(Message("text").Is<const char*>());
  EXPECT_EQ(text, "text") << "an lvalue is copied";
}

TEST(MessageTest, ValueWithoutDataHasATypeAllTheSame) {
  const Message message{Empty()};
  EXPECT_TRUE(message.Is<Empty>());
  EXPECT_NE(message.Get<Empty>(), nullptr);
}

TEST(MessageTest, ValueCanBeChangedAndMovedOut) {
  Message message(std::make_unique<int>(1));
  **message.Get<std::unique_ptr<int>>() = 2;
  const std::unique_ptr<int> taken = std::move(*message.Get<std::unique_ptr<int>>());
  EXPECT_EQ(*taken, 2);
  EXPECT_TRUE(message) << "the message stays, with what a move leaves behind";
  EXPECT_EQ(*message.Get<std::unique_ptr<int>>(), nullptr);
}

// A value that could be made from itself in a list: it is moved, not wrapped.
TEST(MessageTest, ContainerOfAnythingIsNotWrapped) {
  const std::vector<std::any> values = {1, 2, 3};
  const Message message(values);
  EXPECT_EQ(message.Get<std::vector<std::any>>()->size(), 3);
}

TEST(MessageTest, LargeValueIsKeptWhole) {
  struct Large {
    int numbers[10'000] = {};
  };
  auto large = std::make_unique<Large>();
  large->numbers[9'999] = 5;
  const Message message(*large);
  EXPECT_EQ(message.Get<Large>()->numbers[9'999], 5);
}

// ---- Ownership.

using Token = std::shared_ptr<int>;

TEST(MessageTest, DestroysItsValue) {
  const Token token = std::make_shared<int>();
  {
    const Message message(token);
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(MessageTest, MovedFromOneIsEmpty) {
  const Token token = std::make_shared<int>();
  Message first(token);
  const Token* value = first.Get<Token>();
  Message second(std::move(first));
  EXPECT_FALSE(first);
  EXPECT_FALSE(first.Is<Token>());
  EXPECT_EQ(first.type_name(), "");
  EXPECT_EQ(second.Get<Token>(), value) << "the value itself doesn't move";
  EXPECT_EQ(token.use_count(), 2);
}

TEST(MessageTest, AssignmentDestroysTheOldValueAndEmptiesTheOther) {
  const Token old_token = std::make_shared<int>();
  const Token new_token = std::make_shared<int>();
  Message first(old_token);
  Message second(new_token);
  first = std::move(second);
  EXPECT_EQ(old_token.use_count(), 1);
  EXPECT_EQ(new_token.use_count(), 2);
  EXPECT_FALSE(second);
  EXPECT_EQ(*first.Get<Token>(), new_token);
  first = Message();
  EXPECT_FALSE(first);
  EXPECT_EQ(new_token.use_count(), 1);
}

TEST(MessageTest, AssignmentToItselfKeepsTheValue) {
  Message message(Ping{.number = 3});
  Message& same = message;
  message = std::move(same);
  ASSERT_TRUE(message.Is<Ping>());
  EXPECT_EQ(message.Get<Ping>()->number, 3);
}

TEST(MessageTest, ReleasedNodeIsAdopted) {
  const Token token = std::make_shared<int>();
  Message message(token);
  Signal* node = std::move(message).Release();
  EXPECT_FALSE(message);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->type, &process_internal::kMessageType<Token>);
  EXPECT_EQ(token.use_count(), 2);
  {
    const Message adopted = Message::Adopt(node);
    EXPECT_TRUE(adopted.Is<Token>());
    EXPECT_EQ(*adopted.Get<Token>(), token);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(MessageTest, ReleasedNodeIsTheCallersToDestroy) {
  const Token token = std::make_shared<int>();
  Signal* node = Message(token).Release();
  EXPECT_EQ(token.use_count(), 2);
  DestroySignal(node);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(MessageTest, AdoptedNothingIsEmpty) { EXPECT_FALSE(Message::Adopt(nullptr)); }

// Anything that isn't a Message itself, so a Message in a struct, too.
TEST(MessageTest, MayCarryAnotherMessage) {
  struct Envelope {
    Message inside;
  };
  const Message message(Envelope{.inside = Message(Ping{.number = 4})});
  ASSERT_TRUE(message.Is<Envelope>());
  EXPECT_EQ(message.Get<Envelope>()->inside.Get<Ping>()->number, 4);
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("no copy"); }
  ThrowsWhenCopied(ThrowsWhenCopied&&) = default;
};

TEST(MessageTest, ValueThatThrowsWhileItIsCopiedMakesNoMessage) {
  const ThrowsWhenCopied value;
  EXPECT_THROW(Message{value}, std::runtime_error);
}

TEST(MessageDeathTest, EmptyOneCannotBeReleased) {
  EXPECT_DEATH(
      {
        Message message;
        (void)std::move(message).Release();
      },
      "an empty Message can't be sent");
}

}  // namespace
}  // namespace hydra
