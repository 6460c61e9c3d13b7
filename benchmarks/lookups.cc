#include "hydra/benchmarks/lookups.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/benchmarks/done.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/workloads.h"
#include "hydra/process/process.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/table/table.h"

namespace hydra::benchmarks {
namespace {

constexpr int64_t kKeys = 100'000;

// Keys in an order without a pattern, the same in Erlang.
class KeySequence {
 public:
  explicit KeySequence(int64_t seed) : state_(static_cast<uint32_t>(seed)) {}

  int64_t Next() {
    state_ = state_ * 1'664'525 + 1'013'904'223;
    return static_cast<int64_t>(uint64_t{state_} * kKeys >> 32);
  }

 private:
  uint32_t state_;
};

template <typename F>
void ForKeys(KeySequence& keys, int64_t count, const F& operation) {
  for (int64_t i = 0; i < count; ++i) operation(keys.Next());
}

// Calls `operation(key)` so many times, a thousand in a turn.
template <typename F>
Async<> Repeat(F operation, int64_t seed, int64_t times, Pid owner) {
  KeySequence keys(seed);
  for (int64_t left = times; left > 0; left -= 1000) {
    ForKeys(keys, std::min<int64_t>(left, 1000), operation);
    co_await Yield();
  }
  Send(owner, Done{});
}

// By as many processes as the parameter says, so many times in all.
template <typename F>
Async<Measured> MeasureRepeats(Setup setup, F operation) {
  const int64_t times = setup.operations / setup.parameter;
  const absl::Time start = Now();
  for (int64_t i = 1; i <= setup.parameter; ++i) Spawn(Repeat<F>, operation, i, times, Self());
  co_await AwaitDone(setup.parameter);
  co_return Measured{static_cast<double>(times * setup.parameter), SecondsSince(start)};
}

Async<> HoldKey(Registry<int64_t> registry, int64_t key, Pid owner) {
  HYDRA_CHECK(registry.Register(key).ok());
  Send(owner, Done{});
  co_await Receive<Done>();  // which nobody sends
}

}  // namespace

Async<Measured> LookUpInRegistry(Setup setup) {
  const Registry<int64_t, int64_t> registry;
  HYDRA_CHECK((co_await registry.StartLink()).ok());
  for (int64_t key = 0; key < kKeys; ++key) HYDRA_CHECK(registry.Register(key, key).ok());
  co_return co_await MeasureRepeats(setup, [registry](int64_t key) {
    const std::optional<Holder<int64_t>> holder = registry.Lookup(key);
    HYDRA_CHECK(holder.has_value() && holder->value == key);
  });
}

Async<Measured> FindProcesses(Setup setup) {
  const Registry<int64_t> registry;
  HYDRA_CHECK((co_await registry.StartLink()).ok());
  for (int64_t key = 0; key < kKeys; ++key) Spawn(HoldKey, registry, key, Self());
  co_await AwaitDone(kKeys);
  co_return co_await MeasureRepeats(
      setup, [registry](int64_t key) { HYDRA_CHECK(registry.WhereIs(key)); });
}

Async<Measured> LookUpInTable(Setup setup) {
  const Table<int64_t, int64_t> table;
  for (int64_t key = 0; key < kKeys; ++key) table.Insert(key, key);
  co_return co_await MeasureRepeats(
      setup, [reader = table.reader()](int64_t key) { HYDRA_CHECK(reader.Lookup(key) == key); });
}

Async<Measured> CountInTable(Setup setup) {
  const Table<int64_t, int64_t> counters({.partitions = 64});  // as many locks as Erlang's has
  for (int64_t key = 0; key < kKeys; ++key) counters.Insert(key, 0);
  const Measured measured = co_await MeasureRepeats(
      setup, [writer = counters.writer()](int64_t key) { writer.Add(key, 1); });
  int64_t sum = 0;
  counters.ForEach([&sum](int64_t, int64_t count) { sum += count; });
  HYDRA_CHECK(sum == static_cast<int64_t>(measured.operations));
  co_return measured;
}

}  // namespace hydra::benchmarks
