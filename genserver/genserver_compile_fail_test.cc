// What servers and their clients refuse.
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "hydra/genserver/genserver.h"

namespace hydra {

struct Get {
  using Reply = int;
};
struct Add {
  int number;
};
struct Other {
  using Reply = int;
};
struct OtherCast {};
struct Tick {};
struct Step {};

class Good {
 public:
  using Protocol = hydra::Protocol<Get, Add>;
  int HandleCall(Get) { return 1; }
  void HandleCast(Add) {}
};

struct Bad {
#if defined(MISSING_HANDLE_CALL)
  using Protocol = hydra::Protocol<Get>;
#elif defined(PRIVATE_HANDLE_CALL)
  using Protocol = hydra::Protocol<Get>;

 private:
  int HandleCall(Get) { return 1; }
#elif defined(MISSING_HANDLE_CAST)
  using Protocol = hydra::Protocol<Add>;
#elif defined(REPLY_OF_ANOTHER_TYPE)
  using Protocol = hydra::Protocol<Get>;
  std::string HandleCall(Get) { return ""; }
#elif defined(AWAITED_REPLY_OF_ANOTHER_TYPE)
  using Protocol = hydra::Protocol<Get>;
  Async<std::string> HandleCall(Get) { co_return ""; }
#elif defined(NO_REPLY)
  using Protocol = hydra::Protocol<Get>;
  void HandleCall(Get) {}
#elif defined(TWO_HANDLE_CALLS)
  using Protocol = hydra::Protocol<Get>;
  int HandleCall(Get) { return 1; }
  void HandleCall(Get, ReplyTo<Get>) {}
#elif defined(CAST_THAT_RETURNS)
  using Protocol = hydra::Protocol<Add>;
  int HandleCast(Add) { return 1; }
#elif defined(MISSING_HANDLE_INFO)
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<Tick>;
#elif defined(MISSING_HANDLE_CONTINUE)
  using Protocol = hydra::Protocol<>;
  using Continues = hydra::Continues<Step>;
#elif defined(INIT_THAT_RETURNS_AN_INT)
  using Protocol = hydra::Protocol<>;
  int Init() { return 1; }
#elif defined(INIT_WITH_AN_ARGUMENT)
  using Protocol = hydra::Protocol<>;
  void Init(int) {}
#elif defined(TERMINATE_WITHOUT_A_REASON)
  using Protocol = hydra::Protocol<>;
  void Terminate() {}
#elif defined(TERMINATE_THAT_RETURNS_A_NEXT)
  using Protocol = hydra::Protocol<>;
  Next Terminate(const ExitReason&) { return Next(); }
#elif defined(UNLISTED_INFO)
  using Protocol = hydra::Protocol<>;
  void HandleInfo(Tick) {}
#elif defined(UNLISTED_CONTINUE)
  using Protocol = hydra::Protocol<>;
  void HandleContinue(Step) {}
#elif defined(FORMAT_STATUS_THAT_AWAITS)
  using Protocol = hydra::Protocol<>;
  Async<std::string> FormatStatus() { co_return ""; }
#elif defined(HIBERNATE_THAT_AWAITS)
  using Protocol = hydra::Protocol<>;
  Async<> Hibernate() { co_return; }
#else
  using Protocol = hydra::Protocol<>;
#endif
};

struct Uncopyable {
  using Protocol = hydra::Protocol<>;
  std::unique_ptr<int> number;
};

Async<> Use(ServerRef<Good> good) {
  static_cast<void>(co_await good.Call(Get{}));
  good.Cast(Add{1});
  static_cast<void>(co_await Start<Bad>({}));

#if defined(CALL_OUTSIDE_THE_PROTOCOL)
  static_cast<void>(co_await good.Call(Other{}));
#elif defined(CAST_OUTSIDE_THE_PROTOCOL)
  good.Cast(OtherCast{});
#elif defined(CALL_OF_A_CAST)
  good.Call(Add{1});
#elif defined(CAST_OF_A_CALL)
  good.Cast(Get{});
#elif defined(DROPPED_CALL)
  good.Call(Get{});
#elif defined(DROPPED_START)
  Start<Good>({});
#elif defined(DROPPED_STOP)
  Stop(good);
#elif defined(DROPPED_PENDING_REQUEST)
  good.SendRequest(Get{});
#elif defined(DROPPED_RESULT)
  co_await Stop(good);
#elif defined(STATE_THAT_CANNOT_BE_COPIED)
  static_cast<void>(co_await sys::GetState(ServerRef<Uncopyable>()));
#elif defined(MULTI_CALL_OF_A_CAST)
  static_cast<void>(co_await MultiCall<Good>({}, "good", Add{1}));
#endif
}

}  // namespace hydra
