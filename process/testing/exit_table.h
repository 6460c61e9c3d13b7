// The table of exit propagation, docs/semantics.md §2.1: each way in which an exit signal arises, with each reason, to a
// process that traps exits and to one that doesn't. For tests that drive it within a node, and between nodes.
#ifndef HYDRA_PROCESS_TESTING_EXIT_TABLE_H_
#define HYDRA_PROCESS_TESTING_EXIT_TABLE_H_

#include <string>
#include <vector>

#include "hydra/process/exit_reason.h"

namespace hydra {

struct ExitCase {
  // How the exit signal arises.
  enum class By {
    kAnother,        // Exit(P, reason) from another process
    kItself,         // Exit(Self(), reason)
    kPartner,        // a link partner ends with the reason
    kKilledPartner,  // a link partner is ended by Exit(partner, kill)
    kDeadPartner,    // Link(partner), which is dead
  };
  // What it does to P.
  enum class Effect { kIgnored, kDies, kDiesKilled, kMessage };

  By by;
  ExitReason reason;
  bool trapping;  // whether P traps exits
  Effect effect;

  // What P ends with, if it ends with `went_on` unless it is ended.
  ExitReason End(const ExitReason& went_on) const;
};

std::vector<ExitCase> ExitTable();

// Of letters and digits, and no other's.
std::string NameOf(const ExitCase& exit_case);

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_EXIT_TABLE_H_
