#include "hydra/process/testing/probe.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/message.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"

namespace hydra {
namespace {

constexpr absl::Duration kAwaitTime = absl::Seconds(30);

// Ends the process of a Probe.
struct ProbeIsGone {};

}  // namespace

class Probe::Record {
 public:
  static Async<> Keep(std::shared_ptr<Record> record) {
    for (;;) {
      Message message = co_await ReceiveAny();
      if (message.Is<ProbeIsGone>()) break;
      record->Add(std::move(message));
    }
  }

  void Add(Message message) {
    MutexLock lock(mutex_);
    messages_.push_back(std::move(message));
    added_.NotifyAll();
  }

  void ForEach(const std::function<void(const Message&)>& visit) const {
    MutexLock lock(mutex_);
    for (const Message& message : messages_) visit(message);
  }

  bool Await(const std::function<bool(const std::vector<Message>&)>& condition) const {
    const absl::Time deadline = absl::Now() + kAwaitTime;
    MutexLock lock(mutex_);
    while (!condition(messages_)) {
      if (!added_.WaitUntil(mutex_, deadline)) return condition(messages_);
    }
    return true;
  }

  void Clear() {
    std::vector<Message> messages;  // destroyed without the lock
    MutexLock lock(mutex_);
    std::swap(messages_, messages);
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar added_;
  std::vector<Message> messages_ ABSL_GUARDED_BY(mutex_);
};

Probe::Probe(Runtime& runtime)
    : runtime_(runtime),
      record_(std::make_shared<Record>()),
      pid_(runtime.Spawn(&Record::Keep, record_)) {}

Probe::~Probe() {
  runtime_.Send(pid_, ProbeIsGone{});
  record_->Clear();
}

std::vector<std::string> Probe::ReceivedTypes() const {
  std::vector<std::string> types;
  ForEach([&types](const Message& message) { types.emplace_back(message.type_name()); });
  return types;
}

void Probe::Clear() { record_->Clear(); }

void Probe::ForEach(const std::function<void(const Message&)>& visit) const {
  record_->ForEach(visit);
}

bool Probe::Await(const std::function<bool(const std::vector<Message>&)>& condition) const {
  return record_->Await(condition);
}

}  // namespace hydra
