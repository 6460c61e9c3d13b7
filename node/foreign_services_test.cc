// What a program has gRPC serve with all its servers isn't served by its nodes.
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "hydra/node/testing/local_node.h"

namespace hydra {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kReflect[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// How a call of `method`, with an empty message, ends.
grpc::StatusCode Call(const std::string& address, const char* method) {
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  using Stream = grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
  const std::unique_ptr<Stream> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          channel.get(),
          grpc::internal::RpcMethod(method, grpc::internal::RpcMethod::BIDI_STREAMING), &context));
  const grpc::Slice nothing;
  stream->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions());
  grpc::ByteBuffer answer;
  while (stream->Read(&answer)) {
  }
  return stream->Finish().error_code();
}

TEST(ForeignServicesTest, AreNotTheNodes) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  LocalNode node("a");
  const std::string address = node.name().substr(node.name().find('@') + 1);
  for (const char* method : {kCheck, kReflect}) {
    EXPECT_EQ(Call("127.0.0.1:" + std::to_string(port), method), grpc::StatusCode::OK) << method;
    EXPECT_EQ(Call(address, method), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
  LocalNode healthy("b", {.health_service = true});
  const std::string other = healthy.name().substr(healthy.name().find('@') + 1);
  EXPECT_EQ(Call(other, kCheck), grpc::StatusCode::OK);
  EXPECT_EQ(Call(other, kReflect), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace hydra
