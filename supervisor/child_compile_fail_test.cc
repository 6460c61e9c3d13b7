// What Child, ProcessChild and the questions to supervisors refuse.
#include <memory>
#include <string>
#include <utility>

#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {

struct Server {
  using Protocol = hydra::Protocol<>;
  explicit Server(std::string text) : name(std::move(text)) {}
  explicit Server(std::unique_ptr<int> number) : name(std::to_string(*number)) {}
  std::string name;
};

Async<> Body(std::string) { co_return; }
Async<> OwningBody(std::unique_ptr<int>) { co_return; }
Async<> ReferringBody(std::string&) { co_return; }
void PlainBody(std::string) {}

Async<> Use(ServerRef<Supervisor> supervisor, ServerRef<DynamicSupervisor> dynamic) {
  ChildSpec server = Child<Server>({}, std::string("a"));
  ChildSpec process = ProcessChild({}, Body, std::string("a"));
  static_cast<void>(co_await StartChild(supervisor, server));
  static_cast<void>(co_await StartChild(dynamic, process));
  static_cast<void>(co_await WhichChildren(dynamic));

#if defined(WRONG_ARGUMENTS)
  server = Child<Server>({}, 1);
#elif defined(NO_ARGUMENTS)
  server = Child<Server>({});
#elif defined(ARGUMENT_THAT_CANNOT_BE_COPIED)
  server = Child<Server>({}, std::make_unique<int>(1));
#elif defined(PROCESS_ARGUMENT_THAT_CANNOT_BE_COPIED)
  process = ProcessChild({}, OwningBody, std::make_unique<int>(1));
#elif defined(BODY_THAT_CANNOT_BE_COPIED)
  process = ProcessChild({}, [number = std::make_unique<int>(1)]() -> Async<> { co_return; });
#elif defined(BODY_THAT_REFERS)
  process = ProcessChild({}, ReferringBody, std::string("a"));
#elif defined(BODY_THAT_IS_NO_COROUTINE)
  process = ProcessChild({}, PlainBody, std::string("a"));
#elif defined(DROPPED_CHILD)
  StartChild(supervisor, server);
#elif defined(DROPPED_QUESTION)
  CountChildren(supervisor);
#elif defined(IGNORED_RESULT)
  co_await TerminateChild(supervisor, "a");
#elif defined(ID_FOR_A_DYNAMIC_SUPERVISOR)
  static_cast<void>(co_await TerminateChild(dynamic, "a"));
#elif defined(PID_FOR_A_SUPERVISOR)
  static_cast<void>(co_await TerminateChild(supervisor, Self()));
#elif defined(RESTART_OF_A_DYNAMIC_CHILD)
  static_cast<void>(co_await RestartChild(dynamic, "a"));
#elif defined(QUESTION_TO_ANOTHER_SERVER)
  static_cast<void>(co_await WhichChildren(ServerRef<Server>()));
#endif
}

}  // namespace hydra
