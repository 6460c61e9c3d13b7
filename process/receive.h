// Receive: waits for a message of given types.
//
//   Ping ping = co_await hydra::Receive<Ping>();
//   std::variant<Job, Stop> message = co_await hydra::Receive<Job, Stop>();
//   std::optional<Job> urgent =
//       co_await hydra::Receive<Job>().Where(&Job::urgent).Within(absl::Seconds(1));
//
//   co_await hydra::Receive([&](Job job) { Do(job); },              // one handler for each type
//                           [&](const Stop&) { done = true; });
//
//   hydra::Message any = co_await hydra::ReceiveAny();
//
// A receive is selective: it takes the oldest message that fits; all others stay in the mailbox, in
// order. It can be refined, in this order, by
//
//   .For(ref)    only messages whose member `ref` is that ref. Messages that arrived before this
//                process made the ref aren't even looked at, so it costs the same however full the
//                mailbox is.
//   .Where(p)    only messages for which p(const M&) is true. If p throws, the co_await throws, and
//                the mailbox is as it was.
//   .Within(d)   at most for the time d; the result is an optional then, empty when time has run
//                out. Messages that are there already are looked at first, so a zero or negative d
//                polls. Messages that don't fit don't start the time anew, and none is lost when it
//                runs out. Counted from the call of `Within`; handlers and ReceiveAny have it, too.
#ifndef HYDRA_PROCESS_RECEIVE_H_
#define HYDRA_PROCESS_RECEIVE_H_

#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"

namespace hydra {
namespace process_internal {

// The tick at which a wait of `timeout` that starts now ends.
Tick DeadlineAfter(absl::Duration timeout);

// The value of the message that ended `wait`; its node is freed when this goes.
template <typename M>
class FoundValue {
 public:
  explicit FoundValue(Wait& wait) : wait_(wait) {
    if constexpr (requires(M& value) { value.OnReceived(); }) node().value.OnReceived();
  }
  FoundValue(const FoundValue&) = delete;
  FoundValue& operator=(const FoundValue&) = delete;
  ~FoundValue() {
    std::destroy_at(&node().value);
    if (!wait_.found_is_pinned) FreeBlock(&node(), sizeof(ValueSignal<M>));
  }

  M&& operator*() { return std::move(node().value); }

 private:
  ValueSignal<M>& node() { return static_cast<ValueSignal<M>&>(*wait_.found); }

