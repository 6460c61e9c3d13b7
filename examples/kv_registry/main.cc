// A store of buckets. Each is a server of its own, which is started under its name in a registry and found
// by it: nobody keeps pids. One of them crashes; its supervisor starts it anew, under the same name.
//
//   ./bazelw run //examples/kv_registry
//
// prints
//
//   open fruit: OK
//   open tools: OK
//   open fruit: it is open already
//   fruit/apple = green
//   tools/saw = sharp
//   tools/axe: none
//   shoes/left: NOT_FOUND
//   fruit has crashed, and is there again
//   fruit/apple: none
//   tools/saw = sharp
//   buckets: fruit tools
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/application.h"
#include "hydra/genserver/genserver.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervisor.h"
#include "hydra/task/task.h"

namespace {

class Bucket {
 public:
  struct Put {
    using Reply = void;
    std::string key;
    std::string value;
  };
  struct Get {
    using Reply = std::optional<std::string>;
    std::string key;
  };
  using Protocol = hydra::Protocol<Put, Get>;

  void HandleCall(Put put) { values_[put.key] = std::move(put.value); }

  std::optional<std::string> HandleCall(const Get& get) {
    const auto found = values_.find(get.key);
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

// The client hears of every bucket that comes.
const hydra::Registry<std::string> kBuckets({.name = "buckets", .listeners = {"client"}});
const hydra::ServerRef<hydra::DynamicSupervisor> kOpener("opener");

hydra::ServerRef<Bucket> BucketOf(const std::string& name) {
  return hydra::ServerRef<Bucket>(kBuckets.Via(name));
}

hydra::Async<> Open(std::string name) {
  const absl::StatusOr<hydra::Pid> bucket = co_await hydra::StartChild(
      kOpener, hydra::Child<Bucket>({.server = {.via = kBuckets.Via(name)}}));
  std::cout << "open " << name << ": "
            << (hydra::AlreadyStarted(bucket.status()) ? "it is open already"
                                                       : bucket.status().ToString())
            << "\n";
}

hydra::Async<absl::Status> Put(std::string bucket, std::string key, std::string value) {
  co_return co_await BucketOf(bucket).Call(Bucket::Put{std::move(key), std::move(value)});
}

hydra::Async<> PrintValue(std::string bucket, std::string key) {
  const auto value = co_await BucketOf(bucket).Call(Bucket::Get{key});
  std::cout << bucket << "/" << key;
  if (!value.ok()) {
    std::cout << ": " << absl::StatusCodeToString(value.status().code()) << "\n";
  } else if (!value->has_value()) {
    std::cout << ": none\n";
  } else {
    std::cout << " = " << **value << "\n";
  }
}

// Makes a bucket crash, and waits until its successor is registered.
hydra::Async<> Crash(std::string name) {
  const hydra::Pid crashing = kBuckets.WhereIs(name);
  hydra::Exit(crashing, hydra::ExitReason::Kill());
  co_await hydra::Receive<hydra::KeyRegistered<std::string>>().Where(
      [&](const auto& registered) { return registered.key == name && registered.pid != crashing; });
  std::cout << name << " has crashed, and is there again\n";
}

void PrintBuckets() {
  std::vector<std::string> names;
  for (const auto& entry : kBuckets.Select([](const auto&) { return true; }))
    names.push_back(entry.key);
  std::sort(names.begin(), names.end());
  std::cout << "buckets:";
  for (const std::string& name : names) std::cout << " " << name;
  std::cout << "\n";
}

hydra::Async<> Client() {
  for (const char* name : {"fruit", "tools", "fruit"}) co_await Open(name);

  // Two processes write at the same time.
  hydra::Task<absl::Status> apple = hydra::StartTask(Put, "fruit", "apple", "green");
  hydra::Task<absl::Status> saw = hydra::StartTask(Put, "tools", "saw", "sharp");
  if (!(co_await apple.Await()).ok() || !(co_await saw.Await()).ok()) std::cout << "not put\n";

  co_await PrintValue("fruit", "apple");
  co_await PrintValue("tools", "saw");
  co_await PrintValue("tools", "axe");
  co_await PrintValue("shoes", "left");
  co_await Crash("fruit");
  co_await PrintValue("fruit", "apple");
  co_await PrintValue("tools", "saw");
  PrintBuckets();
  hydra::StopSystem();
}

// Whatever comes after the registry depends on it: what is registered ends with it.
hydra::Application KvRegistry() {
  const hydra::ChildSpec tree = hydra::Child<hydra::Supervisor>(
      {}, hydra::SupervisorOptions{.strategy = hydra::Strategy::kRestForOne},
      hydra::Children{
          kBuckets.child(),
          hydra::Child<hydra::DynamicSupervisor>({.server = {.name = "opener"}},
                                                 hydra::DynamicSupervisorOptions()),
          hydra::ProcessChild({.restart = hydra::Restart::kTransient, .server = {.name = "client"}},
                              Client)});
  return {.name = "kv_registry", .start = tree.start};
}

}  // namespace

int main() { return hydra::RunApplication(KvRegistry()); }
