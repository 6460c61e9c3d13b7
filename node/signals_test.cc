// Links, monitors and aliases between nodes are what they are within one: NOD25.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::IsEmpty;

// Traps exits, and sends on the reason of each that it is sent, to whom a Note is from.
Async<> Trapper() {
  TrapExit(true);
  Pid to;
  while (true) {
    co_await Receive(
        [&to](const Note& note) {
          to = note.from;
          Send(to, Note{"ready", Self()});
        },
        [&to](const ExitSignal& exit) { Send(to, Note{exit.reason.ToString(), exit.from}); });
  }
}

struct Aliases {
  static constexpr std::string_view kWireName = "test.Aliases";
  Ref lasting;
  Ref once;
  Pid back;
};

class SignalsTest : public testing::Test {
 protected:
  // All that was sent to processes of b before has been acted on when this returns.
  Async<> Settle() {
    Send(echo_, Note{"settled", Self()});
    co_await AssertReceive<Note>(testing::Field(&Note::text, "settled"));
  }

  LocalNode a_{"a"};
  LocalNode b_{"b"};
  Pid echo_ = b_.SpawnNamed("echo", Echo);
  Pid idle_ = b_.SpawnNamed("idle", Idle);
  Pid trapper_ = b_.SpawnNamed("trapper", Trapper);
};

// LNK1, LNK2
TEST_F(SignalsTest, ALinkIsOneAndOfBoth) {
  a_.Run([this]() -> Async<> {
    const Pid self = Self();
    Send(trapper_, Note{"", self});
    co_await AssertReceive<Note>();
    // Links itself three times, ends, and is heard of once.
    const Ref ref = Monitor(Spawn([this]() -> Async<> {
      for (int i = 0; i < 3; ++i) Link(trapper_);
      co_await Settle();
      ExitSelf(ExitReason::Custom("end"));
    }));
    co_await Receive<Down>().For(ref);
    EXPECT_EQ((co_await AssertReceive<Note>()).text, ExitReason::Custom("end").ToString());
    Send(trapper_, Note{"", self});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "ready") << "no second signal";
  });
}

// LNK2, LNK3
TEST_F(SignalsTest, UnlinkEndsItForBoth) {
  a_.Run([this]() -> Async<> {
    const Ref ref = Monitor(idle_);
    Link(idle_);
    co_await Settle();
    Unlink(idle_);
    Exit(idle_, ExitReason::Custom("its end"));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Custom("its end"));
  });
  a_.Run([this]() -> Async<> {
    Send(trapper_, Note{"", Self()});
    co_await AssertReceive<Note>();
    const Ref ref = Monitor(Spawn([this]() -> Async<> {
      Link(trapper_);
      Unlink(trapper_);
      ExitSelf(ExitReason::Custom("unheard of"));
    }));
    co_await Receive<Down>().For(ref);
    Send(trapper_, Note{"", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "ready") << "and not of that end";
  });
}

// LNK2, MON7, NOD14: nothing is left there of what has ended here.
TEST_F(SignalsTest, TheOtherSideForgets) {
  const auto kept = [this] {
    const std::optional<ProcessInfo> info = b_.runtime().Info(idle_);
    return info.has_value() ? info->links.size() + info->monitored_by.size() : size_t{100};
  };
  a_.Run([&]() -> Async<> {
    Link(idle_);
    const Ref by_pid = Monitor(idle_);
    const Ref by_name = Monitor(ProcessName("idle", b_.name()));
    co_await Settle();
    co_await RunBlocking([&] { EXPECT_EQ(kept(), 3u); });
    Unlink(idle_);
    Demonitor(by_pid);
    Demonitor(by_name);
    co_await Settle();
    co_await RunBlocking([&] { EXPECT_EQ(kept(), 0u); });
    Monitor(idle_);
    co_await Settle();
    co_await RunBlocking([&] { EXPECT_EQ(kept(), 1u); });
  });
  a_.Run([this]() { return Settle(); });
  EXPECT_EQ(kept(), 0u) << "who monitored it has ended";
}

