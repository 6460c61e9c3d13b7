// GrpcStream: one end of a connection's stream, on gRPC. See grpc_links.h, which has the queue that its events come from, and
// what is said there of TSan.
#ifndef HYDRA_NODE_INTERNAL_GRPC_STREAM_H_
#define HYDRA_NODE_INTERNAL_GRPC_STREAM_H_

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/internal/frame_buffer.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/queue_event.h"
#include "node/proto/link.grpc.pb.h"

namespace hydra::node_internal {

class GrpcStream;

// All streams of a node: those that live, of which something may be in the completion queue, or come into it; and those
// that wait to write on.
class GrpcStreams {
 public:
  // Returns false if there can be no more.
  bool Add(const std::shared_ptr<GrpcStream>& stream);
  void Remove(const std::shared_ptr<GrpcStream>& stream);
  // Lets no more in.
  void Close();
  bool is_closed() const;
  // Ends them all.
  void EndAll();
  // Waits until none lives, at most for `time`.
  void AwaitNone(absl::Duration time);

  // ---- For whoever handles events.

  // The stream has written, and may go on when LetWrite is called.
  void HasWritten(std::shared_ptr<GrpcStream> stream);
  void LetWrite();

 private:
  std::vector<std::shared_ptr<GrpcStream>> written_;
  mutable Mutex mutex_;
  CondVar none_left_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<GrpcStream>> living_ ABSL_GUARDED_BY(mutex_);
};

// What both ends of a stream have in common. Protocol: there is one read at a time until one fails, then Finish; one
// write at a time; no Finish while there is a write. It lives until nothing of it is in the completion queue: when it is
// cancelled that may take long, since gRPC doesn't let go of a write while the system takes no more bytes. So whoever
// ends it at once is told at once that it is over, and what completes after that is nobody's.
//
// gRPC 1.51 keeps a connection for ever, with its file, if it comes about when its channel has gone
// (grpc/grpc#32071). So a stream lingers, with its channel, while that is connecting.
class GrpcStream : public LinkStream, public std::enable_shared_from_this<GrpcStream> {
 public:
  GrpcStream(GrpcStreams& streams, grpc::CompletionQueue* queue)
      : streams_(streams), queue_(queue) {}

  void Read() override;
  void Write(const v1::Frame& frame) override;
  void End(bool after_write) override;

  // For GrpcStreams.
  void MayWrite();

 protected:
  // Begins the life of the stream, until OnEnd. Returns false if it can't live.
  bool Live(std::shared_ptr<LinkEvents> events);
  void Opened(bool ok);

  virtual void StartRead(v1::Frame* frame, Event* event) = 0;
  virtual void StartWrite(const v1::Frame& frame, Event* event) = 0;
  virtual void StartFinish(Event* event) = 0;
  // Says that no more will be written; returns false where only Finish says that.
  virtual bool StartWritesDone(Event* event) = 0;
  virtual void Cancel() = 0;
  virtual std::string WhyFinished() const = 0;
  // Whether it may not go yet, when all is over; then the event comes when that may have changed.
  virtual bool Lingers(Event*) { return false; }

  // It may be read from now on: no more than one read at a time is asked of gRPC.
  void SetOpen();

  // For what is started by those that are derived from it.
  Event* opened();
  grpc::CompletionQueue* queue() const { return queue_; }

 private:
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadDone(bool ok);
  void WriteDone(bool ok);
  void ClosedWrites(bool) { Settle(/*read_on=*/true); }
  void Finished(bool);
  void Settle(bool read_on);
  void Abort() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Aborted(bool);
  void TellEnd(std::string why);
  void CloseWrites() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndIfOver();
  void GoOrLinger(bool);

  EventOf<GrpcStream, &GrpcStream::Opened> opened_{*this};
  EventOf<GrpcStream, &GrpcStream::ReadDone> read_{*this};
  EventOf<GrpcStream, &GrpcStream::WriteDone> written_{*this};
  EventOf<GrpcStream, &GrpcStream::ClosedWrites> closed_writes_{*this};
  EventOf<GrpcStream, &GrpcStream::Finished> finish_{*this};
  EventOf<GrpcStream, &GrpcStream::Aborted> abort_{*this};
  EventOf<GrpcStream, &GrpcStream::GoOrLinger> lingered_{*this};
  GrpcStreams& streams_;
  grpc::CompletionQueue* const queue_;
  std::shared_ptr<LinkEvents> events_;  // null when they have been told of the end
  std::unique_ptr<FrameBuffer> come_ =
      std::make_unique<FrameBuffer>();  // while OnFrame looks at it

  Mutex mutex_;
  bool is_living_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm abortion_ ABSL_GUARDED_BY(mutex_);
  bool aborted_ ABSL_GUARDED_BY(mutex_) = false;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;  // in the completion queue
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<FrameBuffer> coming_ ABSL_GUARDED_BY(mutex_) = std::make_unique<FrameBuffer>();
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // no more is to be written
  bool finish_when_written_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

class DialledStream final : public GrpcStream {
 public:
  DialledStream(GrpcStreams& streams, grpc::CompletionQueue* queue,
                std::shared_ptr<grpc::Channel> channel);

  void Dial(const std::shared_ptr<LinkEvents>& events);

 private:
  void StartRead(v1::Frame* frame, Event* event) override { stream_->Read(frame, event); }
  void StartWrite(const v1::Frame& frame, Event* event) override { stream_->Write(frame, event); }
  void StartFinish(Event* event) override { stream_->Finish(&status_, event); }
  bool StartWritesDone(Event* event) override {
    stream_->WritesDone(event);
    return true;
  }
  void Cancel() override { context_.TryCancel(); }
  std::string WhyFinished() const override {
    return status_.ok() ? "the other node has ended it" : status_.error_message();
  }
  bool Lingers(Event* event) override;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Link::Stub> stub_;
  grpc::ClientContext context_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::Frame, v1::Frame>> stream_;
};

// Waits for a stream to be opened by another node, and is it then.
class AcceptedStream final : public GrpcStream {
 public:
  using GrpcStream::GrpcStream;

  // What is called when it has been opened, or never will be.
  using Accepted = std::function<void(std::shared_ptr<AcceptedStream>, bool ok)>;

  void Await(v1::Link::AsyncService& service, grpc::ServerCompletionQueue* queue,
             Accepted accepted);

  void Open(const std::shared_ptr<LinkEvents>& events);

 private:
  void Called(bool ok) { accepted_(std::exchange(waiting_, nullptr), ok); }

  void StartRead(v1::Frame* frame, Event* event) override { stream_.Read(frame, event); }
  void StartWrite(const v1::Frame& frame, Event* event) override { stream_.Write(frame, event); }
  void StartFinish(Event* event) override { stream_.Finish(grpc::Status::OK, event); }
  bool StartWritesDone(Event*) override { return false; }
  void Cancel() override { context_.TryCancel(); }
  std::string WhyFinished() const override { return "the other node has ended it"; }

  EventOf<AcceptedStream, &AcceptedStream::Called> called_{*this};
  std::shared_ptr<AcceptedStream> waiting_;
  Accepted accepted_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<v1::Frame, v1::Frame> stream_{&context_};
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_GRPC_STREAM_H_
