#include "hydra/process/model/program.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/exit_reason.h"

namespace hydra::model {
namespace {

constexpr int kSteps = 40;

// What an operation is done to.
enum class Takes : uint8_t { kNothing, kChild, kPid, kRef, kName, kPidOrName, kAny };

struct Shape {
  std::string_view name;
  int weight;
  Takes takes;
  bool makes = false;  // a ref
  std::array<std::string_view, 5> words = {};
};

// In the order of Op.
constexpr std::array kShapes = {
    Shape{"Spawn", 4, Takes::kChild, true, {"plain", "linked", "monitored", kNames[0], kNames[1]}},
    Shape{"Link", 6, Takes::kPid},
    Shape{"Unlink", 4, Takes::kPid},
    Shape{"Monitor", 6, Takes::kPidOrName, true, {"no alias", "explicit", "demonitor", "reply"}},
    Shape{"Demonitor", 3, Takes::kRef, false, {"flush", "stay"}},
    Shape{"Exit", 4, Takes::kPid, false, {"normal", "shutdown", "kill", "killed", "custom"}},
    Shape{"ExitSelf", 1, Takes::kNothing, false, {"normal", "shutdown", "kill", "custom"}},
    Shape{"TrapExit", 4, Takes::kNothing, false, {"yes", "yes", "no"}},
    Shape{"Send", 8, Takes::kAny},
    Shape{"Request", 5, Takes::kAny, true, {"0", "1", "2"}},
    Shape{"Read", 6, Takes::kNothing, false, {"answer", "hold", "drop"}},
    Shape{"Release", 3, Takes::kNothing, false, {"answer", "drop"}},
    Shape{"MakeAlias", 4, Takes::kNothing, true, {"explicit", "one message"}},
    Shape{"Unalias", 2, Takes::kRef},
    Shape{"SendAfter", 4, Takes::kAny, true, {"0", "1", "2"}},
    Shape{"CancelTimer", 2, Takes::kRef, false, {"cancel", "read"}},
    Shape{"Register", 4, Takes::kPid, false, {kNames[0], kNames[1]}},
    Shape{"Unregister", 1, Takes::kName},
    Shape{"WhereIs", 1, Takes::kName},
    Shape{"Yield", 8, Takes::kNothing},
    Shape{"Advance", 4, Takes::kNothing},
    Shape{"Settle", 12, Takes::kNothing},
};

const Shape& ShapeOf(Op op) { return kShapes[static_cast<size_t>(op)]; }

class Generator {
 public:
  Generator(uint64_t seed, Kind kind) : kind_(kind), random_(seed) {
    for (size_t op = 0; op < kShapes.size(); ++op)
      weights_.push_back(Has(static_cast<Op>(op)) ? kShapes[op].weight : 0);
  }

  Step Next() {
    Step step;
    do step.op = RandomOp();
    while (step.op == Op::kSpawn && processes_ == kProcesses);
    const Shape& shape = ShapeOf(step.op);
    step.who = Below(processes_);
    SetTarget(step, shape.takes);
    if (shape.makes) step.made = refs_++;
    const auto* end = std::ranges::find(shape.words.begin() + 1, shape.words.end(), "");
    step.word = shape.words[Below(static_cast<int>(end - shape.words.begin()))];
    return step;
  }

 private:
  // Of the operations that not every program needs it has some, and so more of each.
  bool Has(Op op) {
    switch (op) {
      case Op::kAdvance:
        return kind_ == Kind::kByHand;
      case Op::kYield:
      case Op::kSettle:
        return kind_ == Kind::kTogether;
      case Op::kSend:
      case Op::kRead:
        return true;
      default:
        return Below(one_in_) == 0;
    }
  }

  int Below(int limit) { return static_cast<int>(random_() % limit); }

  Op RandomOp() {
    int left = Below(std::reduce(weights_.begin(), weights_.end()));
    size_t op = 0;
    while (left >= weights_[op]) left -= weights_[op++];
    return static_cast<Op>(op);
  }

  void SetTarget(Step& step, Takes takes) {
    const int die = Below(4);
    step.to = To::kPid;
    step.index = Below(processes_);
    if (takes == Takes::kChild) step.index = processes_++;
    if (takes == Takes::kNothing) step.to = To::kNothing;
    if (takes == Takes::kName || (takes == Takes::kPidOrName && die == 0) ||
        (takes == Takes::kAny && die == 0)) {
      step.to = To::kName;
      step.index = Below(kNames.size());
    }
    // The later a ref was made, the more is it used.
    if (takes == Takes::kRef || (takes == Takes::kAny && die == 1)) {
      step.to = To::kRef;
      step.index = std::max(refs_ - 1 - Below(6), 0);
    }
    // Processes that asked each other would wait for ever; one that asks itself doesn't.
    if (kind_ == Kind::kTogether && step.op == Op::kRequest) {
      step.to = To::kPid;
      step.index = std::min(step.who + 1 + Below(2), kProcesses - 1);
    }
  }

  const Kind kind_;
  std::mt19937_64 random_;
  int one_in_ = 1 + Below(4);
  std::vector<int> weights_;
  int processes_ = kRoots;
  int refs_ = 0;
};

std::string ToString(To to, int index) {
  switch (to) {
    case To::kNothing:
      return "";
    case To::kPid:
      return " p" + std::to_string(index);
    case To::kRef:
      return " r" + std::to_string(index);
    case To::kName:
      return " " + std::string(kNames[index]);
  }
  return "";
}

}  // namespace

std::string ToString(const Step& step) {
  const Shape& shape = ShapeOf(step.op);
  std::string text;
  if (step.op < Op::kAdvance) text += "p" + std::to_string(step.who) + ": ";
  text += std::string(shape.name) + ToString(step.to, step.index);
  if (!step.word.empty()) text += ", " + std::string(step.word);
  if (step.made >= 0) text += " -> r" + std::to_string(step.made);
  return text;
}

std::string ToString(const Program& program) {
  std::string text;
  for (size_t i = 0; i < program.size(); ++i)
    text += "  " + std::to_string(i) + "  " + ToString(program[i]) + "\n";
  return text;
}

Program RandomProgram(uint64_t seed, Kind kind) {
  Generator generator(seed, kind);
  Program program(kSteps);
  for (Step& step : program) step = generator.Next();
  for (int who = 0; who < kProcesses; ++who)
    program.push_back({.op = Op::kRead, .who = who, .word = "answer"});
  return program;
}

Program Shrink(Program program, const std::function<bool(const Program&)>& fails) {
  for (size_t size = program.size() / 2; size > 0;) {
    const size_t before = program.size();
    for (size_t at = 0; at < program.size();) {
      Program less = program;
      less.erase(less.begin() + at, less.begin() + std::min(at + size, less.size()));
      if (fails(less)) {
        program = std::move(less);
      } else {
        at += size;
      }
    }
    if (size > 1 || program.size() == before) size /= 2;
  }
  return program;
}

int DelayOf(const Step& step) {
  return (step.word[0] - '0') * kHalfAnHour + kHalfAnHour / 2 + step.made;
}

ExitReason ReasonOf(const Step& step) {
  if (step.word == "shutdown") return ExitReason::Shutdown();
  if (step.word == "kill") return ExitReason::Kill();
  if (step.word == "killed") return ExitReason::Killed();
  if (step.word == "custom") return ExitReason::Custom("enough");
  return ExitReason::Normal();
}

}  // namespace hydra::model
