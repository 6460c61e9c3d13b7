#include "hydra/node/internal/grpc_links.h"

#include <grpcpp/alarm.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/frame_buffer.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/internal/listener.h"
#include "hydra/node/internal/queue_event.h"
#include "hydra/node/internal/standard_answers.h"
#include "hydra/node/internal/standard_services.h"
#include "hydra/node/internal/tls_files.h"
#include "node/proto/link.grpc.pb.h"

namespace hydra::node_internal {
namespace {

// Handled before whoever polls looks at other things again.
constexpr int kEventsAtATime = 64;
// How long something may lie while workers are awake, and none gets to it.
constexpr absl::Duration kWatchInterval = absl::Milliseconds(1);

// No frame is larger; gRPC ends a stream on which a larger one comes.
constexpr int kMaxFrameBytes = 1 << 20;
// Milliseconds, some weeks: gRPC's pings aren't wanted, but what it does only along with them: to give up a connection
// on which bytes are waiting and the other side's system has taken none for a time.
constexpr int kNoKeepalive = std::numeric_limits<int>::max() - 1;
// How long Stop waits for streams that are ending, and then for gRPC to let go of all that it has.
constexpr absl::Duration kPatienceAtTheEnd = absl::Seconds(1);
// Of one network connection: another node has one.
constexpr int kMaxStreams = 16;

const gpr_timespec kPast = gpr_inf_past(GPR_CLOCK_MONOTONIC);
const gpr_timespec kFuture = gpr_inf_future(GPR_CLOCK_MONOTONIC);

class GrpcStream;

// The streams that live: those of which something may be in the completion queue, or come into it.
class LivingStreams {
 public:
  // Returns false if there can be no more.
  bool Add(const std::shared_ptr<GrpcStream>& stream);
  void Remove(const std::shared_ptr<GrpcStream>& stream);
  // Lets no more in.
  void Close();
  // Ends them all.
  void EndAll();
  // Waits until none is left, at most for `time`.
  void AwaitNone(absl::Duration time);

  // ---- For whoever handles events.

  // The stream has written, and may go on when LetWrite is called.
  void HasWritten(std::shared_ptr<GrpcStream> stream) { written_.push_back(std::move(stream)); }
  void LetWrite();

 private:
  std::vector<std::shared_ptr<GrpcStream>> written_;
  Mutex mutex_;
  CondVar none_left_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<GrpcStream>> living_ ABSL_GUARDED_BY(mutex_);
};

// What both ends of a stream have in common. Protocol: there is one read at a time until one fails, then Finish; one
// write at a time; no Finish while there is a write. It lives until nothing of it is in the completion queue: when it is
// cancelled that may take long, since gRPC doesn't let go of a write while the system takes no more bytes. So whoever
// ends it at once is told at once that it is over, and what completes after that is nobody's.
class GrpcStream : public LinkStream, public std::enable_shared_from_this<GrpcStream> {
 public:
  GrpcStream(LivingStreams& living, grpc::CompletionQueue* queue)
      : living_(living), queue_(queue) {}

  void Read() override {
    const MutexLock lock(mutex_);
    ReadOn();
  }

  void Write(const v1::Frame& frame) override {
    const MutexLock lock(mutex_);
    if (!open_ || finishing_ || closing_) return;
    writing_ = true;
    ++in_flight_;
    StartWrite(frame, &written_);
  }

  void End(bool after_write) override {
    const MutexLock lock(mutex_);
    if (!after_write) return Abort();
    ReadOn();  // the end of a stream is read
    if (!open_) return Cancel();
    if (std::exchange(closing_, true) || finishing_) return;
    if (!writing_) CloseWrites();
  }

  // For LivingStreams.
  void MayWrite() {
    if (events_ != nullptr) events_->OnWritten();
  }

 protected:
  // Begins the life of the stream, until OnEnd. Returns false if it can't live.
  bool Live(std::shared_ptr<LinkEvents> events) {
    events_ = std::move(events);
    const MutexLock lock(mutex_);
    return is_living_ = living_.Add(shared_from_this());
  }

