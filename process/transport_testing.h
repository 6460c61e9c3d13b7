// Two nodes, and what their processes send each other, for tests.
#ifndef HYDRA_PROCESS_TRANSPORT_TESTING_H_
#define HYDRA_PROCESS_TRANSPORT_TESTING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport.h"

namespace hydra::process_testing {

inline constexpr char kA[] = "a@test";
inline constexpr char kB[] = "b@test";

struct Hello {
  static constexpr std::string_view kWireName = "test.Hello";
  Pid from;
  int number = 0;
};
struct Stop {
  static constexpr std::string_view kWireName = "test.Stop";
};
struct Double {
  using Reply = int;
  static constexpr std::string_view kWireName = "test.Double";
  int number = 0;
};
// A value that can't be written.
struct Unwritable {
  static constexpr std::string_view kWireName = "test.Unwritable";
  void Encode(WireWriter&) const { throw std::runtime_error("unwritable"); }
  static std::optional<Unwritable> Decode(WireReader&) { return Unwritable(); }
};

inline Async<> WaitForStop() { co_await Receive<Stop>(); }

// Answers Hellos and Doubles until a Stop.
inline Async<> Server() {
  bool stopped = false;
  while (!stopped) {
    co_await Receive([](const Hello& hello) { Send(hello.from, Hello{Self(), hello.number + 1}); },
                     [](Asked<Double> asked) { asked.reply_to.Send(2 * asked.request.number); },
                     [&stopped](const Stop&) { stopped = true; });
  }
}

// What is sent by it arrives nowhere, and nobody hears of it.
class Nowhere final : public Transport {
  bool Send(const std::string&, Envelope) override { return false; }
  void Connect(const std::string&) override {}
  size_t max_message_bytes() const override { return 1; }
};

// Two nodes by hand. Nothing moves but what the test moves, and `Run`.
class TwoNodes : public testing::Test {
 protected:
  TwoNodes() {
    network_.Add(*a_, {kA, 1});
    network_.Add(*b_, {kB, 1});
  }

  // Spawns a process on `b`, and returns its pid.
  template <typename... Args>
  Pid OnB(Args&&... args) {
    return b_->Spawn(std::forward<Args>(args)...);
  }

  // Runs a process on `a` to its end, and all else meanwhile.
  void Run(const std::function<Async<>()>& body) {
    bool ended = false;
    a_->Spawn([&]() -> Async<> {
      co_await body();
      ended = true;
    });
    while (!ended && Step()) continue;
    EXPECT_TRUE(ended) << "it waits, and nothing is going to happen";
  }

  // Until nothing happens any more, but for timers.
  void RunUntilIdle() {
    while (a_->RunUntilIdle() + b_->RunUntilIdle() > 0 || network_.Deliver() > 0) continue;
  }

  // Starts `b` anew; its processes are gone.
  void RestartB() {
    network_.Cut(kA, kB);
    b_ = std::make_unique<ManualRuntime>();
    network_.Add(*b_, {kB, ++creation_});
  }

  // Does one thing; with more nodes, one of theirs. Returns false if there is nothing to do.
  virtual bool Step() {
    if (a_->RunOne() || b_->RunOne() || network_.Deliver() > 0) return true;
    return a_->RunOneOrAdvance() || b_->RunOneOrAdvance();
  }

  FakeNetwork network_;
  std::unique_ptr<ManualRuntime> a_ = std::make_unique<ManualRuntime>();
  std::unique_ptr<ManualRuntime> b_ = std::make_unique<ManualRuntime>();

 private:
  uint64_t creation_ = 1;
};

}  // namespace hydra::process_testing

#endif  // HYDRA_PROCESS_TRANSPORT_TESTING_H_
