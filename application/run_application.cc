#include "hydra/application/run_application.h"

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/internal/controller.h"
#include "hydra/application/internal/messages.h"
#include "hydra/application/internal/stop_signals.h"
#include "hydra/application/setting.h"
#include "hydra/application/spec.h"
#include "hydra/application/system.h"
#include "hydra/base/log.h"
#include "hydra/base/log_severity.h"
#include "hydra/process/async.h"
#include "hydra/process/runtime.h"

namespace hydra {
namespace {

using application_internal::kController;
using application_internal::kMasterPrefix;
using application_internal::StopSignals;

class ScopedMinLogSeverity {
 public:
  explicit ScopedMinLogSeverity(std::optional<LogSeverity> severity) {
    if (severity.has_value()) SetMinLogSeverity(*severity);
  }
  ScopedMinLogSeverity(const ScopedMinLogSeverity&) = delete;
  ScopedMinLogSeverity& operator=(const ScopedMinLogSeverity&) = delete;
  ~ScopedMinLogSeverity() { SetMinLogSeverity(before_); }

 private:
  const LogSeverity before_ = MinLogSeverity();
};

void PrintFailure(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
}

// " (application shop)": the applications that have a master.
std::string StillRunning(const Runtime& runtime) {
  std::string names;
  for (const std::string& name : runtime.RegisteredNames()) {
    if (name.rfind(kMasterPrefix, 0) != 0) continue;
    names += (names.empty() ? " (still running: " : ", ") + name.substr(kMasterPrefix.size());
  }
  return names.empty() ? names : names + ")";
}

// The system, from its start to its stop. Yields the exit code.
Async<int> RunSystem(Application application, std::map<std::string, std::string> settings) {
  for (const auto& [name, text] : settings) {
    if (const absl::Status status = SetSetting(name, text); !status.ok()) {
      PrintFailure(status);
      co_return 1;
    }
  }
  const absl::StatusOr<std::vector<std::string>> started =
      co_await StartApplication(std::move(application));
  if (!started.ok()) {
    StopSystem(1);
    // Unless it was a stop that has broken it off.
    if (!absl::IsCancelled(started.status())) PrintFailure(started.status());
  }
  co_return co_await SystemStopped();
}

}  // namespace

int RunApplication(Application application, RunOptions options) {
  const ScopedMinLogSeverity severity(options.min_log_severity);
  StopSignals signals(options.shutdown_limit);
  Runtime runtime(options.runtime);
  // Before the first signal is taken there must be somebody to tell.
  runtime.Run([&signals]() -> Async<> {
    application_internal::EnsureController([&signals] { signals.StopBegins(); });
    co_return;
  });
  signals.Start(
      [&runtime](int) {
        runtime.Send(std::string(kController), application_internal::BeginStop{.exit_code = 0});
      },
      [&runtime] { return StillRunning(runtime); });
  int exit_code = 1;
  runtime.Run([&]() -> Async<> {
    exit_code = co_await RunSystem(std::move(application), std::move(options.settings));
  });
  signals.Detach();
  signals.StopBegins();
  return exit_code;
}

}  // namespace hydra