  void Opened(bool ok) {
    if (ok) SetOpen();
    Settle(/*read_on=*/ok);
    if (ok && events_ != nullptr) events_->OnOpen();
  }

  virtual void StartRead(v1::Frame* frame, Event* event) = 0;
  virtual void StartWrite(const v1::Frame& frame, Event* event) = 0;
  virtual void StartFinish(Event* event) = 0;
  // Says that no more will be written; returns false where only Finish says that.
  virtual bool StartWritesDone(Event* event) = 0;
  virtual void Cancel() = 0;
  virtual std::string WhyFinished() const = 0;

  // It may be read from now on: no more than one read at a time is asked of gRPC.
  void SetOpen() {
    const MutexLock lock(mutex_);
    open_ = true;
  }

  // For what is started by those that are derived from it.
  Event* opened() {
    const MutexLock lock(mutex_);
    ++in_flight_;
    return &opened_;
  }

 private:
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!open_ || finishing_ || std::exchange(reading_, true)) return;
    ++in_flight_;
    StartRead(&coming_->Renew(), &read_);
  }

  void ReadDone(bool ok) {
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

  void WriteDone(bool ok) {
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
    if (may_write) living_.HasWritten(shared_from_this());
  }

  void ClosedWrites(bool) { Settle(/*read_on=*/true); }

  void Finished(bool) {
    {
      const MutexLock lock(mutex_);
      --in_flight_;
      finished_ = true;
    }
    EndIfOver();
  }

  // Something has come out of the completion queue.
  void Settle(bool read_on) {
    {
      const MutexLock lock(mutex_);
      --in_flight_;
      if (!read_on) BeginFinish();
    }
    EndIfOver();
  }

  void Abort() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!is_living_ || finished_) return;
    ReadOn();  // the end of a stream is read
    Cancel();
    if (std::exchange(aborted_, true)) return;
    ++in_flight_;
    abortion_.Set(queue_, gpr_now(GPR_CLOCK_MONOTONIC), &abort_);
  }

  void Aborted(bool) {
    TellEnd("it was ended here");
    Settle(/*read_on=*/true);
  }

  // Once.
  void TellEnd(std::string why) {
    if (const auto events = std::exchange(events_, nullptr)) events->OnEnd(std::move(why));
  }

  void CloseWrites() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!StartWritesDone(&closed_writes_)) return BeginFinish();
    ++in_flight_;
  }

  void BeginFinish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_) {
      finish_when_written_ = true;
      return Cancel();
    }
    if (std::exchange(finishing_, true)) return;
    ++in_flight_;
    StartFinish(&finish_);
  }

  void EndIfOver() {
    {
      const MutexLock lock(mutex_);
      if (!finished_ || in_flight_ > 0) return;
    }
    const std::shared_ptr<GrpcStream> self = shared_from_this();
    TellEnd(WhyFinished());
    living_.Remove(self);
  }

  EventOf<GrpcStream, &GrpcStream::Opened> opened_{*this};
  EventOf<GrpcStream, &GrpcStream::ReadDone> read_{*this};
  EventOf<GrpcStream, &GrpcStream::WriteDone> written_{*this};
  EventOf<GrpcStream, &GrpcStream::ClosedWrites> closed_writes_{*this};
  EventOf<GrpcStream, &GrpcStream::Finished> finish_{*this};
  EventOf<GrpcStream, &GrpcStream::Aborted> abort_{*this};
  LivingStreams& living_;
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

bool LivingStreams::Add(const std::shared_ptr<GrpcStream>& stream) {
  const MutexLock lock(mutex_);
  if (!closed_) living_.insert(stream);
  return !closed_;
}

void LivingStreams::Remove(const std::shared_ptr<GrpcStream>& stream) {
  const MutexLock lock(mutex_);
  living_.erase(stream);
  if (living_.empty()) none_left_.NotifyAll();
}

void LivingStreams::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

