// A program outside Hydra's tree. The files beside it are all that its workspace needs.
#include <iostream>
#include <string>

#include "hydra/process/process.h"

namespace {

struct Greeting {
  std::string text;
};

hydra::Async<> Greeter(hydra::Pid to) {
  hydra::Send(to, Greeting{"hello from a process"});
  co_return;
}

hydra::Async<> Main() {
  hydra::Spawn(Greeter, hydra::Self());
  const Greeting greeting = co_await hydra::Receive<Greeting>();
  std::cout << greeting.text << "\n";
}

}  // namespace

int main() {
  hydra::Runtime runtime;
  return runtime.Run(Main).IsClean() ? 0 : 1;
}
