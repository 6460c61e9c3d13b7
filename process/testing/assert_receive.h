// AssertReceive, RefuteReceive and Flush: what the calling process is sent, and what it isn't.
//
//   HYDRA_TEST(CounterTest, TellsItsCountOnlyWhenAsked) {
//     hydra::Pid counter = hydra::Spawn(Counter);
//     hydra::Send(counter, Increment{});
//     co_await hydra::RefuteReceive<Count>();
//     hydra::Send(counter, GetCount{hydra::Self()});
//     Count count = co_await hydra::AssertReceive<Count>(testing::Field(&Count::value, 1));
//   }
//
// They are receives: selective, so that what doesn't match stays in the mailbox, and the time that
// they wait is the runtime's, which costs nothing where it is virtual. Where one fails, the failure
// names the line and lists what the mailbox holds instead, and the calling process ends, as gtest's
// ASSERT_* ends a function. For a test that isn't a process there is `Probe`.
#ifndef HYDRA_PROCESS_TESTING_ASSERT_RECEIVE_H_
#define HYDRA_PROCESS_TESTING_ASSERT_RECEIVE_H_

#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/message.h"
#include "hydra/process/receive.h"

namespace hydra {

// How long an AssertReceive waits unless told otherwise: so long that a message which isn't there
// by then isn't coming.
inline constexpr absl::Duration kAssertTime = absl::Seconds(10);

// How long a RefuteReceive waits unless told otherwise: a test that passes waits for all of it.
inline constexpr absl::Duration kRefuteTime = absl::Milliseconds(100);

namespace testing_internal {

// What ends a process whose test has failed; the failure is reported already.
struct TestFailed {};

// Reports a failure at `where`, and throws TestFailed.
[[noreturn]] void Fail(const std::source_location& where, const std::string& text);

// "\n  its type, and what its type M says against the matcher".
template <typename M>
std::string Describe(const Message& message, const testing::Matcher<const M&>& matcher) {
  std::string text = "\n  " + std::string(message.type_name());
  if (const M* value = message.Get<M>()) {
    testing::StringMatchResultListener listener;
    matcher.MatchAndExplain(*value, &listener);
    text += " " + testing::PrintToString(*value);
    if (!listener.str().empty()) text += ", " + listener.str();
  }
  return text;
}

template <typename M>
std::string Wanted(const testing::Matcher<const M&>& matcher) {
  std::string text = std::string(process_internal::TypeName<M>()) + " that ";
  return text + testing::DescribeMatcher<const M&>(matcher);
}

}  // namespace testing_internal

// Waits at most `within` for an M that matches, takes it out of the mailbox and returns it.
//
// If none comes the test fails, with a list of the mailbox, and the calling process ends.
template <typename M>
Async<M> AssertReceive(testing::Matcher<const M&> matcher = testing::_,
                       absl::Duration within = kAssertTime,
                       std::source_location where = std::source_location::current()) {
  std::optional<M> found =
      co_await Receive<M>()
          .Where([&matcher](const M& message) { return matcher.Matches(message); })
          .Within(within);
  if (found.has_value()) co_return *std::move(found);
  std::string mailbox;
  while (std::optional<Message> other = co_await ReceiveAny().Within(absl::ZeroDuration())) {
    mailbox += testing_internal::Describe<M>(*other, matcher);
  }
  testing_internal::Fail(
      where, "No message arrived within " + absl::FormatDuration(within) + ": " +
                 testing_internal::Wanted<M>(matcher) +
                 (mailbox.empty() ? "\nThe mailbox is empty." : "\nThe mailbox holds:" + mailbox));
}

// Waits for `within`, and expects no M that matches, neither before nor then.
//
// If one comes the test fails, and the calling process ends.
template <typename M>
Async<> RefuteReceive(testing::Matcher<const M&> matcher = testing::_,
                      absl::Duration within = kRefuteTime,
                      std::source_location where = std::source_location::current()) {
  std::optional<M> found =
      co_await Receive<M>()
          .Where([&matcher](const M& message) { return matcher.Matches(message); })
          .Within(within);
  if (found.has_value()) {
    testing_internal::Fail(where, "A message arrived: " + testing_internal::Wanted<M>(matcher) +
                                      "\n  " + testing::PrintToString(*found));
  }
}

// Takes all Ms that are in the mailbox now out of it, oldest first. Doesn't wait.
template <typename M>
Async<std::vector<M>> Flush() {
  std::vector<M> messages;
  while (std::optional<M> message = co_await Receive<M>().Within(absl::ZeroDuration())) {
    messages.push_back(*std::move(message));
  }
  co_return messages;
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_ASSERT_RECEIVE_H_
