#include "hydra/node/testing/raw_dialler.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/node/testing/raw_stream.h"

namespace hydra {
namespace {

using Bytes = grpc::ByteBuffer;

std::shared_ptr<grpc::Channel> ChannelTo(
    const std::string& node, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(node.substr(node.find('@') + 1), credentials, arguments);
}

}  // namespace

struct RawDialler::Call {
  Call(const std::string& node, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : channel(ChannelTo(node, credentials)) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream.reset(grpc::internal::ClientReaderWriterFactory<Bytes, Bytes>::Create(
        channel.get(),
        grpc::internal::RpcMethod("/hydra.node.v1.Link/Connect",
                                  grpc::internal::RpcMethod::BIDI_STREAMING),
        &context));
  }
  ~Call() {
    context.TryCancel();
    Bytes bytes;
    while (stream->Read(&bytes)) {
    }
    stream->Finish();
  }

  bool Write(const std::string& text) {
    const grpc::Slice slice(text);
    return stream->Write(Bytes(&slice, 1));
  }

  bool Read(std::string* text) {
    Bytes bytes;
    std::vector<grpc::Slice> slices;
    if (!stream->Read(&bytes) || !bytes.Dump(&slices).ok()) return false;
    text->clear();
    for (const grpc::Slice& slice : slices)
      text->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return true;
  }

  grpc::ClientContext context;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::ClientReaderWriter<Bytes, Bytes>> stream;
};

RawDialler::RawDialler(std::unique_ptr<Call> call)
    : RawStream([call = call.get()](const std::string& bytes) { return call->Write(bytes); },
                [call = call.get()](std::string* bytes) { return call->Read(bytes); }),
      call_(std::move(call)) {}

RawDialler::RawDialler(const std::string& node,
                       const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : RawDialler(std::make_unique<Call>(node, credentials)) {}

RawDialler::RawDialler(const std::string& node, std::string_view cookie, std::string_view name,
                       uint64_t creation)
    : RawDialler(node) {
  EXPECT_TRUE(Dial(RawHello(node, name, creation), cookie)) << name << " can't connect";
}

RawDialler::~RawDialler() = default;

void RawDialler::HangUp() { call_->context.TryCancel(); }

}  // namespace hydra