// LNK4: both sides link and unlink at the same time, and agree in the end.
TEST_F(SignalsTest, LinksConverge) {
  for (int round = 0; round < 50 && !HasFailure(); ++round) {
    const auto body = []() -> Async<> {
      const auto says = [](const char* text) {
        return [text](const Note& note) { return note.text == text; };
      };
      TrapExit(true);
      const Pid other = (co_await Receive<Note>().Where(says("other"))).from;
      for (int i = 0; i < 20; ++i) {
        Link(other);
        Unlink(other);
      }
      Link(other);
      Send(other, Note{"done", Self()});
      co_await Receive<Note>().Where(says("done"));  // all that the other did is known
      const Note end = co_await Receive<Note>();
      if (end.text == "end") ExitSelf(ExitReason::Custom("end"));
      const ExitSignal exit = co_await Receive<ExitSignal>();
      EXPECT_EQ(exit.reason, ExitReason::Custom("end"));
      EXPECT_EQ(exit.from, other);
    };
    const Pid a = a_.runtime().Spawn(body);
    const Pid b = b_.runtime().Spawn(body);
    a_.Run([&]() -> Async<> {
      const Ref of_a = Monitor(a);
      const Ref of_b = Monitor(b);
      Send(a, Note{"other", b});
      Send(b, Note{"other", a});
      Send(round % 2 == 0 ? a : b, Note{"wait", Self()});
      Send(round % 2 == 0 ? b : a, Note{"end", Self()});
      co_await AssertReceive<Down>(testing::Field(&Down::ref, of_a));
      co_await AssertReceive<Down>(testing::Field(&Down::ref, of_b));
    });
  }
}

// MON1, MON2
TEST_F(SignalsTest, EachMonitorFiresOnce) {
  a_.Run([this]() -> Async<> {
    std::vector<Ref> refs;
    for (int i = 0; i < 10; ++i) refs.push_back(Monitor(idle_, {.tag = i}));
    const Ref by_name = Monitor(ProcessName("idle", b_.name()));
    co_await Settle();
    Exit(idle_, ExitReason::Error("type", "text"));
    for (int i = 0; i < 10; ++i) {
      const Down down = co_await Receive<Down>().For(refs[static_cast<size_t>(i)]);
      EXPECT_EQ(down.reason, ExitReason::Error("type", "text"));
      EXPECT_EQ(down.pid, idle_);
      EXPECT_EQ(down.tag, i);
    }
    const Down down = co_await Receive<Down>().For(by_name);
    EXPECT_EQ(down.name.name, "idle");
    EXPECT_EQ(down.name.node, b_.name());
    co_await Settle();
    EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  });
}

// MON3, MON12
TEST_F(SignalsTest, WhyAProcessEnds) {
  a_.Run([this]() -> Async<> {
    const Ref dies = Monitor(idle_);
    Exit(idle_, ExitReason::Kill());
    co_await Receive<Down>().For(dies);
    const Ref dead = Monitor(idle_);
    EXPECT_EQ((co_await Receive<Down>().For(dead)).reason, ExitReason::NoProc());
    const Ref nobody = Monitor(ProcessName("nobody", b_.name()));
    EXPECT_EQ((co_await Receive<Down>().For(nobody)).reason, ExitReason::NoProc());
    const Ref killed = Monitor(echo_);
    Exit(echo_, ExitReason::Kill());
    EXPECT_EQ((co_await Receive<Down>().For(killed)).reason, ExitReason::Killed());
  });
}

// MON4: the name is looked up once.
TEST_F(SignalsTest, AMonitorByNameStaysWithTheProcess) {
  a_.Run([this]() -> Async<> {
    const Ref ref = Monitor(ProcessName("idle", b_.name()));
    co_await Settle();
    EXPECT_TRUE(b_.runtime().Unregister("idle").ok());
    const Pid other = b_.runtime().Spawn(Idle);
    EXPECT_TRUE(b_.runtime().Register(other, "idle").ok());
    const Ref of_other = Monitor(other);
    Exit(other, ExitReason::Kill());
    co_await Receive<Down>().For(of_other);
    co_await Settle();
    EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
    Exit(idle_, ExitReason::Kill());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  });
}

// MON6
TEST_F(SignalsTest, DemonitorEndsIt) {
  a_.Run([this]() -> Async<> {
    const Ref by_pid = Monitor(idle_);
    const Ref by_name = Monitor(ProcessName("idle", b_.name()));
    co_await Settle();
    EXPECT_TRUE(Demonitor(by_pid));
    EXPECT_TRUE(Demonitor(by_name));
    EXPECT_FALSE(Demonitor(by_pid));
    Exit(idle_, ExitReason::Kill());
    const Ref later = Monitor(idle_);
    co_await Receive<Down>().For(later);
    EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  });
}

