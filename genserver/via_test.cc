// Servers that are started and known by a Via: REG6, NAM7.
#include "hydra/process/via.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/genserver/sys.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/via_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using process_testing::Pointer;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Tells `owner` whom its address stands for, first of all.
class Counter {
 public:
  struct Constructed {
    Pid by_via;
  };
  struct Add {
    int number;
  };
  struct Sum {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Add, Sum>;

  // `init` is what Init yields.
  Counter(Pid owner, Pointer* address, absl::Status init = absl::OkStatus())
      : init_(std::move(init)) {
    Send(owner, Constructed{address->WhereIs()});
  }

  absl::Status Init() { return init_; }
  void HandleCast(Add add) { sum_ += add.number; }
  int HandleCall(Sum) { return sum_; }

 private:
  const absl::Status init_;
  int sum_ = 0;
};

// Can't be registered at.
class Closed final : public Via {
 public:
  enum class How { kStatus, kThrow };
  explicit Closed(How how) : how_(how) {}

  Pid WhereIs() const override { return Pid(); }
  absl::Status Register() const override {
    if (how_ == How::kThrow) throw std::runtime_error("boom");
    return absl::NotFoundError("there is no such registry");
  }
  std::string ToString() const override { return "closed"; }
  bool Equals(const Via& other) const override { return this == &other; }

 private:
  const How how_;
};

auto StartAt(const std::shared_ptr<Pointer>& via, absl::Status init = absl::OkStatus()) {
  return StartLink<Counter>({.via = via}, Self(), via.get(), std::move(init));
}

Async<bool> SawNothing() { co_return !(co_await ReceiveAny().Within(absl::ZeroDuration())); }

// ---- Start.

// REG6, GS1
HYDRA_TEST(StartAtViaTest, IsRegisteredBeforeItIsConstructed) {
  const auto via = std::make_shared<Pointer>("key");
  const auto server = co_await StartAt(via);
  CO_ASSERT_THAT(server, IsOk());
  EXPECT_EQ((co_await AssertReceive<Counter::Constructed>()).by_via, server->pid());
  EXPECT_EQ(via->WhereIs(), server->pid());
  EXPECT_EQ(via.use_count(), 1) << "it is kept";
}

// REG6, GS1: nothing is constructed where it is taken.
HYDRA_TEST(StartAtViaTest, TakenOneStartsNothing) {
  const ScopedLogCapture log;
  const auto via = std::make_shared<Pointer>("key");
  const auto first = co_await StartAt(via);
  CO_ASSERT_THAT(first, IsOk());
  co_await AssertReceive<Counter::Constructed>();
  const std::vector<Pid> before = Processes();
  const auto second = co_await StartAt(via);
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(AlreadyStarted(second.status()), first->pid());
  EXPECT_EQ(via->WhereIs(), first->pid());
  EXPECT_TRUE(co_await SawNothing());
  EXPECT_EQ(Processes(), before);
  EXPECT_THAT(log.entries(), IsEmpty());
}

// REG6
HYDRA_TEST(StartAtViaTest, FailsWithWhatRegisterFailsWith) {
  const ScopedLogCapture log;
  const std::vector<Pid> before = Processes();
  EXPECT_THAT(co_await StartLink<Counter>({.via = std::make_shared<Closed>(Closed::How::kStatus)},
                                          Self(), static_cast<Pointer*>(nullptr)),
              StatusIs(StatusCode::kNotFound, "there is no such registry"));
  EXPECT_TRUE(co_await SawNothing());
  EXPECT_EQ(Processes(), before);
  EXPECT_THAT(log.entries(), IsEmpty());
}

HYDRA_TEST(StartAtViaTest, RegisterThatThrowsEndsTheProcess) {
  const ScopedLogCapture log;
  const auto failed =
      co_await Start<Counter>({.via = std::make_shared<Closed>(Closed::How::kThrow)}, Self(),
                              static_cast<Pointer*>(nullptr));
  EXPECT_THAT(failed, StatusIs(StatusCode::kUnavailable, HasSubstr("\"closed\"")));
  EXPECT_TRUE(ExitReasonOf(failed.status()).has_value());
}

// GS3, REG6: after a start that has failed another may register at once.
HYDRA_TEST(StartAtViaTest, IsFreeWhenTheStarterIsTold) {
  const auto via = std::make_shared<Pointer>("key");
  for (int i = 0; i < 20; ++i) {
    CO_ASSERT_THAT(co_await StartAt(via, absl::AbortedError("not yet")),
                   StatusIs(StatusCode::kAborted));
    CO_ASSERT_EQ(via->WhereIs(), Pid());
  }
  EXPECT_THAT(co_await StartAt(via), IsOk());
}

// GS3: what is said of a start says where.
HYDRA_TEST(StartAtViaTest, FailureNamesIt) {
  const auto via = std::make_shared<Pointer>("key");
  class Endless : public Counter {
   public:
    using Counter::Counter;
    Async<> Init() { co_await Receive<Add>(); }
  };
  EXPECT_THAT(co_await Start<Endless>({.via = via, .init_timeout = absl::Milliseconds(5)}, Self(),
                                      via.get()),
              StatusIs(StatusCode::kDeadlineExceeded,
                       AllOf(HasSubstr("start of"), HasSubstr("Endless \"key\""))));
}

// REG6: it may have a name, too.
HYDRA_TEST(StartAtViaTest, HasItsNameAsWell) {
  const auto via = std::make_shared<Pointer>("key");
  const auto server = co_await Start<Counter>({.name = "counter", .via = via}, Self(), via.get());
  CO_ASSERT_THAT(server, IsOk());
  EXPECT_EQ(WhereIs("counter"), server->pid());
  EXPECT_EQ(via->WhereIs(), server->pid());
}

// ---- Clients.

// REG6, NAM7
HYDRA_TEST(ServerAtViaTest, IsCalledCastToAndStopped) {
  const auto via = std::make_shared<Pointer>("key");
  const ServerRef<Counter> counter(via);
  EXPECT_THAT(co_await counter.Call(Counter::Sum{}),
              StatusIs(StatusCode::kNotFound, HasSubstr("key")));
  counter.Cast(Counter::Add{1});  // GS17: nobody learns that there is none
  CO_ASSERT_THAT(co_await StartAt(via), IsOk());
  counter.Cast(Counter::Add{7});
  EXPECT_THAT(co_await counter.Call(Counter::Sum{}), IsOkAndHolds(7));
  counter.CastAfter(absl::ZeroDuration(), Counter::Add{3});
  while ((co_await counter.Call(Counter::Sum{})).value_or(0) != 10)
    co_await Sleep(absl::Milliseconds(1));
  EXPECT_EQ(counter.pid(), Pid());
  const absl::StatusOr<sys::ServerStatus> status = co_await sys::GetStatus(counter.dest());
  CO_ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->pid, via->WhereIs());
  EXPECT_THAT(co_await Stop(counter), IsOk());
  EXPECT_EQ(via->WhereIs(), Pid());
  EXPECT_THAT(co_await Stop(counter), StatusIs(StatusCode::kNotFound, HasSubstr("key")));
}

