// What calls cost besides time, and what hibernating saves.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
#include <sanitizer/allocator_interface.h>
#endif

namespace hydra {
namespace {

// Allocations of this thread. Under the sanitizers all of them; otherwise those of operator new, and not
// the blocks of the pool.
thread_local int64_t allocations = 0;
thread_local int64_t frees = 0;

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
// Two messages.
constexpr int64_t kAllocationsPerCall = 2;
void CountAllocation(const volatile void*, size_t) { ++allocations; }
void CountFree(const volatile void*) { ++frees; }
const int installed = __sanitizer_install_malloc_and_free_hooks(&CountAllocation, &CountFree);
#else
constexpr int64_t kAllocationsPerCall = 0;
#endif

}  // namespace
}  // namespace hydra

#if !defined(HYDRA_ASAN) && !defined(HYDRA_TSAN)
void* operator new(size_t bytes) {
  ++hydra::allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  ++hydra::frees;
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }
#endif

namespace hydra {
namespace {

class Adder {
 public:
  struct Add {
    using Reply = int64_t;
    int64_t number;
  };
  using Protocol = hydra::Protocol<Add>;
  int64_t HandleCall(Add add) { return sum_ += add.number; }

 private:
  int64_t sum_ = 0;
};

Async<> CallOften(ServerRef<Adder> server, int calls) {
  for (int i = 0; i < calls; ++i) EXPECT_TRUE((co_await server.Call(Adder::Add{1})).ok());
}

TEST(CallCostTest, ACallAllocatesItsTwoMessages) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    const ServerRef<Adder> server = (co_await Start<Adder>({})).value();
    co_await CallOften(server, 100);  // until all is there that is made once
    int64_t before = allocations;
    co_await CallOften(server, 0);
    const int64_t of_the_coroutine = allocations - before;
    before = allocations;
    co_await CallOften(server, 1000);
    EXPECT_EQ(allocations - before - of_the_coroutine, 1000 * kAllocationsPerCall);
  });
}

// Has monitored many, and waits, or hibernates.
class Watcher {
 public:
  struct Fill {
    Pid watched;
  };
  struct Wait {};
  struct Rest {};
  using Protocol = hydra::Protocol<Fill, Wait, Rest>;
  void HandleCast(Fill fill) {
    std::vector<Ref> refs(100);
    for (Ref& ref : refs) ref = Monitor(fill.watched);
    for (const Ref& ref : refs) Demonitor(ref);
  }
  void HandleCast(Wait) {}
  Next HandleCast(Rest) { return Next::Hibernate(); }
};

// GS32: what the process has room for, and doesn't need while it waits, is given back.
TEST(HibernateCostTest, GivesBackMemory) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    const ServerRef<Watcher> server = (co_await Start<Watcher>({})).value();
    server.Cast(Watcher::Fill{Self()});
    co_await Sleep(absl::Milliseconds(1));
    int64_t before = frees;
    server.Cast(Watcher::Wait{});
    co_await Sleep(absl::Milliseconds(1));
    const int64_t of_a_cast = frees - before;
    before = frees;
    server.Cast(Watcher::Rest{});
    co_await Sleep(absl::Milliseconds(1));
    EXPECT_GT(frees - before, of_a_cast);
  });
}

}  // namespace
}  // namespace hydra
