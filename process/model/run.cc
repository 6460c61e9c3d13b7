#include "hydra/process/model/run.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/process/process.h"

namespace hydra::model {
namespace {

// Values by their numbers in the program. Thread safety: any thread.
template <typename T>
class Numbered {
 public:
  void Set(int number, const T& value) {
    MutexLock lock(mutex_);
    values_[number] = value;
  }

  // One that names nothing, if there is none.
  T Get(int number) const {
    MutexLock lock(mutex_);
    const auto value = values_.find(number);
    return value == values_.end() ? T() : value->second;
  }

  int NumberOf(const T& wanted) const {
    MutexLock lock(mutex_);
    for (const auto& [number, value] : values_) {
      if (value == wanted) return number;
    }
    return -1;
  }

 private:
  mutable Mutex mutex_;
  std::map<int, T> values_ ABSL_GUARDED_BY(mutex_);
};

// What one process notes, and how many steps it has still to do. Thread safety: any thread.
class Journal {
 public:
  void Add(const Note& note) {
    MutexLock lock(mutex_);
    notes_.push_back(note);
    asks_ = false;
  }
  void Ask() {
    MutexLock lock(mutex_);
    asks_ = true;
  }
  void AddToDo(int steps) {
    MutexLock lock(mutex_);
    to_do_ += steps;
  }

