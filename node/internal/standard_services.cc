#include "hydra/node/internal/standard_services.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/internal/queue_event.h"
#include "hydra/node/internal/standard_answers.h"

namespace hydra::node_internal {
namespace {

constexpr size_t kMaxCalls = 64;
constexpr size_t kMaxWatches = 32;
// Bytes.
constexpr size_t kMaxQuestion = size_t{4} << 10;

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  buffer.Dump(&slices);
  std::string text;
  for (const grpc::Slice& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

grpc::ByteBuffer BufferOf(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

grpc::Status StatusOf(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

gpr_timespec After(absl::Duration time) {
  const int64_t ms = std::min<int64_t>(absl::ToInt64Milliseconds(time), int64_t{1} << 40);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

}  // namespace

// Waits to be called, and is that call then. Protocol: nothing is asked of gRPC beside a read but to cancel the call;
// Finish comes once, when neither a read nor a write is under way.
class StandardCall : public std::enable_shared_from_this<StandardCall> {
 public:
  explicit StandardCall(StandardServices& services) : services_(services) {}

  void Await() {
    context_.AsyncNotifyWhenDone(&over_);
    ++in_flight_;
    services_.service_.RequestCall(&context_, &stream_, services_.queue_, services_.queue_,
                                   &called_);
  }

  void StopServing() {
    if (reading_) context_.TryCancel();
    if (is_watching() && !writing_) TellOfTheStop();
  }

 private:
  bool is_watching() const { return watched_.has_value() && !finishing_; }

  void Called(bool ok) {
    --in_flight_;
    if (!ok) return services_.Ended(shared_from_this(), /*was_called=*/false, /*was_watch=*/false);
    ++in_flight_;  // that it is over
    services_.AwaitNext();
    const std::optional<StandardMethod> method = services_.answers_.MethodOf(context_.method());
    if (!method.has_value())
      return Finish({grpc::StatusCode::UNIMPLEMENTED, "there is no such method"});
    method_ = *method;
    was_admitted_ = services_.Admit(is_watch());
    if (!was_admitted_)
      return Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many ask at the moment"});
    ++in_flight_;
    limit_.Set(services_.queue_, After(services_.call_limit_), &late_);
    Read();
  }

  void Read() {
    ++in_flight_;
    reading_ = true;
    stream_.Read(&question_, &read_);
  }

  void ReadDone(bool ok) {
    --in_flight_;
    reading_ = false;
    if (!ok) return Finish(grpc::Status::OK);
    if (question_.Length() > kMaxQuestion)
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "that is too long a question"});
    std::string question = TextOf(question_);
    const absl::StatusOr<std::string> answer =
        services_.answers_.Answer(method_, question, services_.is_serving_);
    if (!answer.ok()) return Finish(StatusOf(answer.status()));
    if (method_ == StandardMethod::kCheck) return FinishWith(*answer, grpc::Status::OK);
    if (is_watch()) watched_ = std::move(question);
    ++in_flight_;
    writing_ = true;
    stream_.Write(BufferOf(*answer), &written_);
  }

  void WriteDone(bool ok) {
    --in_flight_;
    writing_ = false;
    if (!ok || is_over_) return Finish(grpc::Status::CANCELLED);
    if (!is_watch()) return Read();
    if (!services_.is_serving_) TellOfTheStop();
  }

  void TellOfTheStop() {
    FinishWith(*services_.answers_.Answer(method_, *watched_, /*is_serving=*/false),
               {grpc::StatusCode::UNAVAILABLE, "the node stops"});
  }

  void Late(bool ok) {
    --in_flight_;
    if (ok && !is_watching()) context_.TryCancel();
    EndIfOver();
  }

  // It has been cancelled, by the other or here, or has been finished.
  void Over(bool) {
    --in_flight_;
    is_over_ = true;
    if (is_watching() && !writing_) return Finish(grpc::Status::CANCELLED);
    EndIfOver();
  }

  void Finish(const grpc::Status& status) {
    finishing_ = true;
    ++in_flight_;
    stream_.Finish(status, &finished_);
  }

  void FinishWith(const std::string& answer, const grpc::Status& status) {
    finishing_ = true;
    ++in_flight_;
    stream_.WriteAndFinish(BufferOf(answer), grpc::WriteOptions(), status, &finished_);
  }

  void Finished(bool) {
    --in_flight_;
    limit_.Cancel();
    EndIfOver();
  }

  void EndIfOver() {
    if (finishing_ && in_flight_ == 0)
      services_.Ended(shared_from_this(), was_admitted_, was_admitted_ && is_watch());
  }

  bool is_watch() const { return method_ == StandardMethod::kWatch; }

  StandardServices& services_;
  EventOf<StandardCall, &StandardCall::Called> called_{*this};
  EventOf<StandardCall, &StandardCall::ReadDone> read_{*this};
  EventOf<StandardCall, &StandardCall::WriteDone> written_{*this};
  EventOf<StandardCall, &StandardCall::Late> late_{*this};
  EventOf<StandardCall, &StandardCall::Over> over_{*this};
  EventOf<StandardCall, &StandardCall::Finished> finished_{*this};
  int in_flight_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool is_over_ = false;
  bool was_admitted_ = false;
  StandardMethod method_ = StandardMethod::kCheck;
  std::optional<std::string> watched_;  // what is asked by a Watch
  grpc::ByteBuffer question_;
  grpc::Alarm limit_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
};

StandardServices::StandardServices(StandardAnswers answers, absl::Duration call_limit)
    : answers_(answers), call_limit_(call_limit) {}
StandardServices::~StandardServices() = default;

void StandardServices::Begin(grpc::ServerCompletionQueue* queue) {
  queue_ = queue;
  AwaitNext();
}

void StandardServices::AwaitNext() {
  const auto call = std::make_shared<StandardCall>(*this);
  {
    const MutexLock lock(mutex_);
    living_.insert(call);
  }
  call->Await();
}

bool StandardServices::Admit(bool is_watch) {
  const MutexLock lock(mutex_);
  if (called_ >= kMaxCalls || (is_watch && watches_ >= kMaxWatches)) return false;
  ++called_;
  if (is_watch) ++watches_;
  return true;
}

void StandardServices::Ended(const std::shared_ptr<StandardCall>& call, bool was_called,
                             bool was_watch) {
  const MutexLock lock(mutex_);
  living_.erase(call);
  if (was_called) --called_;
  if (was_watch) --watches_;
  changed_.NotifyAll();
}

void StandardServices::StopServing() {
  is_serving_ = false;
  absl::flat_hash_set<std::shared_ptr<StandardCall>> living;
  {
    const MutexLock lock(mutex_);
    living = living_;
  }
  for (const std::shared_ptr<StandardCall>& call : living) call->StopServing();
}

void StandardServices::AwaitNoCall(absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  const MutexLock lock(mutex_);
  while (called_ > 0 && absl::Now() < end) changed_.WaitFor(mutex_, end - absl::Now());
}

void StandardServices::AwaitNothing() {
  const MutexLock lock(mutex_);
  while (!living_.empty()) changed_.Wait(mutex_);
}

}  // namespace hydra::node_internal