  Wait& wait_;
};

template <typename... Ts>
inline constexpr bool kAllDiffer = true;
template <typename T, typename... Ts>
inline constexpr bool kAllDiffer<T, Ts...> = (!std::is_same_v<T, Ts> && ...) && kAllDiffer<Ts...>;

struct Anything {};

struct RefIs {
  template <typename M>
  bool operator()(const M& message) const {
    return message.ref == ref;
  }
  Ref ref;
};

template <typename P, typename Q>
struct Both {
  template <typename M>
  bool operator()(const M& message) {
    return std::invoke(first, message) && std::invoke(second, message);
  }
  P first;
  Q second;
};

// What a predicate adds to a wait.
template <typename Predicate>
struct Condition {
  Predicate predicate;
  std::exception_ptr error = nullptr;  // what the predicate threw
};
template <>
struct Condition<Anything> {};

template <bool kTimed, typename Predicate, typename... Ms>
class [[nodiscard("a receive does nothing until it is awaited")]] ReceiveWait
    : public AwaitableWait {
  static constexpr bool kAnything = std::is_same_v<Predicate, Anything>;
  static constexpr bool kByType = kAnything && sizeof...(Ms) == 1;
  using First = std::tuple_element_t<0, std::tuple<Ms...>>;

 public:
  using Received = std::conditional_t<sizeof...(Ms) == 1, First, std::variant<Ms...>>;
  using Result = std::conditional_t<kTimed, std::optional<Received>, Received>;

  ReceiveWait(Tick wait_deadline, uint64_t wait_mark, Condition<Predicate> condition)
      : condition_(std::move(condition)) {
    (static_cast<void>(&kIsReceived<Ms>), ...);
    deadline = wait_deadline;
    mark = wait_mark;
    if constexpr (kByType) {
      type = &kMessageType<First>;
    } else {
      match = &Matches;
    }
  }

  auto For(Ref ref) && {
    static_assert(kAnything && !kTimed,
                  "For comes first: Receive<M>().For(ref).Where(p).Within(d)");
    static_assert((requires(const Ms& m) { m.ref == ref; } && ...),
                  "For(ref) is for messages that have a member `ref`");
    return ReceiveWait<false, RefIs, Ms...>(deadline, MarkOf(ref), {RefIs{ref}});
  }

  template <typename P>
  auto Where(P predicate) && {
    static_assert(!kTimed, "Where comes before Within: Receive<M>().Where(p).Within(d)");
    static_assert(
        (std::is_invocable_r_v<bool, P&, const Ms&> && ...),
        "Where(p): p must take each of the received types by const reference, and return bool");
    if constexpr (kAnything) {
      return ReceiveWait<false, P, Ms...>(deadline, mark, {std::move(predicate)});
    } else {
      return ReceiveWait<false, Both<Predicate, P>, Ms...>(
          deadline, mark, {{std::move(condition_.predicate), std::move(predicate)}});
    }
  }

  auto Within(absl::Duration timeout) && {
    static_assert(!kTimed, "Within is said once");
    return ReceiveWait<true, Predicate, Ms...>(DeadlineAfter(timeout), mark, std::move(condition_));
  }

  // Rethrows what the predicate threw.
  void RethrowError() {
    if constexpr (!kAnything) {
      if (condition_.error != nullptr) std::rethrow_exception(std::move(condition_.error));
    }
  }

  Result await_resume() {
    RethrowError();
    if constexpr (kTimed) {
      if (found == nullptr) return std::nullopt;
    }
    if constexpr (sizeof...(Ms) == 1) {
      return *FoundValue<First>(*this);
    } else {
      return TakeAlternative<Ms...>();
    }
  }

 private:
  template <typename M, typename... Rest>
  Result TakeAlternative() {
    if constexpr (sizeof...(Rest) > 0) {
      if (found->type != &kMessageType<M>) return TakeAlternative<Rest...>();
    }
    return Received(std::in_place_type<M>, *FoundValue<M>(*this));
  }

  static Match Matches(Wait& wait, Signal& message) {
    auto& self = static_cast<ReceiveWait&>(wait);
    Match result = Match::kNo;
    (self.template Check<Ms>(message, result) || ...);
    return result;
  }

  // Returns whether the message is an M, and sets whether it is taken.
  template <typename M>
  bool Check(Signal& message, Match& result) {
    if (message.type != &kMessageType<M>) return false;
    if constexpr (kAnything) {
      result = Match::kYes;
    } else {
      try {
        const M& value = static_cast<ValueSignal<M>&>(message).value;
        result = std::invoke(condition_.predicate, value) ? Match::kYes : Match::kNo;
      } catch (...) {
        condition_.error = std::current_exception();
        result = Match::kThrew;
      }
    }
    return true;
  }

  [[no_unique_address]] Condition<Predicate> condition_;
};

// The message type that a handler takes.
template <typename H>
struct HandledBy;
template <typename M>
struct HandledByTypes;
template <typename M>
struct HandledByTypes<Types<M>> {
  using type = std::decay_t<M>;
};
template <typename H>
using Handled = typename HandledByTypes<Parameters<H>>::type;

template <typename H>
concept Handler = requires { typename HandledByTypes<Parameters<H>>::type; };

template <bool kTimed, typename... Hs>
class [[nodiscard("a receive does nothing until it is awaited")]] HandlersWait
    : public AwaitableWait {
  using Returned = std::common_type_t<std::invoke_result_t<Hs&, Handled<Hs>>...>;
  static_assert((std::is_same_v<Returned, std::invoke_result_t<Hs&, Handled<Hs>>> && ...),
                "the handlers of one Receive return the same type");
  static_assert(kAllDiffer<Handled<Hs>...>, "the handlers of one Receive take different messages");
  // Void handlers with a limit say whether there was a message.
  using Limited = std::conditional_t<
      std::is_void_v<Returned>, bool,
      std::optional<std::conditional_t<std::is_void_v<Returned>, int, Returned>>>;
  using Result = std::conditional_t<kTimed, Limited, Returned>;

 public:
  HandlersWait(Tick wait_deadline, std::tuple<Hs...> handlers) : handlers_(std::move(handlers)) {
    (static_cast<void>(&kIsReceived<Handled<Hs>>), ...);
    deadline = wait_deadline;
    match = &Matches;
  }

  auto Within(absl::Duration timeout) && {
    static_assert(!kTimed, "Within is said once");
    return HandlersWait<true, Hs...>(DeadlineAfter(timeout), std::move(handlers_));
  }

  Result await_resume() {
    if constexpr (kTimed) {
      if (found == nullptr) return Result();
    }
    return Handle<0>();
  }

 private:
  static Match Matches(Wait&, Signal& message) {
    return ((message.type == &kMessageType<Handled<Hs>>) || ...) ? Match::kYes : Match::kNo;
  }

  template <size_t kIndex>
  Result Handle() {
    using H = std::tuple_element_t<kIndex, std::tuple<Hs...>>;
    if constexpr (kIndex + 1 < sizeof...(Hs)) {
      if (found->type != &kMessageType<Handled<H>>) return Handle<kIndex + 1>();
    }
    FoundValue<Handled<H>> value(*this);
    if constexpr (std::is_void_v<Returned> && kTimed) {
      std::invoke(std::get<kIndex>(handlers_), *value);
      return true;
    } else {
      return std::invoke(std::get<kIndex>(handlers_), *value);
    }
  }

  std::tuple<Hs...> handlers_;
};

template <bool kTimed>
class [[nodiscard("a receive does nothing until it is awaited")]] AnyWait : public AwaitableWait {
 public:
  explicit AnyWait(Tick wait_deadline) {
    deadline = wait_deadline;
    match = &TakeAnything;
  }