// ALI1, ALI2
TEST_F(SignalsTest, AliasesAreKnownElsewhere) {
  const Pid sender = b_.runtime().Spawn([]() -> Async<> {
    const Aliases to = co_await Receive<Aliases>();
    for (int i = 0; i < 3; ++i) {
      Send(to.lasting, Note{"lasting", Self()});
      Send(to.once, Note{"once", Self()});
    }
    co_await Receive<Note>();
    Send(to.lasting, Note{"too late", Self()});
    Send(to.back, Note{"end", Self()});
  });
  a_.Run([sender]() -> Async<> {
    const Ref lasting = MakeAlias();
    Send(sender, Aliases{lasting, MakeAlias(AliasMode::kOneMessage), Self()});
    int came_once = 0;
    for (int i = 0; i < 4; ++i) came_once += (co_await AssertReceive<Note>()).text == "once";
    EXPECT_EQ(came_once, 1);
    EXPECT_TRUE(Unalias(lasting));
    Send(sender, Note{"go on", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "end");
  });
}

// A reply that comes when nobody waits any more reaches nobody.
TEST_F(SignalsTest, LateAnswersReachNobody) {
  const Pid slow = b_.runtime().Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Square>>();
    const Note go = co_await Receive<Note>();
    std::move(asked.reply_to).Send(1);
    Send(go.from, Note{"answered", Self()});
  });
  a_.Run([slow]() -> Async<> {
    const absl::Status asked =
        (co_await Request(slow, Square{2}).Within(absl::Milliseconds(20))).status();
    EXPECT_EQ(asked.code(), absl::StatusCode::kDeadlineExceeded);
    Send(slow, Note{"go", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "answered");
    const std::optional<Message> more = co_await ReceiveAny().Within(absl::ZeroDuration());
    EXPECT_FALSE(more.has_value());
  });
}

// A process that ends before it answers; one that doesn't know what it is asked.
TEST_F(SignalsTest, RequestsFailAsWithinANode) {
  a_.Run([this]() -> Async<> {
    const Pid dies = b_.runtime().Spawn([]() -> Async<> {
      auto asked = co_await Receive<Asked<Square>>();
      ExitSelf(ExitReason::Custom("no"));
    });
    absl::Status asked = (co_await Request(dies, Square{2})).status();
    EXPECT_EQ(asked.code(), absl::StatusCode::kUnavailable) << asked;
    EXPECT_EQ(ExitReasonOf(asked), ExitReason::Custom("no"));
    asked = (co_await Request(ProcessName("nobody", b_.name()), Square{2})).status();
    EXPECT_EQ(asked.code(), absl::StatusCode::kNotFound) << asked;
  });
}

// A signal arrives whose reason is larger than a message may be, and the connection stands.
TEST(LargeReasonTest, DoesntEndTheConnection) {
  constexpr size_t kMaxMessage = size_t{1} << 20;
  const ScopedLogCapture quiet;
  LocalNode a("a", {.max_message_bytes = kMaxMessage});
  LocalNode b("b", {.max_message_bytes = kMaxMessage});
  a.Run([&]() -> Async<> {
    MonitorNode(b.name());
    const std::string large(5 * kMaxMessage, 'x');
    const std::string largest(kMaxMessage - ExitReason::Custom("").Encode().size(), 'x');
    for (const ExitReason& reason : {ExitReason::Custom(large), ExitReason::Error(large, ""),
                                     ExitReason::Custom(largest), ExitReason::Error(largest, "")}) {
      const Pid ends = b.runtime().Spawn([reason]() -> Async<> {
        co_await Receive<Note>();
        ExitSelf(reason);
      });
      const Ref ref = Monitor(ends);
      Send(ends, Note{"end", Self()});
      const ExitReason came = (co_await Receive<Down>().For(ref)).reason;
      EXPECT_EQ(came.kind(), reason.kind());
      EXPECT_EQ(came == reason, reason.Encode().size() <= kMaxMessage);
    }
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok());
    EXPECT_THAT(co_await Flush<NodeDown>(), IsEmpty());
  });
}

}  // namespace
}  // namespace hydra
