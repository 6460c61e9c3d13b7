// Names of any bytes over real connections, and keys of registries among them: REG15.
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/registry.h"

namespace hydra {
namespace {

using testing::IsEmpty;

// NAM7: a name is bytes, as a std::string is.
TEST(KeyedNamesTest, ANameNeedNotBeText) {
  LocalNode a("a");
  LocalNode b("b");
  const NodeWatcher told(a.runtime());
  b.SpawnNamed("\xff\xfe", Echo);
  a.Run([&]() -> Async<> {
    for (const char* text : {"by name", "by place"}) {
      Send(ProcessName("\xff\xfe", b.name()), Note{text, Self()});
      EXPECT_EQ((co_await AssertReceive<Note>()).text, text);
    }
  });
  EXPECT_THAT(told.down(), IsEmpty());
}

// NAM7: nobody has the empty one, and no connection is lost for it.
TEST(KeyedNamesTest, TheEmptyNameIsNobodys) {
  LocalNode a("a");
  LocalNode b("b");
  a.Run([&]() -> Async<> {
    const ProcessName nobody("", b.name());
    Send(nobody, Note{"lost", Self()});
    EXPECT_THAT((co_await Request(nobody, Square{2})).status(),
                StatusIs(absl::StatusCode::kNotFound));
    Monitor(nobody);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
  });
}

// REG15
TEST(KeyedNamesTest, KeysOfARegistryAreAddresses) {
  using Accounts = Registry<int64_t>;
  LocalNode a("a");
  LocalNode b("b");
  const Accounts there({.name = "accounts"});
  b.Run([&]() -> Async<> {
    Spawn(
        [](Accounts accounts, Pid to) -> Async<> {
          EXPECT_OK(co_await accounts.StartLink());
          Spawn(
              [](Accounts of, Pid told) -> Async<> {
                EXPECT_OK(of.Register(-123456789));
                Send(told, Note{"ready", Self()});
                co_await Echo();
              },
              accounts, to);
          co_await Idle();
        },
        there, Self());
    co_await AssertReceive<Note>();
  });
  const Accounts here({.name = "accounts"});
  const ProcessName account = here.ViaOn(b.name(), -123456789);
  a.Run([&]() -> Async<> {
    const std::string large(200'000, 'x');  // goes in pieces
    Send(account, Note{large, Self()});
    Send(account, Note{"small", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, large);
    const Note small = co_await AssertReceive<Note>();
    EXPECT_EQ(small.text, "small");
    EXPECT_EQ(there.WhereIs(-123456789), small.from);

    const Ref ref = Monitor(account);
    Exit(small.from, ExitReason::Shutdown());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.name, account);
    EXPECT_EQ(down.reason, ExitReason::Shutdown());
    Monitor(account);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
  });
}

}  // namespace
}  // namespace hydra