  auto Within(absl::Duration timeout) && { return AnyWait<true>(DeadlineAfter(timeout)); }

  std::conditional_t<kTimed, std::optional<Message>, Message> await_resume() {
    if constexpr (kTimed) {
      if (found == nullptr) return std::nullopt;
    }
    return Message::Adopt(KeepFound(*this));
  }
};

}  // namespace process_internal

// Waits for a message of one of the types Ms. Yields an M if there is one type, else a
// `std::variant<Ms...>`; an optional of that after `Within`. Must be awaited by a process.
template <typename... Ms>
  requires(sizeof...(Ms) > 0)
auto Receive() {
  static_assert(((std::is_same_v<Ms, std::decay_t<Ms>>) && ...),
                "Receive<M>: M is a plain value type");
  static_assert(process_internal::kAllDiffer<Ms...>, "Receive<A, B>: each type is named once");
  return process_internal::ReceiveWait<false, process_internal::Anything, Ms...>(
      process_internal::kForever, 0, {});
}

// Waits for a message that one of the handlers takes, and yields what the handler returns. Each
// handler is called with the message, by value or by reference; it is an ordinary function, not a
// coroutine. After `Within` the result is an optional; for handlers that return void it is whether
// there was a message.
template <process_internal::Handler... Hs>
  requires(sizeof...(Hs) > 0)
auto Receive(Hs... handlers) {
  return process_internal::HandlersWait<false, Hs...>(process_internal::kForever,
                                                      {std::move(handlers)...});
}

// Waits for any message, whatever its type.
inline auto ReceiveAny() { return process_internal::AnyWait<false>(process_internal::kForever); }

}  // namespace hydra

#endif  // HYDRA_PROCESS_RECEIVE_H_
