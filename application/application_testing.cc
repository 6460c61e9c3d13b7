#include "hydra/application/application_testing.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"

namespace hydra {
namespace {

struct Ready {};

Async<> Root(std::string name, std::shared_ptr<Journal> journal, Pid starter) {
  TrapExit(true);
  Send(starter, Ready{});
  auto message = co_await Receive<ExitSignal, EndWith>();
  if (const auto* end = std::get_if<EndWith>(&message)) ExitSelf(end->reason);
  const ExitReason reason = std::get<ExitSignal>(message).reason;
  journal->Add("root " + name + ": " + reason.ToString());
  ExitSelf(reason);
}

Async<> AddTo(std::shared_ptr<Journal> journal, std::string entry) {
  journal->Add(std::move(entry));
  co_return;
}

Async<absl::StatusOr<Pid>> Start(std::string name, std::shared_ptr<Journal> journal) {
  journal->Add("start " + name);
  const absl::StatusOr<Pid> root =
      SpawnWith({.name = name, .link = true}, Root, name, journal, Self());
  if (root.ok()) co_await Receive<Ready>();
  co_return root;
}

}  // namespace

Application Journaled(const std::string& name, const std::shared_ptr<Journal>& journal,
                      std::vector<Application> dependencies) {
  return {.name = name,
          .start = [name, journal] { return Start(name, journal); },
          .dependencies = std::move(dependencies),
          .prep_stop = [name, journal] { return AddTo(journal, "prep_stop " + name); },
          .stop = [name, journal] { return AddTo(journal, "stop " + name); }};
}

}  // namespace hydra
