#include "hydra/node/internal/grpc_stream.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"

namespace hydra::node_internal {

// ---- GrpcStreams.

bool GrpcStreams::Add(const std::shared_ptr<GrpcStream>& stream) {
  const MutexLock lock(mutex_);
  if (!closed_) living_.insert(stream);
  return !closed_;
}

void GrpcStreams::Remove(const std::shared_ptr<GrpcStream>& stream) {
  const MutexLock lock(mutex_);
  living_.erase(stream);
  if (living_.empty()) none_left_.NotifyAll();
}

void GrpcStreams::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

bool GrpcStreams::is_closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

void GrpcStreams::EndAll() {
  absl::flat_hash_set<std::shared_ptr<GrpcStream>> living;
  {
    const MutexLock lock(mutex_);
    living = living_;
  }
  for (const std::shared_ptr<GrpcStream>& stream : living) stream->End(/*after_write=*/false);
}

void GrpcStreams::LetWrite() {
  for (const std::shared_ptr<GrpcStream>& stream : std::exchange(written_, {})) stream->MayWrite();
}

void GrpcStreams::AwaitNone(absl::Duration time) {
  const absl::Time end = absl::Now() + time;
  const MutexLock lock(mutex_);
  while (!living_.empty() && absl::Now() < end) {
    if (time == absl::InfiniteDuration()) {
      none_left_.Wait(mutex_);
    } else {
      none_left_.WaitFor(mutex_, end - absl::Now());
    }
  }
}

void GrpcStreams::HasWritten(std::shared_ptr<GrpcStream> stream) {
  written_.push_back(std::move(stream));
}

// ---- GrpcStream.

void GrpcStream::Read() {
  const MutexLock lock(mutex_);
  ReadOn();
}

void GrpcStream::Write(const v1::Frame& frame) {
  const MutexLock lock(mutex_);
  if (!open_ || finishing_ || closing_) return;
  writing_ = true;
  ++in_flight_;
  StartWrite(frame, &written_);
}

void GrpcStream::End(bool after_write) {
  const MutexLock lock(mutex_);
  if (!after_write) return Abort();
  ReadOn();  // the end of a stream is read
  if (!open_) return Cancel();
  if (std::exchange(closing_, true) || finishing_) return;
  if (!writing_) CloseWrites();
}

void GrpcStream::MayWrite() {
  if (events_ != nullptr) events_->OnWritten();
}

bool GrpcStream::Live(std::shared_ptr<LinkEvents> events) {
  events_ = std::move(events);
  const MutexLock lock(mutex_);
  return is_living_ = streams_.Add(shared_from_this());
}

void GrpcStream::Opened(bool ok) {
  if (ok) SetOpen();
  Settle(/*read_on=*/ok);
  if (ok && events_ != nullptr) events_->OnOpen();
}

void GrpcStream::SetOpen() {
  const MutexLock lock(mutex_);
  open_ = true;
}

Event* GrpcStream::opened() {
  const MutexLock lock(mutex_);
  ++in_flight_;
  return &opened_;
}

void GrpcStream::ReadOn() {
  if (!open_ || finishing_ || std::exchange(reading_, true)) return;
  ++in_flight_;
  StartRead(&coming_->Renew(), &read_);
}

void GrpcStream::ReadDone(bool ok) {
  {
    const MutexLock lock(mutex_);
    --in_flight_;
    reading_ = false;
    std::swap(coming_, come_);
    if (!ok) BeginFinish();
  }
  EndIfOver();
  if (ok && events_ != nullptr) events_->OnFrame(**come_);
}

void GrpcStream::WriteDone(bool ok) {
  bool may_write = false;
  {
    const MutexLock lock(mutex_);
    --in_flight_;
    writing_ = false;
    if (finish_when_written_) {
      BeginFinish();
    } else if (closing_) {
      CloseWrites();
    } else {
      may_write = ok && !finishing_;
    }
  }
  EndIfOver();
  if (may_write) streams_.HasWritten(shared_from_this());
}

void GrpcStream::Finished(bool) {
  {
    const MutexLock lock(mutex_);
    --in_flight_;
    finished_ = true;
  }
  EndIfOver();
}

// Something has come out of the completion queue.
void GrpcStream::Settle(bool read_on) {
  {
    const MutexLock lock(mutex_);
    --in_flight_;
    if (!read_on) BeginFinish();
  }
  EndIfOver();
}

void GrpcStream::Abort() {
  if (!is_living_ || finished_) return;
  ReadOn();  // the end of a stream is read
  Cancel();
  if (std::exchange(aborted_, true)) return;
  ++in_flight_;
  abortion_.Set(queue_, gpr_now(GPR_CLOCK_MONOTONIC), &abort_);
}

void GrpcStream::Aborted(bool) {
  TellEnd("it was ended here");
  Settle(/*read_on=*/true);
}

// Once.
void GrpcStream::TellEnd(std::string why) {
  if (const auto events = std::exchange(events_, nullptr)) events->OnEnd(std::move(why));
}

void GrpcStream::CloseWrites() {
  if (!StartWritesDone(&closed_writes_)) return BeginFinish();
  ++in_flight_;
}

void GrpcStream::BeginFinish() {
  if (writing_) {
    finish_when_written_ = true;
    return Cancel();
  }
  if (std::exchange(finishing_, true)) return;
  ++in_flight_;
  StartFinish(&finish_);
}

void GrpcStream::EndIfOver() {
  {
    const MutexLock lock(mutex_);
    if (!finished_ || in_flight_ > 0) return;
  }
  TellEnd(WhyFinished());
  GoOrLinger(true);
}

void GrpcStream::GoOrLinger(bool) {
  if (!streams_.is_closed() && Lingers(&lingered_)) return;
  streams_.Remove(shared_from_this());
}

// ---- Its two ends.

DialledStream::DialledStream(GrpcStreams& streams, grpc::CompletionQueue* queue,
                             std::shared_ptr<grpc::Channel> channel)
    : GrpcStream(streams, queue),
      channel_(std::move(channel)),
      stub_(v1::Link::NewStub(channel_)) {}

void DialledStream::Dial(const std::shared_ptr<LinkEvents>& events) {
  if (!Live(events)) return events->OnEnd("this node stops");
  stream_ = stub_->PrepareAsyncConnect(&context_, queue());
  stream_->StartCall(opened());
}

bool DialledStream::Lingers(Event* event) {
  constexpr auto kAtATime = std::chrono::milliseconds(100);  // no longer does a stop wait
  if (channel_->GetState(/*try_to_connect=*/false) != GRPC_CHANNEL_CONNECTING) return false;
  channel_->NotifyOnStateChange(GRPC_CHANNEL_CONNECTING,
                                std::chrono::system_clock::now() + kAtATime, queue(), event);
  return true;
}

void AcceptedStream::Await(v1::Link::AsyncService& service, grpc::ServerCompletionQueue* queue,
                           Accepted accepted) {
  waiting_ = std::static_pointer_cast<AcceptedStream>(shared_from_this());
  accepted_ = std::move(accepted);
  service.RequestConnect(&context_, &stream_, queue, queue, &called_);
}

void AcceptedStream::Open(const std::shared_ptr<LinkEvents>& events) {
  if (!Live(events)) return events->OnEnd("this node stops");
  SetOpen();
  events->OnOpen();
}

}  // namespace hydra::node_internal
