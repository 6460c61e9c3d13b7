// How fast gRPC is by itself: one message of 64 bytes at a time there and back, on one stream between two
// OS processes. Prints what `workload` prints.
//
//   bare_grpc grpc/callback/1 100000     with the callback API
//   bare_grpc grpc/spinning/1 100000     with completion queues, which a thread at each end polls and never waits
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "benchmarks/bare.grpc.pb.h"
#include "benchmarks/bare.pb.h"
#include "hydra/base/check.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/other_process.h"

namespace hydra::benchmarks {
namespace {

Message Payload() {
  Message message;
  message.set_payload(std::string(64, 'x'));
  return message;
}

// A server on loopback.
class Listening {
 public:
  Listening(grpc::ServerBuilder& builder, grpc::Service& service) {
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    HYDRA_CHECK(server_ != nullptr);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// ---- The callback API.

class EchoReactor final : public grpc::ServerBidiReactor<Message, Message> {
 public:
  EchoReactor() { StartRead(&message_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartWrite(&message_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  Message message_;
};

class EchoService final : public Bare::CallbackService {
  grpc::ServerBidiReactor<Message, Message>* Echo(grpc::CallbackServerContext*) override {
    return new EchoReactor();
  }
};

void ServeByCallbacks(Parent parent) {
  EchoService service;
  grpc::ServerBuilder builder;
  const Listening listening(builder, service);
  parent.ServeAt(listening.address());
}

class Pinger final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  explicit Pinger(Bare::Stub& stub) {
    stub.async()->Echo(&context_, this);
    AddHold();  // Ping isn't called by a callback
    StartCall();
  }

  // Once so many round trips are done.
  void Ping(int64_t rounds) {
    std::promise<void> done;
    rounds_ = rounds;
    done_ = &done;
    StartRound();
    done.get_future().wait();
  }

  void End() {
    StartWritesDone();
    RemoveHold();
    ended_.get_future().wait();
  }

  void OnReadDone(bool ok) override { HalfDone(ok); }
  void OnWriteDone(bool ok) override { HalfDone(ok); }
  void OnDone(const grpc::Status&) override { ended_.set_value(); }

 private:
  void StartRound() {
    halves_ = 2;
    StartRead(&received_);
    StartWrite(&sent_);
  }

  void HalfDone(bool ok) {
    HYDRA_CHECK(ok);
    if (--halves_ > 0) return;
    if (--rounds_ > 0) return StartRound();
    done_->set_value();
  }

  grpc::ClientContext context_;
  const Message sent_ = Payload();
  Message received_;
  std::atomic<int> halves_ = 0;
  int64_t rounds_ = 0;
  std::promise<void>* done_ = nullptr;
  std::promise<void> ended_;
};

// ---- Completion queues. Which event comes is known.

bool SpinForEvent(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  const gpr_timespec at_once = gpr_time_0(GPR_CLOCK_MONOTONIC);
  for (;;) {
    switch (queue.AsyncNext(&tag, &ok, at_once)) {
      case grpc::CompletionQueue::GOT_EVENT:
        return ok;
      case grpc::CompletionQueue::TIMEOUT:
        break;
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
    }
  }
}

// One stream.
void EchoBySpinning(Bare::AsyncService& service, grpc::ServerCompletionQueue& queue) {
  grpc::ServerContext context;
  grpc::ServerAsyncReaderWriter<Message, Message> stream(&context);
  service.RequestEcho(&context, &stream, &queue, &queue, nullptr);
  HYDRA_CHECK(SpinForEvent(queue));
  Message message;
  for (;;) {
    stream.Read(&message, nullptr);
    if (!SpinForEvent(queue)) break;
    stream.Write(message, nullptr);
    if (!SpinForEvent(queue)) break;
  }
  stream.Finish(grpc::Status::OK, nullptr);
  SpinForEvent(queue);
}

void ServeBySpinning(Parent parent) {
  Bare::AsyncService service;
  grpc::ServerBuilder builder;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const Listening listening(builder, service);
  std::thread([&] { EchoBySpinning(service, *queue); }).detach();
  parent.ServeAt(listening.address());
}

class SpinningPinger {
 public:
  explicit SpinningPinger(Bare::Stub& stub) : stream_(stub.PrepareAsyncEcho(&context_, &queue_)) {
    stream_->StartCall(nullptr);
    HYDRA_CHECK(SpinForEvent(queue_));
  }

  void Ping(int64_t rounds) {
    for (int64_t i = 0; i < rounds; ++i) {
      stream_->Read(&received_, nullptr);
      stream_->Write(sent_, nullptr);
      HYDRA_CHECK(SpinForEvent(queue_));
      HYDRA_CHECK(SpinForEvent(queue_));
    }
  }

  void End() {
    stream_->WritesDone(nullptr);
    SpinForEvent(queue_);
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    SpinForEvent(queue_);
    queue_.Shutdown();
    SpinForEvent(queue_);
  }

 private:
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientAsyncReaderWriter<Message, Message>> stream_;
  const Message sent_ = Payload();
  Message received_;
};

// ----

template <typename P>
void Measure(void (*serve)(Parent), int64_t rounds) {
  const OtherProcess other(serve);
  const std::unique_ptr<Bare::Stub> stub =
      Bare::NewStub(grpc::CreateChannel(other.address(), grpc::InsecureChannelCredentials()));
  P pinger(*stub);
  pinger.Ping(1);  // the stream stands
  const double bytes_before = TcpBytes();
  const auto start = std::chrono::steady_clock::now();
  pinger.Ping(rounds);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const double bytes = TcpBytes() - bytes_before;
  pinger.End();
  std::cout << rounds << " " << taken.count()
            << " bytes_per_round_trip=" << bytes / static_cast<double>(rounds) << "\n";
}

int Run(std::string_view name, int64_t rounds) {
  if (name == "grpc/callback/1") {
    Measure<Pinger>(ServeByCallbacks, rounds);
  } else if (name == "grpc/spinning/1") {
    Measure<SpinningPinger>(ServeBySpinning, rounds);
  } else {
    std::cerr << "there are grpc/callback/1 and grpc/spinning/1\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace hydra::benchmarks

int main(int argc, char** argv) {
  return hydra::benchmarks::Run(argc > 1 ? argv[1] : "", argc > 2 ? std::atoll(argv[2]) : 100'000);
}
