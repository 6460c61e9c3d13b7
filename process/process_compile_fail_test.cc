// What processes, messages and awaits refuse.
#include <coroutine>
#include <memory>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "hydra/process/any_of.h"
#include "hydra/process/async.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/timer.h"

namespace hydra {

struct Ping {
  int number = 0;
};

struct Unmovable {
  Unmovable() = default;
  Unmovable(const Unmovable&) = delete;
};

struct alignas(64) OverAligned {
  char bytes[64];
};

struct ForeignAwaitable {
  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

Async<> TakesReference(const std::string& text);
Async<> TakesPing(Ping ping);
Async<int> ReturnsInt();
int IsNoCoroutine();

Async<> Use(Pid pid, std::span<const Pid> pids) {
  Spawn(TakesPing, Ping());
  Send(pid, Ping());
  co_await Receive<Ping>().Where([](const Ping& ping) { return ping.number > 0; });
  co_await ReturnsInt();

#if defined(SPAWN_REFERENCE_PARAMETER)
  Spawn(TakesReference, std::string("text"));
#elif defined(SPAWN_REFERENCE_PARAMETER_OF_A_LAMBDA)
  Spawn([](Ping&) -> Async<> { co_return; }, Ping());
#elif defined(SPAWN_WITH_A_RESULT)
  Spawn(ReturnsInt);
#elif defined(SPAWN_NO_COROUTINE)
  Spawn(IsNoCoroutine);
#elif defined(SPAWN_WRONG_ARGUMENTS)
  Spawn(TakesPing, std::string("text"));
#elif defined(SPAWN_MISSING_ARGUMENTS)
  Spawn(TakesPing);

#elif defined(AWAIT_FOREIGN)
  co_await ForeignAwaitable();
#elif defined(AWAIT_FOREIGN_LVALUE)
  ForeignAwaitable foreign;
  co_await foreign;
#elif defined(AWAIT_LVALUE)
  Async<int> async = ReturnsInt();
  co_await async;
#elif defined(AWAIT_VALUE)
  co_await 7;
#elif defined(DROPPED_ASYNC)
  ReturnsInt();
#elif defined(COPIED_ASYNC)
  Async<int> async = ReturnsInt();
  Async<int> copy = async;
#elif defined(OVER_ALIGNED_RESULT)
  co_await []() -> Async<OverAligned> { co_return OverAligned(); }();

#elif defined(DROPPED_RECEIVE)
  Receive<Ping>();
#elif defined(DROPPED_RECEIVE_WITHIN)
  Receive<Ping>().Within(absl::Seconds(1));
#elif defined(DROPPED_RECEIVE_OF_HANDLERS)
  Receive([](Ping) {});
#elif defined(DROPPED_RECEIVE_ANY)
  ReceiveAny();
#elif defined(DROPPED_SLEEP)
  Sleep(absl::Seconds(1));
#elif defined(DROPPED_YIELD)
  Yield();

#elif defined(WHERE_AFTER_WITHIN)
  co_await Receive<Ping>().Within(absl::Seconds(1)).Where([](const Ping&) { return true; });
#elif defined(WITHIN_TWICE)
  co_await Receive<Ping>().Within(absl::Seconds(1)).Within(absl::Seconds(1));
#elif defined(FOR_AFTER_WHERE)
  co_await Receive<Timeout<Ping>>().Where([](const auto&) { return true; }).For(Ref());
#elif defined(FOR_WITHOUT_A_REF)
  co_await Receive<Ping>().For(Ref());
#elif defined(PREDICATE_OF_THE_WRONG_TYPE)
  co_await Receive<Ping>().Where([](const std::string&) { return true; });
#elif defined(PREDICATE_OF_ONE_OF_TWO_TYPES)
  co_await Receive<Ping, std::string>().Where([](const Ping&) { return true; });
#elif defined(PREDICATE_TAKES_A_MUTABLE_REFERENCE)
  co_await Receive<Ping>().Where([](Ping&) { return true; });
#elif defined(PREDICATE_RETURNS_NO_BOOL)
  co_await Receive<Ping>().Where([](const Ping&) { return std::string(); });
#elif defined(RECEIVE_A_REFERENCE)
  co_await Receive<const Ping&>();
#elif defined(HANDLERS_RETURN_DIFFERENT_TYPES)
  co_await Receive([](Ping) { return 1; }, [](int) { return 1L; });

#elif defined(DROPPED_BLOCKING_FUNCTION)
  RunBlocking([] {});
#elif defined(BLOCKING_WITHIN)
  co_await RunBlocking([] {}).Within(absl::Seconds(1));
#elif defined(BLOCKING_FUNCTION_WITH_A_PARAMETER)
  co_await RunBlocking([](Ping) {});

#elif defined(DROPPED_ANY_OF)
  AnyOf(Receive<Ping>(), Awaitable<int>([](const auto&) {}));
#elif defined(ANY_OF_A_LIMITED_RECEIVE)
  co_await AnyOf(Receive<Ping>().Within(absl::Seconds(1)), Awaitable<int>([](const auto&) {}));
#elif defined(ANY_OF_A_LIMITED_AWAITABLE)
  co_await AnyOf(Receive<Ping>(), Awaitable<int>([](const auto&) {}).Within(absl::Seconds(1)));
#elif defined(ANY_OF_HANDLERS)
  co_await AnyOf(Receive([](Ping) {}), Awaitable<int>([](const auto&) {}));
#elif defined(ANY_OF_TWO_RECEIVES)
  co_await AnyOf(Receive<Ping>(), Receive<int>());

#elif defined(SEND_UNMOVABLE)
  Send(pid, Unmovable());
#elif defined(SEND_MOVE_ONLY_LVALUE)
  auto message = std::make_unique<int>(7);
  Send(pid, message);
#elif defined(SEND_MOVE_ONLY_TO_MANY)
  Send(pids, std::make_unique<int>(7));
#elif defined(SEND_MOVE_ONLY_TO_A_LIST)
  Send({pid, pid}, std::make_unique<int>(7));
#elif defined(SEND_MESSAGE_LVALUE)
  Message message(Ping{});
  Send(pid, message);
#elif defined(SEND_OVER_ALIGNED)
  Send(pid, OverAligned());
#elif defined(INTERVAL_OF_MOVE_ONLY)
  SendInterval(absl::Seconds(1), pid, std::make_unique<int>(7));
#endif
}

}  // namespace hydra
