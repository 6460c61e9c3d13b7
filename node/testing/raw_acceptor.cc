#include "hydra/node/testing/raw_acceptor.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/testing/raw_stream.h"
#include "node/proto/link.grpc.pb.h"

namespace hydra {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

// TSan sees nothing of how gRPC hands over between threads: all goes by the mutex.
class RawAcceptor::Server final : public v1::Link::Service {
 public:
  explicit Server(Script script) {
    const MutexLock lock(mutex_);
    script_ = std::move(script);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    name_ = "raw@127.0.0.1:" + std::to_string(port);
  }

  ~Server() override {
    server_->Shutdown(std::chrono::system_clock::now());
    const MutexLock lock(mutex_);
  }

  grpc::Status Connect(grpc::ServerContext*,
                       grpc::ServerReaderWriter<v1::Frame, v1::Frame>* stream) override {
    {
      const MutexLock lock(mutex_);
    }
    const auto write = [stream](const std::string& bytes) {
      v1::Frame frame;
      return frame.ParseFromString(bytes) && stream->Write(frame);
    };
    const auto read = [stream](std::string* bytes) {
      v1::Frame frame;
      return stream->Read(&frame) && frame.SerializeToString(bytes);
    };
    RawStream raw(write, read);
    script_(raw, name_);
    const MutexLock lock(mutex_);
    ++over_;
    changed_.NotifyAll();
    return grpc::Status::OK;
  }

  const std::string& name() const { return name_; }

  bool AwaitOver() {
    const absl::Time deadline = absl::Now() + kPatience;
    const MutexLock lock(mutex_);
    while (over_ == 0) {
      if (!changed_.WaitUntil(mutex_, deadline)) return over_ > 0;
    }
    return true;
  }

 private:
  Script script_;  // constant from the constructor on, like the name
  std::string name_;
  Mutex mutex_;
  CondVar changed_;
  int over_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

RawAcceptor::RawAcceptor(Script script) : server_(std::make_unique<Server>(std::move(script))) {}

RawAcceptor::~RawAcceptor() = default;

const std::string& RawAcceptor::name() const { return server_->name(); }

bool RawAcceptor::AwaitOver() { return server_->AwaitOver(); }

}  // namespace hydra
