// The programs that run_application_test runs: the first argument says which. Each says on stdout what it is
// doing.
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/application.h"

namespace {

using hydra::Application;
using hydra::Async;
using hydra::Pid;
using hydra::RunApplication;
using hydra::RunOptions;

const hydra::Setting<int> kPort("shop", "port", 8080);

void Say(std::string line) {
  line += "\n";
  static_cast<void>(write(STDOUT_FILENO, line.data(), line.size()));
}

// Without a scheduler's ever getting it back.
[[noreturn]] void Compute() {
  for (volatile int i = 0;;) i = i + 1;
}

struct Ready {};

// An application whose root does `at_end` when it is asked to end.
Application Serving(const std::string& name, const std::function<Async<>()>& at_end = nullptr) {
  Application application = {.name = name};
  application.start = [name, at_end]() -> Async<absl::StatusOr<Pid>> {
    const Pid root = hydra::SpawnLink([name, at_end, starter = hydra::Self()]() -> Async<> {
      hydra::TrapExit(true);
      Say(name + " is ready");
      hydra::Send(starter, Ready{});
      co_await hydra::Receive<hydra::ExitSignal>();
      Say(name + " is asked to end");
      if (at_end != nullptr) co_await at_end();
    });
    co_await hydra::Receive<Ready>();
    co_return root;
  };
  application.prep_stop = [name]() -> Async<> {
    Say("prep_stop of " + name);
    co_return;
  };
  application.stop = [name]() -> Async<> {
    Say("stop of " + name);
    co_return;
  };
  return application;
}

// An application whose start does `at_start` and then fails.
Application Starting(std::string name, std::function<Async<absl::Status>()> at_start) {
  return {.name = std::move(name),
          .start = [at_start = std::move(at_start)]() -> Async<absl::StatusOr<Pid>> {
            co_return co_await at_start();
          }};
}

// An application whose root does `body`.
Application Rooted(std::function<Async<>()> body) {
  return {.name = "shop", .start = [body = std::move(body)]() -> Async<absl::StatusOr<Pid>> {
            co_return hydra::SpawnLink(body);
          }};
}

Async<> Forever() { co_await hydra::Sleep(absl::InfiniteDuration()); }

int Serve() {
  Application shop = Serving("shop");
  shop.dependencies = {Serving("stock")};
  return RunApplication(shop);
}

int End() {
  return RunApplication(Rooted([]() -> Async<> { co_return; }));
}

int Crash() {
  return RunApplication(Rooted([]() -> Async<> {
    throw std::runtime_error("no route");
    co_return;
  }));
}

int AskForAnExitCode() {
  return RunApplication(Rooted([]() -> Async<> {
    hydra::StopSystem(7);
    co_await Forever();
  }));
}

int FailToStart() {
  Application shop = Serving("shop");
  shop.dependencies = {Serving("stock"), Starting("database", []() -> Async<absl::Status> {
                         co_return absl::UnavailableError(
                             "failed to start child \"pool\": error std::runtime_error: no route");
                       })};
  return RunApplication(shop);
}

int StartForEver() {
  Application shop = Starting("shop", []() -> Async<absl::Status> {
    Say("starting");
    co_await Forever();
    co_return absl::OkStatus();
  });
  shop.dependencies = {Serving("stock")};
  return RunApplication(shop);
}

int StopInDisorder() {
  Application shop = Serving("shop");
  shop.stop = []() -> Async<> {
    throw std::runtime_error("jammed");
    co_return;
  };
  return RunApplication(shop);
}

int NeverEnd(RunOptions options) {
  return RunApplication(Serving("shop", Forever), std::move(options));
}

int ComputeForEver(RunOptions options) {
  options.runtime.schedulers = 1;
  return RunApplication(Rooted([]() -> Async<> {
                          Say("computing");
                          Compute();
                          co_return;
                        }),
                        options);
}

int LeaveOneThatComputes(RunOptions options) {
  options.runtime.schedulers = 2;
  return RunApplication(Rooted([]() -> Async<> {
                          hydra::Spawn([]() -> Async<> {
                            Say("computing");
                            Compute();
                            co_return;
                          });
                          co_return;
                        }),
                        options);
}

// A signal that comes when the system is stopping already changes nothing.
int GetALateSignal() {
  Application shop = Rooted([]() -> Async<> { co_return; });
  shop.stop = []() -> Async<> {
    kill(getpid(), SIGTERM);
    co_return;
  };
  return RunApplication(shop);
}

// A signal that is too late for the system is dropped: it doesn't wait until the mask is restored.
int GetASignalAtTheVeryEnd() {
  struct Raises {
    ~Raises() { raise(SIGTERM); }  // by main's thread, which destroys what is left in the runtime
  };
  return RunApplication(Rooted([]() -> Async<> {
    hydra::Spawn([]() -> Async<> {
      const Raises raises;
      hydra::StopSystem();
      co_await Forever();
    });
    co_await Forever();
  }));
}

// What signals do afterwards is what they did before.
int RestoreTheMask() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Say("exit code " + std::to_string(End()));
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  if (sigismember(&mask, SIGINT) == 1) Say("SIGINT is blocked");
  raise(SIGTERM);
  Say("SIGTERM is blocked");
  return 0;
}

int Set(const std::string& name, const std::string& text) {
  return RunApplication(Rooted([]() -> Async<> {
                          Say("port " + std::to_string(kPort.Get()));
                          co_return;
                        }),
                        {.settings = {{name, text}}});
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string_view, std::function<int()>> scenarios = {
      {"serve", &Serve},
      {"end", &End},
      {"crash", &Crash},
      {"ask for an exit code", &AskForAnExitCode},
      {"fail to start", &FailToStart},
      {"start for ever", &StartForEver},
      {"stop in disorder", &StopInDisorder},
      {"never end", [] { return NeverEnd({.shutdown_limit = absl::InfiniteDuration()}); }},
      {"never end, with a limit",
       [] { return NeverEnd({.shutdown_limit = absl::Milliseconds(200)}); }},
      {"compute for ever", [] { return ComputeForEver({.shutdown_limit = absl::Hours(1)}); }},
      {"compute for ever, with a limit",
       [] { return ComputeForEver({.shutdown_limit = absl::Milliseconds(200)}); }},
      {"leave one that computes",
       [] { return LeaveOneThatComputes({.shutdown_limit = absl::Milliseconds(200)}); }},
      {"get a late signal", &GetALateSignal},
      {"get a signal at the very end", &GetASignalAtTheVeryEnd},
      {"restore the mask", &RestoreTheMask},
      {"set shop.port to 9090", [] { return Set("shop.port", "9090"); }},
      {"set shop.port to many", [] { return Set("shop.port", "many"); }},
      {"set shop.prot to 9090", [] { return Set("shop.prot", "9090"); }},
  };
  const auto scenario = scenarios.find(argc < 2 ? "" : argv[1]);
  if (scenario == scenarios.end()) {
    Say("no such scenario");
    return 99;
  }
  return scenario->second();
}
