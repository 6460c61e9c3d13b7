// A queue of jobs on one node, workers on others. A worker's node may end at any time: what its workers were at is done by
// others, and each job is counted once. In two or more terminals:
//
//   ./bazelw run //examples/job_queue -- --jobs=500 --listen=127.0.0.1:4370
//   ./bazelw run //examples/job_queue -- --name=w1 --queue=queue@127.0.0.1:4370
//   ./bazelw run //examples/job_queue -- --name=w2 --queue=queue@127.0.0.1:4370
//
// The queue ends when all jobs are done; its workers with it.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/application.h"
#include "hydra/examples/arguments.h"
#include "hydra/genserver/genserver.h"
#include "hydra/node/node_application.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"

namespace {

constexpr int kWorkersOfANode = 4;
constexpr absl::Duration kTallyInterval = absl::Milliseconds(200);

void Say(const std::string& line) { std::cout << line + "\n" << std::flush; }

// Has the jobs. Each is waiting, or with one worker, or done: so none is lost, and none counts twice.
class JobQueue {
 public:
  // How many primes there are below `limit`.
  struct Job {
    static constexpr std::string_view kWireName = "job_queue.Job";
    int64_t number;
    int64_t limit;
  };
  // A worker asks for a job; it waits until there is one.
  struct Take {
    static constexpr std::string_view kWireName = "job_queue.Take";
    using Reply = Job;
  };
  struct Finish {
    static constexpr std::string_view kWireName = "job_queue.Finish";
    int64_t number;
    int64_t primes;
    hydra::Pid worker;
  };
  struct Tally {};
  using Protocol = hydra::Protocol<Take, Finish>;
  using Infos = hydra::Infos<hydra::Down, Tally>;

  explicit JobQueue(int64_t jobs) : jobs_(jobs) {
    for (int64_t i = 0; i < jobs; ++i) waiting_.push_back({i, 50'000 + i});
  }

  void Init() { hydra::SendInterval(kTallyInterval, hydra::Self(), Tally{}); }

  void HandleCall(Take, hydra::ReplyTo<Take> worker) {
    idle_.push_back(std::move(worker));
    HandOut();
  }

  // What somebody finishes who was given up, is done by another.
  void HandleCast(const Finish& finish) {
    const auto work = working_.find(finish.worker);
    if (work == working_.end() || work->second.job.number != finish.number) return;
    hydra::Demonitor(work->second.monitor);
    working_.erase(work);
    ++done_;
    if (done_ == jobs_) {
      Say(Line());
      hydra::StopSystem();
    }
  }

  void HandleInfo(Tally) {
    if (std::string line = Line(); line != last_line_) Say(last_line_ = std::move(line));
  }

  // A worker has ended, or its node can't be reached.
  void HandleInfo(const hydra::Down& down) {
    const auto work = working_.find(down.pid);
    if (work == working_.end()) return;
    Say("job " + std::to_string(work->second.job.number) + " waits again");
    waiting_.push_front(work->second.job);
    working_.erase(work);
    ++retried_;
    HandOut();
  }

 private:
  struct Work {
    Job job;
    hydra::Ref monitor;
  };

  void HandOut() {
    while (!waiting_.empty() && !idle_.empty()) {
      hydra::ReplyTo<Take> worker = std::move(idle_.front());
      idle_.pop_front();
      const hydra::Pid pid = worker.from();
      working_[pid] = {waiting_.front(), hydra::Monitor(pid)};
      worker.Send(waiting_.front());
      waiting_.pop_front();
    }
  }

  std::string Line() const {
    return std::to_string(waiting_.size()) + " waiting, " + std::to_string(working_.size()) +
           " with workers, " + std::to_string(done_) + " done, " + std::to_string(retried_) +
           " retried; " + std::to_string(waiting_.size() + working_.size() + done_) + " of " +
           std::to_string(jobs_);
  }

  const int64_t jobs_;
  std::deque<Job> waiting_;
  std::deque<hydra::ReplyTo<Take>> idle_;
  std::map<hydra::Pid, Work> working_;  // by the worker
  int64_t done_ = 0;
  int64_t retried_ = 0;
  std::string last_line_;
};

bool IsPrime(int64_t number) {
  for (int64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

hydra::Async<> Work(std::string queue_node) {
  const hydra::ServerRef<JobQueue> queue(hydra::Dest("queue", queue_node));
  while (true) {
    const absl::StatusOr<JobQueue::Job> job =
        co_await queue.Call(JobQueue::Take{}).Within(absl::InfiniteDuration());
    if (!job.ok()) hydra::ExitSelf(hydra::ExitReason::Custom(job.status().ToString()));
    int64_t primes = 0;
    for (int64_t number = 0; number < job->limit; ++number) {
      if (IsPrime(number)) ++primes;
      if (number % 1000 == 0) co_await hydra::Yield();
    }
    queue.Cast(JobQueue::Finish{job->number, primes, hydra::Self()});
  }
}

// Ends well when the queue does.
hydra::Async<> WorkFor(std::string queue_node) {
  for (int i = 0; i < kWorkersOfANode; ++i) hydra::Spawn(Work, queue_node);
  hydra::MonitorNode(queue_node);
  Say(std::to_string(kWorkersOfANode) + " workers for " + queue_node);
  co_await hydra::Receive<hydra::NodeDown>();
  Say("the queue has gone");
  hydra::StopSystem();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string queue = ValueOf("--queue=", argc, argv, "");
  const int64_t jobs = std::atoll(ValueOf("--jobs=", argc, argv, "500").c_str());
  const bool has_cookie = std::getenv("HYDRA_COOKIE") != nullptr;
  const hydra::NodeOptions node = {.name = ValueOf("--name=", argc, argv, "queue"),
                                   .listen = ValueOf("--listen=", argc, argv, "127.0.0.1:0"),
                                   .cookie = has_cookie ? "" : "job_queue"};
  return hydra::RunApplication(
      {.name = "job_queue",
       .start = [queue, jobs]() -> hydra::Async<absl::StatusOr<hydra::Pid>> {
         if (!queue.empty()) co_return hydra::SpawnLink(WorkFor, queue);
         const auto started = co_await hydra::StartLink<JobQueue>({.name = "queue"}, jobs);
         if (started.ok()) Say(hydra::ThisNode() + " has jobs");
         co_return started.ok() ? absl::StatusOr<hydra::Pid>(started->pid()) : started.status();
       },
       .dependencies = {hydra::NodeApplication(node)}});
}
