#include "hydra/node/testing/raw_acceptor.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "hydra/node/testing/raw_stream.h"
#include "node/proto/link.grpc.pb.h"

namespace hydra {

struct RawAcceptor::Server final : v1::Link::Service {
  explicit Server(std::function<void(RawStream&)> what) : script(std::move(what)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server = builder.BuildAndStart();
  }
  ~Server() override { server->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Connect(grpc::ServerContext*,
                       grpc::ServerReaderWriter<v1::Frame, v1::Frame>* stream) override {
    const auto write = [stream](const std::string& bytes) {
      v1::Frame frame;
      return frame.ParseFromString(bytes) && stream->Write(frame);
    };
    const auto read = [stream](std::string* bytes) {
      v1::Frame frame;
      return stream->Read(&frame) && frame.SerializeToString(bytes);
    };
    RawStream raw(write, read);
    script(raw);
    return grpc::Status::OK;
  }

  const std::function<void(RawStream&)> script;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

RawAcceptor::RawAcceptor(std::function<void(RawStream&)> script)
    : server_(std::make_unique<Server>(std::move(script))) {
  name_ = "raw@127.0.0.1:" + std::to_string(server_->port);
}

RawAcceptor::~RawAcceptor() = default;

}  // namespace hydra