  int to_do() const {
    MutexLock lock(mutex_);
    return to_do_;
  }
  // Nothing to do, or it waits for an answer.
  bool IsIdle() const {
    MutexLock lock(mutex_);
    return to_do_ == 0 || asks_;
  }
  std::vector<Note> notes() const {
    MutexLock lock(mutex_);
    return notes_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Note> notes_ ABSL_GUARDED_BY(mutex_);
  bool asks_ ABSL_GUARDED_BY(mutex_) = false;
  int to_do_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

struct World {
  Numbered<Pid> pids;
  Numbered<Ref> refs;
  Numbered<TimerRef> timers;
  std::array<Journal, kProcesses> journals;
  // Written by the thread that drives the run, read by the processes. They begin with what they have to
  // do when all of it has been sent, so that it is done at the same time.
  std::atomic<bool> is_begun = false;
};

namespace {

// ---- The messages.

struct Command {
  int number;
  Step step;
};

struct Text {
  int number;
  int from;
  int alias;
};

struct Ask {
  using Reply = int;
  int number;
  int from;
  int ref;
};

// ---- A process.

std::string YesOrNo(bool yes) { return yes ? "yes" : "no"; }

Dest DestOf(const World& world, const Step& step) {
  if (step.to == To::kName) return kNames[step.index];
  if (step.to == To::kRef) return world.refs.Get(step.index);
  return world.pids.Get(step.index);
}

Async<> Body(World* world, int who);

std::string SpawnChild(World& world, const Step& step) {
  Pid pid;
  Ref ref;
  if (step.word == "plain") {
    pid = Spawn(Body, &world, step.index);
  } else if (step.word == "linked") {
    pid = SpawnLink(Body, &world, step.index);
  } else if (step.word == "monitored") {
    const MonitoredProcess child = SpawnMonitor(Body, &world, step.index);
    pid = child.pid;
    ref = child.ref;
  } else {
    const SpawnOptions options = {.name = std::string(step.word), .link = true, .monitor = &ref};
    const absl::StatusOr<Pid> child = SpawnWith(options, Body, &world, step.index);
    if (!child.ok()) return "no";
    pid = *child;
  }
  world.pids.Set(step.index, pid);
  if (ref) world.refs.Set(step.made, ref);
  return "yes";
}

MonitorAlias AliasOf(const Step& step) {
  if (step.word == "explicit") return MonitorAlias::kUntilUnalias;
  if (step.word == "demonitor") return MonitorAlias::kUntilDemonitor;
  if (step.word == "reply") return MonitorAlias::kUntilReply;
  return MonitorAlias::kNone;
}

std::string OutcomeOf(const absl::StatusOr<int>& answer) {
  if (answer.ok()) return "answer to " + std::to_string(*answer);
  if (absl::IsFailedPrecondition(answer.status())) return "itself";
  if (absl::IsNotFound(answer.status())) return "ended: noproc";
  if (absl::IsDeadlineExceeded(answer.status())) return "late";
  const std::optional<ExitReason> reason = ExitReasonOf(answer.status());
  return reason.has_value() ? "ended: " + reason->ToString() : "dropped";
}

// Answers the requests, or keeps or drops them.
void Handle(std::vector<Asked<Ask>> requests, std::string_view word,
            std::vector<Asked<Ask>>& held) {
  for (Asked<Ask>& asked : requests) {
    if (word == "answer") asked.reply_to.Send(asked.request.number);
    if (word == "hold") held.push_back(std::move(asked));
  }
}

// Notes all that is in the mailbox, and returns the requests.
Async<std::vector<Asked<Ask>>> ReadAll(World* world, int who) {
  Journal& journal = world->journals[who];
  std::vector<Asked<Ask>> requests;
  const auto on_text = [&](const Text& text) {
    journal.Add({.what = Note::What::kMessage,
                 .number = text.number,
                 .from = text.from,
                 .ref = text.alias});
  };
  const auto on_exit = [&](const ExitSignal& exit) {
    journal.Add({.what = Note::What::kExit,
                 .from = world->pids.NumberOf(exit.from),
                 .text = exit.reason.ToString()});
  };
  const auto on_down = [&](const Down& down) {
    std::string text = down.reason.ToString() + ", tag " + std::to_string(down.tag);
    if (!down.name.name.empty()) text += ", named " + down.name.name;
    journal.Add({.what = Note::What::kDown,
                 .from = world->pids.NumberOf(down.pid),
                 .ref = world->refs.NumberOf(down.ref),
                 .text = text});
  };
  const auto on_request = [&](Asked<Ask> asked) {
    journal.Add({.what = Note::What::kAsked,
                 .number = asked.request.number,
                 .from = asked.request.from,
                 .ref = asked.request.ref});
    requests.push_back(std::move(asked));
  };
  while (co_await Receive(on_text, on_exit, on_down, on_request).Within(absl::ZeroDuration())) {
  }
  co_return requests;
}

// Does a step. Returns what there is to note of it.
Async<std::string> Perform(World* shared, int who, Command command, std::vector<Asked<Ask>>* held) {
  World& world = *shared;
  const auto& [number, step] = command;
  const Dest dest = DestOf(world, step);
  const Pid pid = world.pids.Get(step.index);
  const Text text = {.number = number, .from = who, .alias = step.to == To::kRef ? step.index : -1};
  switch (step.op) {
    case Op::kSpawn:
      co_return SpawnChild(world, step);
    case Op::kLink:
      Link(pid);
      co_return "";
    case Op::kUnlink:
      Unlink(pid);
      co_return "";
    case Op::kMonitor: {
      const MonitorOptions options = {.tag = number, .alias = AliasOf(step)};
      world.refs.Set(step.made,
                     dest.name() == nullptr ? Monitor(pid, options) : Monitor(dest, options));
      co_return "";
    }
    case Op::kDemonitor:
      co_return YesOrNo(Demonitor(world.refs.Get(step.index), {.flush = step.word == "flush"}));
    case Op::kExit:
      Exit(pid, ReasonOf(step));
      co_return "";
    case Op::kExitSelf:
      ExitSelf(ReasonOf(step));
    case Op::kTrapExit:
      co_return YesOrNo(TrapExit(step.word == "yes"));
    case Op::kSend:
      co_return YesOrNo(Send(dest, text));
    case Op::kMakeAlias:
      world.refs.Set(step.made, MakeAlias(step.word == "explicit" ? AliasMode::kUntilUnalias
                                                                  : AliasMode::kOneMessage));
      co_return "";
    case Op::kUnalias:
      co_return YesOrNo(Unalias(world.refs.Get(step.index)));
    case Op::kSendAfter: {
      const TimerRef timer = SendAfter(absl::Seconds(DelayOf(step)), dest, text);
      world.timers.Set(step.made, timer);
      world.refs.Set(step.made, timer);
      co_return "";
    }
    case Op::kCancelTimer: {
      const TimerRef timer = world.timers.Get(step.index);
      const auto left = step.word == "cancel" ? CancelTimer(timer) : ReadTimer(timer);
      co_return left.has_value() ? std::to_string(*left / absl::Seconds(kHalfAnHour)) : "gone";
    }
    case Op::kRegister:
      co_return YesOrNo(Register(pid, step.word).ok());
    case Op::kUnregister:
      co_return YesOrNo(Unregister(kNames[step.index]).ok());
    case Op::kWhereIs: {
      const Pid holder = WhereIs(kNames[step.index]);
      co_return holder ? "p" + std::to_string(world.pids.NumberOf(holder)) : "nobody";
    }
    case Op::kRequest:
      world.journals[who].Ask();
      co_return OutcomeOf(
          co_await Request(dest, Ask{number, who, step.made}).Within(absl::Seconds(DelayOf(step))));
    case Op::kRead:
      Handle(co_await ReadAll(&world, who), step.word, *held);
      co_return "";
    case Op::kRelease:
      Handle(std::exchange(*held, {}), step.word, *held);
      co_return "";
    case Op::kYield:
      co_await Yield();
      co_return "";
    case Op::kAdvance:
    case Op::kSettle:
      break;
  }
  co_return "";
}

Async<> Body(World* world, int who) {
  Journal& journal = world->journals[who];
  std::vector<Asked<Ask>> held;
  for (int done = 1;; ++done) {
    Command command = co_await Receive<Command>();
    while (!world->is_begun) co_await Yield();
    journal.Add({.what = Note::What::kDid,
                 .number = command.number,
                 .text = co_await Perform(world, who, command, &held)});
    if (journal.to_do() > done) continue;
    // All that it has sent has arrived when all have answered.
    for (int i = 0; i < kProcesses; ++i) co_await IsAlive(world->pids.Get(i));
    journal.AddToDo(-std::exchange(done, 0));
  }
}

std::multiset<int> NumbersOf(const World& world, const std::vector<Pid>& pids) {
  std::multiset<int> numbers;
  for (const Pid& pid : pids) numbers.insert(world.pids.NumberOf(pid));
  return numbers;
}

}  // namespace

Run::Run(std::optional<uint64_t> seed) : world_(std::make_unique<World>()) {
  if (seed.has_value()) {
    auto by_hand = std::make_unique<ManualRuntime>(ManualRuntimeOptions{.seed = *seed});
    by_hand_ = by_hand.get();
    runtime_ = std::move(by_hand);
  } else {
    runtime_ = std::make_unique<Runtime>(RuntimeOptions{.schedulers = 2, .max_processes = 1024});
  }
  for (int who = 0; who < kRoots; ++who)
    world_->pids.Set(who, runtime_->Spawn(Body, world_.get(), who));
}

Run::~Run() = default;

void Run::Do(int number, const Step& step) {
  if (step.op == Op::kAdvance) return by_hand_->Advance(absl::Hours(1));
  if (step.op == Op::kSettle) return;
  const Pid pid = world_->pids.Get(step.who);
  if (!pid) return;
  world_->is_begun = false;
  world_->journals[step.who].AddToDo(1);
  runtime_->Send(pid, Command{number, step});
}

std::string Run::Settle(const std::function<std::string(const States&)>& check) {
  world_->is_begun = true;
  if (by_hand_ != nullptr) {
    by_hand_->RunUntilIdle();
    return check(Look());
  }
  constexpr int kLooks = 2'000;
  std::string wrong = "it doesn't come to an end";
  for (int i = 0; i < kLooks && !wrong.empty(); ++i) {
    const States states = Look();
    if (IsIdle(states) && Look() == states) wrong = check(states);
  }
  return wrong;
}

States Run::Look() {
  std::vector<std::optional<ProcessInfo>> infos(kProcesses);
  runtime_->Run([&]() -> Async<> {
    for (int i = 0; i < kProcesses; ++i) infos[i] = co_await Info(world_->pids.Get(i));
  });
  States states(kProcesses);
  for (int i = 0; i < kProcesses; ++i) {
    if (!infos[i].has_value()) continue;
    states[i] = {.alive = true,
                 .traps = infos[i]->traps_exits,
                 .name = infos[i]->name,
                 .unread = infos[i]->message_queue_length,
                 .links = NumbersOf(*world_, infos[i]->links),
                 .monitors = NumbersOf(*world_, infos[i]->monitors),
                 .monitored_by = NumbersOf(*world_, infos[i]->monitored_by),
                 .notes = world_->journals[i].notes()};
    SortExitsAndDowns(states[i].notes);
  }
  return states;
}

bool Run::IsIdle(const States& states) const {
  for (int i = 0; i < kProcesses; ++i) {
    if (states[i].alive && !world_->journals[i].IsIdle()) return false;
  }
  return true;
}

std::vector<std::vector<Note>> Run::Notes() const {
  std::vector<std::vector<Note>> notes;
  for (const Journal& journal : world_->journals) notes.push_back(journal.notes());
  return notes;
}

}  // namespace hydra::model