// GS11 for a stop: who is watched is who is told to stop.
HYDRA_TEST(ServerAtViaTest, StopLooksItUpOnce) {
  const auto via = std::make_shared<Pointer>("key");
  CO_ASSERT_THAT(co_await StartAt(via), IsOk());
  const int before = via->lookups();
  EXPECT_THAT(co_await Stop(Dest(via)), IsOk());
  EXPECT_EQ(via->lookups(), before + 1);
}

// GS16
HYDRA_TEST(ServerAtViaTest, ProcessDoesNotStopItself) {
  EXPECT_THAT(co_await Stop(Dest(std::make_shared<Pointer>("key", Self()))),
              StatusIs(StatusCode::kFailedPrecondition));
}

// NAM7
TEST(ServerAtViaTest, ServesForeignThreads) {
  Runtime runtime({.schedulers = 1});
  const auto via = std::make_shared<Pointer>("key");
  const ServerRef<Counter> counter(via);
  runtime.Run([via]() -> Async<> {
    EXPECT_THAT(co_await Start<Counter>({.via = via}, Self(), via.get()), IsOk());
  });
  counter.Cast(runtime, Counter::Add{7});
  EXPECT_THAT(counter.Call(runtime, Counter::Sum{}), IsOkAndHolds(7));
}

}  // namespace
}  // namespace hydra
