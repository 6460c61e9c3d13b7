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
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/grpc_stream.h"
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
        streams_, queue_.get(),
        grpc::CreateCustomChannel(address, ChannelCredentialsOf(tls_), arguments));
    stream->Dial(events);
    return stream;
  }

  void Post(std::function<void()> call) override { posts_.Add(std::move(call), queue_.get()); }

  // gRPC lets go of all on a thread of its own, since it doesn't close a connection either while the system takes no more bytes on it.
  void Stop() override {
    if (!BeginStop()) return;
    if (standard_.has_value()) Post([this] { standard_->StopServing(); });
    streams_.Close();
    streams_.AwaitNone(kPatienceAtTheEnd);  // those that are ending may tell why
    if (standard_.has_value()) standard_->AwaitNoCall(kPatienceAtTheEnd);
    streams_.EndAll();
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
    std::make_shared<AcceptedStream>(streams_, queue_.get())
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
    streams_.AwaitNone(absl::InfiniteDuration());
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
    streams_.LetWrite();
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
  GrpcStreams streams_;
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
