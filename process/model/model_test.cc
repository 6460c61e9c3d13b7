// Random programs of processes, run by the model and by the runtime: docs/semantics.md §1 to §8.
#include "hydra/process/model/model.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "hydra/process/model/invariants.h"
#include "hydra/process/model/program.h"
#include "hydra/process/model/run.h"
#include "hydra/process/model/state.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::model {
namespace {

// Says how a run differs from what is expected; nothing if it doesn't.
using Check = std::function<std::string(const Program&, uint64_t seed)>;

std::string Difference(const States& expected, const States& actual) {
  std::string text;
  for (int who = 0; who < kProcesses; ++who) {
    if (actual[who] == expected[who]) continue;
    text += "\n  p" + std::to_string(who) + " should be " + ToString(expected[who]) +
            "\n         and is " + ToString(actual[who]);
  }
  return text;
}

// Each step is done, with all that follows from it, before the next.
std::string Disagreement(const Program& program, std::optional<uint64_t> seed) {
  Model model;
  Run run(seed);
  for (int i = 0; i < static_cast<int>(program.size()); ++i) {
    if (!model.CanDo(program[i])) continue;
    model.Do(i, program[i]);
    run.Do(i, program[i]);
    const std::string wrong = run.Settle(
        [expected = model.Look()](const States& states) { return Difference(expected, states); });
    if (!wrong.empty()) return "after step " + std::to_string(i) + ": " + wrong;
  }
  return "";
}

// All processes read, and answer what they have been asked, until nobody waits any more.
std::string ReadAll(Run& run, const std::function<std::string(const States&)>& check) {
  constexpr int kReads = 50;  // more than a program has requests
  for (int i = 0; i < kReads; ++i) {
    for (int who = 0; who < kProcesses; ++who) {
      run.Do(-1, {.op = Op::kRead, .who = who, .word = "answer"});
      run.Do(-1, {.op = Op::kRelease, .who = who, .word = "answer"});
    }
    bool done = false;
    const std::string wrong = run.Settle([&](const States& states) {
      done = std::ranges::all_of(states, [](const State& state) { return state.unread == 0; });
      return check(states);
    });
    if (done || !wrong.empty()) return wrong;
  }
  return "somebody waits for ever";
}

// The steps between two that settle are done at the same time.
std::string Violation(const Program& program, std::optional<uint64_t> seed) {
  Invariants invariants(program);
  Run run(seed);
  int at = 0;
  const auto check = [&](const States& states) {
    return invariants.Check(at, states, run.Notes());
  };
  for (; at < static_cast<int>(program.size()); ++at) {
    run.Do(at, program[at]);
    if (program[at].op != Op::kSettle) continue;
    const std::string wrong = run.Settle(check);
    if (!wrong.empty()) return "after step " + std::to_string(at) + ": " + wrong;
  }
  const std::string wrong = ReadAll(run, check);
  if (!wrong.empty()) return "at the end: " + wrong;
  return run.Settle(
      [&](const States& states) { return invariants.CheckAtEnd(states, run.Notes()); });
}

// Runs a program for each of many seeds. HYDRA_TEST_SEED=7 in the environment runs that of this seed
// only. One that fails is made smaller: what is left out must leave it failing in one of `tries`.
void CheckPrograms(Kind kind, int64_t programs, int tries, const Check& check) {
  uint64_t seed = 1;
  if (const char* only = std::getenv("HYDRA_TEST_SEED")) {
    seed = std::strtoull(only, nullptr, 10);
    programs = 1;
  }
  for (; programs > 0; --programs, ++seed) {
    Program program = RandomProgram(seed, kind);
    std::string wrong = check(program, seed);
    if (wrong.empty()) continue;
    program = Shrink(program, [&](const Program& less) {
      for (int i = 0; i < tries; ++i) {
        const std::string still_wrong = check(less, seed + i);
        if (still_wrong.empty()) continue;
        wrong = still_wrong;
        return true;
      }
      return false;
    });
    ADD_FAILURE() << "HYDRA_TEST_SEED=" << seed << "\n" << ToString(program) << wrong;
    return;
  }
}

// The same check of a run on threads, which has no seed.
Check OnThreads(std::string (*check)(const Program&, std::optional<uint64_t>)) {
  return [check](const Program& program, uint64_t) { return check(program, std::nullopt); };
}

TEST(ModelTest, AgreesByHand) { CheckPrograms(Kind::kByHand, Rounds(100'000), 1, Disagreement); }

TEST(ModelTest, AgreesOnThreads) {
  CheckPrograms(Kind::kOnThreads, Rounds(10'000), 1, OnThreads(Disagreement));
}

TEST(ModelTest, HoldsTogetherByHand) {
  CheckPrograms(Kind::kTogether, Rounds(100'000), 10, Violation);
}

TEST(ModelTest, HoldsTogetherOnThreads) {
  CheckPrograms(Kind::kTogether, Rounds(20'000), 50, OnThreads(Violation));
}

}  // namespace
}  // namespace hydra::model
