#include "hydra/node/testing/raw_dialler.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "hydra/node/internal/handshake.h"
#include "node/proto/link.grpc.pb.h"

namespace hydra {
namespace {

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& node) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(node.substr(node.find('@') + 1),
                                   grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct RawDialler::Call {
  explicit Call(const std::string& node) : stub(v1::Link::NewStub(ChannelTo(node))) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream = stub->Connect(&context);
  }
  ~Call() {
    context.TryCancel();
    v1::Frame frame;
    while (stream->Read(&frame)) {
    }
    stream->Finish();
  }

  grpc::ClientContext context;
  std::unique_ptr<v1::Link::Stub> stub;
  std::unique_ptr<grpc::ClientReaderWriter<v1::Frame, v1::Frame>> stream;
};

RawDialler::RawDialler(std::unique_ptr<Call> call)
    : RawStream([stream = call->stream.get()](const v1::Frame& f) { return stream->Write(f); },
                [stream = call->stream.get()](v1::Frame* f) { return stream->Read(f); }),
      call_(std::move(call)) {}

RawDialler::RawDialler(const std::string& node) : RawDialler(std::make_unique<Call>(node)) {}

RawDialler::RawDialler(const std::string& node, const std::string& cookie,
                       node_internal::Party self)
    : RawDialler(node) {
  EXPECT_TRUE(ShakeHands(node_internal::Role::kDialler, std::move(self), cookie, node));
}

RawDialler::~RawDialler() = default;

void RawDialler::HangUp() { call_->context.TryCancel(); }

}  // namespace hydra
