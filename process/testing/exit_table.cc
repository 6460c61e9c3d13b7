#include "hydra/process/testing/exit_table.h"

#include <cctype>
#include <string>
#include <vector>

#include "hydra/process/exit_reason.h"

namespace hydra {
namespace {

using By = ExitCase::By;
using Effect = ExitCase::Effect;

struct Row {
  By by;
  std::vector<ExitReason> reasons;
  Effect not_trapping;
  Effect trapping;
};

std::vector<ExitReason> OtherReasons() {
  return {ExitReason::Killed(),     ExitReason::Shutdown(),     ExitReason::Shutdown("detail"),
          ExitReason::NoProc(),     ExitReason::NoConnection(), ExitReason::Error("type", "text"),
          ExitReason::Custom("own")};
}

std::vector<Row> Rows() {
  const ExitReason normal = ExitReason::Normal();
  const ExitReason kill = ExitReason::Kill();
  return {
      {By::kAnother, {normal}, Effect::kIgnored, Effect::kMessage},
      {By::kAnother, {kill}, Effect::kDiesKilled, Effect::kDiesKilled},
      {By::kAnother, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kItself, {normal}, Effect::kDies, Effect::kMessage},
      {By::kItself, {kill}, Effect::kDiesKilled, Effect::kDiesKilled},
      {By::kItself, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kPartner, {normal}, Effect::kIgnored, Effect::kMessage},
      {By::kPartner, {kill}, Effect::kDies, Effect::kMessage},
      {By::kPartner, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kKilledPartner, {ExitReason::Killed()}, Effect::kDies, Effect::kMessage},
      {By::kDeadPartner, {ExitReason::NoProc()}, Effect::kDies, Effect::kMessage},
  };
}

std::string NameOf(By by) {
  switch (by) {
    case By::kAnother:
      return "ByAnother";
    case By::kItself:
      return "ByItself";
    case By::kPartner:
      return "ByPartner";
    case By::kKilledPartner:
      return "ByKilledPartner";
    case By::kDeadPartner:
      return "ByDeadPartner";
  }
  return "";
}

}  // namespace

ExitReason ExitCase::End(const ExitReason& went_on) const {
  if (effect == Effect::kDies) return reason;
  return effect == Effect::kDiesKilled ? ExitReason::Killed() : went_on;
}

std::vector<ExitCase> ExitTable() {
  std::vector<ExitCase> cases;
  for (const Row& row : Rows()) {
    for (const ExitReason& reason : row.reasons) {
      cases.push_back({row.by, reason, /*trapping=*/false, row.not_trapping});
      cases.push_back({row.by, reason, /*trapping=*/true, row.trapping});
    }
  }
  return cases;
}

std::string NameOf(const ExitCase& exit_case) {
  std::string name = NameOf(exit_case.by) + (exit_case.trapping ? "Trapped_" : "_");
  for (const char letter : exit_case.reason.ToString()) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
  }
  return name;
}

}  // namespace hydra
