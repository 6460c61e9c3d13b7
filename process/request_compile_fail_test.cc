// What requests, questions and awaited callbacks refuse, and receives of several types.
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/info.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"

namespace hydra {

struct Question {
  using Reply = int;
};
struct NoQuestion {};

void Start(Completion<int> done);

Async<> Use(Pid pid, Asked<Question> asked) {
  static_cast<void>(co_await Request(pid, Question()));
  co_await Awaitable<int>(Start);
  asked.reply_to.Send(1);

#if defined(REQUEST_WITHOUT_REPLY)
  co_await Request(pid, NoQuestion());
#elif defined(REPLY_OF_ANOTHER_TYPE)
  asked.reply_to.Send("text");
#elif defined(REPLY_WITHOUT_ITS_VALUE)
  asked.reply_to.Send();
#elif defined(COPIED_REPLY_TO)
  ReplyTo<Question> copy = asked.reply_to;
#elif defined(DROPPED_REQUEST)
  Request(pid, Question());
#elif defined(DROPPED_IS_ALIVE)
  IsAlive(pid);
#elif defined(DROPPED_INFO)
  Info(pid);
#elif defined(DROPPED_AWAITABLE)
  Awaitable<int>(Start);
#elif defined(AWAITABLE_WITHIN_TWICE)
  co_await Awaitable<int>(Start).Within(absl::Seconds(1)).Within(absl::Seconds(1));
#elif defined(AWAITABLE_OF_ANOTHER_TYPE)
  co_await Awaitable<float>(Start);
#elif defined(RECEIVE_A_TYPE_TWICE)
  co_await Receive<int, float, int>();
#elif defined(TWO_HANDLERS_OF_A_TYPE)
  co_await Receive([](int) {}, [](const int&) {});
#endif
}

}  // namespace hydra
