// A server that is stopped under load. Three customers bring a job after the other, and the desk does them
// one by one. SIGTERM or Ctrl-C: from then on the desk refuses new jobs, finishes those that it has taken,
// and the program ends, with exit code 0.
//
//   ./bazelw run //examples/drain
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/application.h"
#include "hydra/genserver/genserver.h"

namespace {

const hydra::Setting<absl::Duration> kJobTime("drain", "job_time", absl::Milliseconds(200));

class Desk {
 public:
  struct Work {
    using Reply = absl::StatusOr<std::string>;
    std::string job;
  };
  // From now on every Work is refused. Answered when those that were taken before are done.
  struct Drain {
    using Reply = void;
  };
  struct JobIsDone {};
  using Protocol = hydra::Protocol<Work, Drain, JobIsDone>;

  void HandleCall(Work work, hydra::ReplyTo<Work> customer) {
    if (closing_) return customer.Send(absl::UnavailableError("the desk is closing"));
    jobs_.push_back({std::move(work.job), std::move(customer)});
    if (jobs_.size() == 1) Begin();
  }

  void HandleCast(JobIsDone) {
    jobs_.front().customer.Send(jobs_.front().name + " is done");
    jobs_.pop_front();
    if (!jobs_.empty()) {
      Begin();
    } else if (closing_) {
      drained_.Send();
    }
  }

  void HandleCall(Drain, hydra::ReplyTo<Drain> drained) {
    closing_ = true;
    drained_ = std::move(drained);
    std::cout << "draining " << jobs_.size() << " jobs" << "\n" << std::flush;
    if (jobs_.empty()) drained_.Send();
  }

 private:
  struct Job {
    std::string name;
    hydra::ReplyTo<Work> customer;
  };

  // Stands for the work of a job.
  void Begin() { hydra::ServerRef<Desk>(hydra::Self()).CastAfter(kJobTime.Get(), JobIsDone{}); }

  std::deque<Job> jobs_;
  bool closing_ = false;
  hydra::ReplyTo<Drain> drained_;
};

const hydra::ServerRef<Desk> kDesk("desk");

hydra::Async<> Customer(std::string name) {
  for (int i = 1;; ++i) {
    std::string job = name;
    job += std::to_string(i);
    const absl::StatusOr<std::string> answer = co_await kDesk.Call(Desk::Work{job});
    if (!answer.ok()) {
      std::cout << job + " is refused: " + answer.status().ToString() + "\n" << std::flush;
      co_return;
    }
    std::cout << *answer + "\n" << std::flush;
  }
}

hydra::Application Drain() {
  auto customers = std::make_shared<std::vector<hydra::Pid>>();
  return {.name = "drain",
          .start = [customers]() -> hydra::Async<absl::StatusOr<hydra::Pid>> {
            const auto desk = co_await hydra::StartLink<Desk>({.name = "desk"});
            if (!desk.ok()) co_return desk.status();
            for (const char* name : {"a", "b", "c"})
              customers->push_back(hydra::SpawnLink(Customer, std::string(name)));
            co_return desk->pid();
          },
          .prep_stop = [customers]() -> hydra::Async<> {
            const absl::Status drained = co_await kDesk.Call(Desk::Drain{});
            // A customer goes when it is refused, so by then it has seen all its answers.
            for (const hydra::Pid customer : *customers)
              co_await hydra::Receive<hydra::Down>().For(hydra::Monitor(customer));
            std::cout << "drained: " << drained << "\n" << std::flush;
          },
          .prep_stop_limit = absl::Seconds(5)};
}

}  // namespace

int main() { return hydra::RunApplication(Drain()); }