void LivingStreams::EndAll() {
  absl::flat_hash_set<std::shared_ptr<GrpcStream>> living;
  {
    const MutexLock lock(mutex_);
    living = living_;
  }
  for (const std::shared_ptr<GrpcStream>& stream : living) stream->End(/*after_write=*/false);
}

void LivingStreams::LetWrite() {
  for (const std::shared_ptr<GrpcStream>& stream : std::exchange(written_, {})) stream->MayWrite();
}

void LivingStreams::AwaitNone(absl::Duration time) {
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

class DialledStream final : public GrpcStream {
 public:
  DialledStream(LivingStreams& living, grpc::CompletionQueue* queue,
                std::shared_ptr<grpc::Channel> channel)
      : GrpcStream(living, queue),
        channel_(std::move(channel)),
        stub_(v1::Link::NewStub(channel_)) {}

  void Dial(grpc::CompletionQueue* queue, const std::shared_ptr<LinkEvents>& events) {
    if (!Live(events)) return events->OnEnd("this node stops");
    stream_ = stub_->PrepareAsyncConnect(&context_, queue);
    stream_->StartCall(opened());
  }

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
             Accepted accepted) {
    waiting_ = std::static_pointer_cast<AcceptedStream>(shared_from_this());
    accepted_ = std::move(accepted);
    service.RequestConnect(&context_, &stream_, queue, queue, &called_);
  }

  void Open(const std::shared_ptr<LinkEvents>& events) {
    if (!Live(events)) return events->OnEnd("this node stops");
    SetOpen();
    events->OnOpen();
  }

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

// Ends a stream that nobody wants.
class Refusing final : public LinkEvents {
 public:
  explicit Refusing(std::shared_ptr<LinkStream> stream) : stream_(std::move(stream)) {}
  void OnOpen() override {
    stream_->Read();
    stream_->End(/*after_write=*/true);
  }
  void OnFrame(v1::Frame&) override { stream_->Read(); }
  void OnWritten() override {}
  void OnEnd(std::string) override { stream_ = nullptr; }

 private:
  std::shared_ptr<LinkStream> stream_;
};

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsOf(const std::optional<TlsFiles>& tls) {
  if (!tls.has_value()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      tls->require_client_certificate ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                      : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_root_certs = tls->authority;
  options.pem_key_cert_pairs.push_back({tls->private_key, tls->certificate_chain});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const std::optional<TlsFiles>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = tls->authority,
                               .pem_private_key = tls->private_key,
                               .pem_cert_chain = tls->certificate_chain});
}

// Calls that are to be made between events. They wait under a lock; only the word that there are some goes through the
// completion queue.
class Posts {
 public:
  // Does nothing once the queue is shut down: see Close.
  void Add(std::function<void()> call, grpc::CompletionQueue* queue) {
    const MutexLock lock(mutex_);
    if (closed_) return;
    waiting_.push_back(std::move(call));
    if (waiting_.size() > 1) return;
    alarm_.emplace();
    alarm_->Set(queue, gpr_now(GPR_CLOCK_MONOTONIC), &rung_);
  }

  // Nothing may be asked of a queue that is shut down.
  void Close() {
    const MutexLock lock(mutex_);
    closed_ = true;
  }

 private:
  void Rung(bool) {
    std::vector<std::function<void()>> calls;
    {
      const MutexLock lock(mutex_);
      calls = std::exchange(waiting_, {});
    }
    for (const std::function<void()>& call : calls) call();
  }

  EventOf<Posts, &Posts::Rung> rung_{*this};
  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);  // rings while any wait
};

// Milliseconds, as gRPC wants them.
int MillisecondsOf(absl::Duration time) {
  return static_cast<int>(
      std::clamp(absl::ToInt64Milliseconds(time), int64_t{1}, int64_t{kNoKeepalive}));
}

// Keeps out what other code of the program has gRPC add to all servers: reflection does so where its library is linked.
class NothingAdded final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->clear();
  }
};

