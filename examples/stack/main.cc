// A stack that is a server: started with one word, popped, pushed and popped by a client, and stopped.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/application/application.h"
#include "hydra/genserver/genserver.h"
#include "hydra/supervisor/supervisor.h"

namespace {

class Stack {
 public:
  struct Pop {
    using Reply = std::optional<std::string>;  // it has a reply, so it is a call
  };
  struct Push {  // it has none, so it is a cast
    std::string item;
  };
  using Protocol = hydra::Protocol<Pop, Push>;

  explicit Stack(std::vector<std::string> items) : items_(std::move(items)) {}

  std::optional<std::string> HandleCall(Pop) {
    if (items_.empty()) return std::nullopt;
    std::string top = std::move(items_.back());
    items_.pop_back();
    return top;
  }
  void HandleCast(Push push) { items_.push_back(std::move(push.item)); }

 private:
  std::vector<std::string> items_;
};

hydra::Async<> PrintTop(hydra::ServerRef<Stack> stack) {
  const absl::StatusOr<std::optional<std::string>> top = co_await stack.Call(Stack::Pop{});
  std::cout << (top.ok() ? top->value_or("(empty)") : top.status().ToString()) << "\n";
}

hydra::Async<> Client() {
  const hydra::ServerRef<Stack> stack("stack");
  co_await PrintTop(stack);
  stack.Cast(Stack::Push{"hydra"});
  co_await PrintTop(stack);
  hydra::StopSystem();
}

// The stack is started before its client, ended after it, and started anew if it fails.
hydra::Application StackApplication() {
  const hydra::ChildSpec tree = hydra::Child<hydra::Supervisor>(
      {}, hydra::SupervisorOptions(),
      hydra::Children{
          hydra::Child<Stack>({.server = {.name = "stack"}}, std::vector<std::string>{"hello"}),
          hydra::ProcessChild({.id = "client", .restart = hydra::Restart::kTransient}, Client)});
  return {.name = "stack", .start = tree.start};
}

}  // namespace

int main() { return hydra::RunApplication(StackApplication()); }
