// Probe: a process that records what it is sent, for tests that look on from outside.
//
//   TEST(PongerTest, AnswersEachPing) {
//     hydra::ManualRuntime runtime;
//     hydra::Probe probe(runtime);
//     hydra::Pid ponger = runtime.Spawn(Ponger);
//     runtime.Send(ponger, Ping{.from = probe.pid()});
//     runtime.Send(ponger, Ping{.from = probe.pid()});
//     runtime.RunUntilIdle();
//     EXPECT_THAT(probe.Received<Pong>(), testing::SizeIs(2));
//   }
//
// On a threaded runtime wait for what is to come with `AwaitReceived`. A test whose body is itself
// a process (HYDRA_TEST) has AssertReceive instead.
#ifndef HYDRA_PROCESS_TESTING_PROBE_H_
#define HYDRA_PROCESS_TESTING_PROBE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"

namespace hydra {

// Thread safety: any thread may call the functions. The runtime must outlive the Probe; the process
// of the Probe ends with the runtime, and keeps no messages once the Probe is gone.
class Probe {
 public:
  explicit Probe(Runtime& runtime);
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe();

  // What the processes that are tested send to.
  Pid pid() const { return pid_; }

  // Returns copies of the Ms received so far, oldest first.
  template <typename M>
  std::vector<M> Received() const {
    std::vector<M> received;
    ForEach([&received](const Message& message) {
      if (const M* value = message.Get<M>()) received.push_back(*value);
    });
    return received;
  }

  // The types of all messages received so far, as the compiler spells them, oldest first.
  std::vector<std::string> ReceivedTypes() const;

  // Blocks the calling thread until `count` Ms have been received. Returns false if they haven't
  // come within half a minute. For threaded runtimes: one that is driven by hand isn't driven here.
  template <typename M>
  bool AwaitReceived(size_t count) const {
    return Await([count](const std::vector<Message>& messages) {
      size_t received = 0;
      for (const Message& message : messages) received += message.Is<M>() ? 1 : 0;
      return received >= count;
    });
  }

  // Forgets what was received so far.
  void Clear();

 private:
  class Record;

  void ForEach(const std::function<void(const Message&)>& visit) const;
  bool Await(const std::function<bool(const std::vector<Message>&)>& condition) const;

  Runtime& runtime_;
  // Shared with the process.
  const std::shared_ptr<Record> record_;
  const Pid pid_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_PROBE_H_
