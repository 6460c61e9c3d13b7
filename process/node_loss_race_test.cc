// Links and monitors that begin while their node is lost and comes back, on threads.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/mutex.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/transport.h"

namespace hydra {
namespace {

using testing::UnorderedElementsAreArray;

constexpr uint32_t kProcesses = 4;
constexpr char kNode[] = "other@test";

Pid Other(uint32_t slot) { return {slot + 1, slot, HomeOf({kNode, 1})}; }

// A node whose connection comes and goes: what it knows of the links and monitors of processes here. What is sent while
// there is no connection goes by the next one, as far as it is of its epoch.
class OtherNode final : public Transport {
 public:
  bool Send(const std::string&, Envelope envelope) override {
    const MutexLock lock(mutex_);
    if (epoch_ == 0) {
      waiting_.push_back(std::move(envelope));
    } else {
      Take(envelope);
    }
    return false;
  }
  void Connect(const std::string&) override {}
  size_t max_message_bytes() const override { return 1 << 10; }

  void ComeBack(uint64_t epoch) {
    const MutexLock lock(mutex_);
    epoch_ = epoch;
    for (const Envelope& envelope : std::exchange(waiting_, {})) Take(envelope);
  }
  void Lose() {
    const MutexLock lock(mutex_);
    epoch_ = 0;
    links_.clear();
    monitors_.clear();
  }

  std::vector<Pid> LinkedWith(const Pid& process) const {
    const MutexLock lock(mutex_);
    std::vector<Pid> linked;
    for (const auto& [from, to] : links_) {
      if (from == process) linked.push_back(to);
    }
    return linked;
  }
  size_t MonitorsOf(const Pid& process) const {
    const MutexLock lock(mutex_);
    size_t count = 0;
    for (const Ref& ref : monitors_) count += ref.creator() == process ? 1 : 0;
    return count;
  }

 private:
  void Take(const Envelope& envelope) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    using Kind = Envelope::Kind;
    if (envelope.epoch != 0 && envelope.epoch != epoch_) return;
    if (envelope.kind == Kind::kLink) links_.insert({envelope.from, *envelope.to.pid()});
    if (envelope.kind == Kind::kMonitor) monitors_.insert(envelope.ref);
    if (envelope.kind == Kind::kDemonitor) monitors_.erase(envelope.ref);
  }

  mutable Mutex mutex_;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: there is no connection
  std::vector<Envelope> waiting_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<Pid, Pid>> links_ ABSL_GUARDED_BY(mutex_);
  std::set<Ref> monitors_ ABSL_GUARDED_BY(mutex_);
};

// Answered when all that came before has been taken in, and nothing more is begun.
struct Finish {
  using Reply = void;
};
struct Stop {};

// Links, monitors and demonitors until it is to finish. Then it stays.
Async<> LinkAndMonitor(uint32_t seed) {
  TrapExit(true);
  std::minstd_rand random(seed);
  std::vector<Ref> monitors;
  bool is_over = false;
  while (!is_over) {
    const Pid other = Other(random() / 8 % 3);
    Link(other);
    monitors.push_back(Monitor(other));
    if (monitors.size() > 5) {
      Demonitor(monitors.front());
      monitors.erase(monitors.begin());
    }
    while (auto message = co_await ReceiveAny().Within(absl::ZeroDuration())) {
      auto* finish = message->Get<Asked<Finish>>();
      if (finish == nullptr) continue;
      finish->reply_to.Send();
      is_over = true;
    }
  }
  co_await Receive<Stop>();
}

// LNK8, MON3: when all is quiet, either side has the same.
TEST(NodeLossRaceTest, BothSidesAgree) {
  Runtime runtime({.schedulers = 2});
  const auto other = std::make_shared<OtherNode>();
  const Port port = runtime.Join({"here@test", 1}, other);
  std::vector<Pid> processes;
  for (uint32_t i = 0; i < kProcesses; ++i) processes.push_back(runtime.Spawn(LinkAndMonitor, i));

  other->ComeBack(port.NodeUp({kNode, 1}));
  for (int64_t round = Rounds(200'000); round > 0; --round) {
    other->Lose();
    port.NodeDown({kNode, 1}, NodeDownReason::kConnectionClosed);
    other->ComeBack(port.NodeUp({kNode, 1}));
  }

  for (const Pid& process : processes) {
    ASSERT_TRUE(runtime.Request(process, Finish{}).ok());
    const std::optional<ProcessInfo> info = runtime.Info(process);
    ASSERT_TRUE(info.has_value());
    EXPECT_THAT(other->LinkedWith(process), UnorderedElementsAreArray(info->links));
    EXPECT_EQ(other->MonitorsOf(process), info->monitors.size());
  }
}

}  // namespace
}  // namespace hydra
