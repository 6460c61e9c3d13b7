#include "hydra/genserver/internal/server_core.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/base/log.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/genserver/next.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/via.h"
#include "hydra/process/wire.h"

namespace hydra::genserver_internal {

bool ServerCore::Enter(const Via& via) {
  absl::Status entered = via.Register();
  if (entered.ok()) return true;
  SendReplyAtEnd<StartServerRequest>(std::move(unanswered_),
                                     StartOutcome{.status = std::move(entered)});
  Stop(ExitReason::Normal());
  return false;
}

bool ServerCore::Begin(InitResult result) {
  if (StartOutcome outcome{result.ignored(), result.status()}; !outcome.has_started()) {
    SendReplyAtEnd<StartServerRequest>(std::move(unanswered_), std::move(outcome));
    return false;
  }
  SetNext(std::move(result.next()));
  if (!is_running()) Finish();
  return is_running();
}

void ServerCore::Started() {
  SendReply<StartServerRequest>(std::move(unanswered_), StartOutcome());
}

void ServerCore::CallbackFailed() {
  Stop(CatchExit());
  // The asker hears of the end.
  if (unanswered_) unanswered_.Hold();
}

void ServerCore::GoToSleep() {
  HibernateState();
  GiveBackMemory();
}

absl::Duration ServerCore::LimitOfWait() {
  if (next_.kind() == Next::Kind::kIdleTimeout)
    return std::min(next_.timeout(), context_.hibernate_after);
  GoToSleep();
  next_ = Next();
  return absl::InfiniteDuration();
}

bool ServerCore::HandleSystemMessage() {
  if (incoming_.Is<Asked<SysRequest>>()) {
    HandleSys(incoming_.Take<Asked<SysRequest>>());
    return true;
  }
  if (incoming_.Is<StopServer>()) {
    Stop(incoming_.Take<StopServer>().reason);
    return true;
  }
  if (const ExitSignal* exit = incoming_.Get<ExitSignal>();
      exit != nullptr && context_.parent && exit->from == context_.parent) {
    Stop(incoming_.Take<ExitSignal>().reason);
    return true;
  }
  return false;
}

void ServerCore::HandleSys(Asked<SysRequest> asked) {
  asked.reply_to.Send(asked.request.operation(*this));
}

Async<> ServerCore::ServeSuspended() {
  const auto is_served = [this](const auto& message) {
    if constexpr (requires { message.from; }) {
      return context_.parent && message.from == context_.parent;
    } else {
      return true;
    }
  };
  auto message = co_await Receive<Asked<SysRequest>, StopServer, ExitSignal>().Where(is_served);
  if (auto* asked = std::get_if<Asked<SysRequest>>(&message)) {
    HandleSys(std::move(*asked));
  } else if (auto* stop = std::get_if<StopServer>(&message)) {
    Stop(std::move(stop->reason));
  } else {
    Stop(std::move(std::get<ExitSignal>(message).reason));
  }
}

std::string ServerCore::Named() const {
  std::string named = "server ";
  named.append(class_name_).append(" ").append(Self().ToString());
  if (const std::string name = RegisteredName(); !name.empty())
    named.append(" \"").append(name).append("\"");
  return named;
}

std::string_view ServerCore::MessageName() const {
  constexpr std::string_view kAsked = "hydra::Asked<";
  if (!last_message_.starts_with(kAsked)) return last_message_;
  return last_message_.substr(kAsked.size(), last_message_.size() - kAsked.size() - 1);
}

void ServerCore::LogUnhandled(const Message& message) const {
  // One of another node that nothing here knows says itself what it is.
  const Encoded* encoded = message.Get<Encoded>();
  HYDRA_LOG(WARNING) << Named() << " has got a "
                     << (encoded == nullptr ? message.type_name() : encoded->type)
                     << ", which it has no HandleInfo for";
}

void ServerCore::Finish() {
  if (!stop_reason().IsClean()) Report(stop_reason());
  EndReported(stop_reason());
}

void ServerCore::Report(const ExitReason& reason) {
  std::string report = Named();
  if (const std::string label = Label(); !label.empty())
    report.append(" (").append(label).append(")");
  report.append(" ended with ").append(reason.ToString());
  if (!last_message_.empty()) report.append("\n  last message: ").append(MessageName());
  if (const std::string state = FormattedState(); !state.empty())
    report.append("\n  state: ").append(state);
  const char* before = "\n  ancestors: ";
  for (const Pid& ancestor : Ancestors()) {
    report.append(before).append(ancestor.ToString());
    before = ", ";
  }
  HYDRA_LOG(ERROR) << report;
}

}  // namespace hydra::genserver_internal