class GrpcLinks final : public Links, public std::enable_shared_from_this<GrpcLinks> {
 public:
  GrpcLinks(std::optional<TlsFiles> tls, absl::Duration patience, const ForStrangers& for_strangers,
            Accept accept)
      : tls_(std::move(tls)),
        patience_ms_(MillisecondsOf(patience)),
        strangers_ms_(MillisecondsOf(for_strangers.time)),
        accept_(std::move(accept)) {
    if (for_strangers.health_service || for_strangers.reflection)
      standard_.emplace(StandardAnswers(for_strangers.health_service, for_strangers.reflection),
                        for_strangers.time);
  }
  ~GrpcLinks() override {
    if (BeginStop()) Finish();
  }

  absl::Status Listen(const std::string& listen) {
    HYDRA_ASSIGN_OR_RETURN(listener_, Listener::Listen(listen, absl::Milliseconds(patience_ms_)));
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        ServerCredentialsOf(tls_));
    builder.RegisterService(&service_);
    builder.SetOption(std::make_unique<NothingAdded>());
    builder.SetOption(std::make_unique<grpc::HealthCheckServiceServerBuilderOption>(nullptr));
    if (standard_.has_value()) standard_->Register(builder);
    builder.SetMaxReceiveMessageSize(kMaxFrameBytes);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kNoKeepalive);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, patience_ms_);
    // Until the first settings have come; and while there is no stream.
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, strangers_ms_);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, strangers_ms_);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      queue_->Shutdown();
      const MutexLock lock(handling_);
      while (HandleAll(kFuture) != Handled::kAll) continue;
      return absl::InvalidArgumentError("gRPC can't serve with these certificates");
    }
    return absl::OkStatus();
  }

  void Begin() override {
    AwaitNext();
    if (standard_.has_value()) standard_->Begin(queue_.get());
    watcher_ = std::thread([this] { Watch(); });
    listener_->Begin([this](int listener, int connection) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
      parameters.listener_fd = listener;
      parameters.fd = connection;
      acceptor_->HandleNewConnection(&parameters);
    });
  }

  int port() const override { return listener_->port(); }

  std::shared_ptr<LinkStream> Dial(const std::string& address,
                                   std::shared_ptr<LinkEvents> events) override {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxFrameBytes);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a dial knows nothing of others
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    if (tls_.has_value() && !tls_->peer_name.empty())
      arguments.SetSslTargetNameOverride(tls_->peer_name);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kNoKeepalive);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, patience_ms_);
    auto stream = std::make_shared<DialledStream>(
        living_, queue_.get(),
        grpc::CreateCustomChannel(address, ChannelCredentialsOf(tls_), arguments));
    stream->Dial(queue_.get(), events);
    return stream;
  }

  void Post(std::function<void()> call) override { posts_.Add(std::move(call), queue_.get()); }

  // gRPC lets go of all on a thread of its own, since it doesn't close a connection either while the system takes no more bytes on it.
  void Stop() override {
    if (!BeginStop()) return;
    if (standard_.has_value()) Post([this] { standard_->StopServing(); });
    living_.Close();
    living_.AwaitNone(kPatienceAtTheEnd);  // those that are ending may tell why
    if (standard_.has_value()) standard_->AwaitNoCall(kPatienceAtTheEnd);
    living_.EndAll();
    posts_.Close();
    std::thread finishing([self = shared_from_this()] { self->Finish(); });
    if (AwaitFinished(kPatienceAtTheEnd)) {
      finishing.join();
    } else {
      finishing.detach();
    }
  }

  bool Poll() override {
    if (!handling_.TryLock()) return false;
    const bool handled = HandleAll(kPast) == Handled::kSome;
    handling_.Unlock();
    return handled;
  }

  void SetIdle(bool idle) override {
    const MutexLock lock(idle_mutex_);
    idle_ = idle;
    if (idle) became_idle_.NotifyOne();
  }

 private:
  // Nothing may be asked of a queue that is shut down.
  void AwaitNext() {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    std::make_shared<AcceptedStream>(living_, queue_.get())
        ->Await(service_, queue_.get(),
                [this](const std::shared_ptr<AcceptedStream>& stream, bool ok) {
                  if (!ok) return;  // the server shuts down
                  AwaitNext();
                  std::shared_ptr<LinkEvents> events = accept_(stream);
                  if (events == nullptr) events = std::make_shared<Refusing>(stream);
                  stream->Open(events);
                });
  }

  // Returns false if there is nothing to stop, or it has begun.
  bool BeginStop() {
    const MutexLock lock(mutex_);
    return !std::exchange(stopping_, true) && server_ != nullptr;
  }

  // Waits until gRPC has let go of all.
  void Finish() {
    if (!watcher_.joinable()) Begin();  // what is in the queue must come out of it
    listener_->Stop();
    server_->Shutdown(std::chrono::system_clock::now());
    living_.AwaitNone(absl::InfiniteDuration());
    if (standard_.has_value()) standard_->AwaitNothing();
    queue_->Shutdown();
    watcher_.join();
    const MutexLock lock(mutex_);
    finished_ = true;
    has_finished_.NotifyAll();
  }

  bool AwaitFinished(absl::Duration time) {
    const absl::Time end = absl::Now() + time;
    const MutexLock lock(mutex_);
    while (!finished_ && absl::Now() < end) has_finished_.WaitFor(mutex_, end - absl::Now());
    return finished_;
  }

  enum class Handled : uint8_t { kNone, kSome, kAll };

  // Waits for an event until `deadline`, then handles it and those that are there; some, if there are many. kAll: there
  // will be none any more.
  //
  // A completion queue looks at the network only when it is empty, and what is written has often been written at once:
  // so nobody writes on before it has been emptied.
  Handled HandleAll(gpr_timespec deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(handling_) {
    const Handled handled = HandleEvents(deadline);
    living_.LetWrite();
    return handled;
  }

  Handled HandleEvents(gpr_timespec deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(handling_) {
    Handled handled = Handled::kNone;
    for (int i = 0; i < kEventsAtATime; ++i) {
      void* event = nullptr;
      bool ok = false;
      switch (queue_->AsyncNext(&event, &ok, deadline)) {
        case grpc::CompletionQueue::SHUTDOWN:
          return Handled::kAll;
        case grpc::CompletionQueue::TIMEOUT:
          return handled;
        case grpc::CompletionQueue::GOT_EVENT:
          static_cast<Event*>(event)->Done(ok);
      }
      handled = Handled::kSome;
      deadline = kPast;
    }
    return handled;
  }

  // The thread's: handles what comes while all workers sleep; and now and then what comes while none of those that are
  // awake gets to it.
  void Watch() {
    Handled handled = Handled::kNone;
    while (handled != Handled::kAll) {
      const bool idle = AwaitIdle();
      const MutexLock lock(handling_);
      handled = HandleAll(idle ? kFuture : kPast);
    }
  }

  // Returns whether all workers sleep; at once if so, otherwise after a while.
  bool AwaitIdle() {
    const MutexLock lock(idle_mutex_);
    if (!idle_) became_idle_.WaitFor(idle_mutex_, kWatchInterval);
    return idle_;
  }

  const std::optional<TlsFiles> tls_;
  const int patience_ms_;
  const int strangers_ms_;
  const Accept accept_;
  LivingStreams living_;
  Posts posts_;
  v1::Link::AsyncService service_;
  std::optional<StandardServices> standard_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::thread watcher_;
  Mutex handling_;  // held by the one who handles events
  Mutex idle_mutex_;
  CondVar became_idle_;
  bool idle_ ABSL_GUARDED_BY(idle_mutex_) = true;

  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar has_finished_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Links>> OpenGrpcLinks(const std::string& listen,
                                                     std::optional<TlsFiles> tls,
                                                     absl::Duration patience,
                                                     const ForStrangers& for_strangers,
                                                     Links::Accept accept) {
  auto links =
      std::make_shared<GrpcLinks>(std::move(tls), patience, for_strangers, std::move(accept));
  if (absl::Status status = links->Listen(listen); !status.ok()) return status;
  return std::shared_ptr<Links>(std::move(links));
}

}  // namespace hydra::node_internal
