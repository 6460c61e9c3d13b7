// gRPC's health checks and reflection, asked by gRPC's clients.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/certificates.h"
#include "hydra/node/testing/local_node.h"
#include "node/testing/health.grpc.pb.h"
#include "node/testing/reflection.grpc.pb.h"

namespace hydra {
namespace {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::grpc::reflection::v1alpha::ServerReflection;
using ::grpc::reflection::v1alpha::ServerReflectionRequest;
using ::grpc::reflection::v1alpha::ServerReflectionResponse;
using testing::ElementsAre;

constexpr char kLink[] = "hydra.node.v1.Link";
constexpr int kMaxWatches = 32;  // docs/node.md

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& node) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(node.substr(node.find('@') + 1),
                                   grpc::InsecureChannelCredentials(), arguments);
}

void LimitTime(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

// What a Check yields: a status, or why there is none.
std::string Check(const std::string& node, const std::string& service = "") {
  const auto stub = Health::NewStub(ChannelTo(node));
  grpc::ClientContext context;
  LimitTime(context);
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, request, &response);
  if (!status.ok()) return "error " + std::to_string(status.error_code());
  return HealthCheckResponse::ServingStatus_Name(response.status());
}

const std::string kUnimplemented = "error " + std::to_string(grpc::StatusCode::UNIMPLEMENTED);
const std::string kNotFound = "error " + std::to_string(grpc::StatusCode::NOT_FOUND);

class Watching {
 public:
  explicit Watching(const std::string& node, const std::string& service = "")
      : stub_(Health::NewStub(ChannelTo(node))) {
    LimitTime(context_);
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub_->Watch(&context_, request);
  }
  ~Watching() {
    context_.TryCancel();
    while (!Next().empty()) {
    }
    End();
  }

  // Empty at the end.
  std::string Next() {
    HealthCheckResponse response;
    if (!reader_->Read(&response)) return "";
    return HealthCheckResponse::ServingStatus_Name(response.status());
  }
  grpc::StatusCode End() {
    if (!end_.has_value()) end_ = reader_->Finish().error_code();
    return *end_;
  }

 private:
  const std::unique_ptr<Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
  std::optional<grpc::StatusCode> end_;
};

class Reflecting {
 public:
  explicit Reflecting(const std::string& node) : stub_(ServerReflection::NewStub(ChannelTo(node))) {
    LimitTime(context_);
    stream_ = stub_->ServerReflectionInfo(&context_);
  }
  ~Reflecting() {
    context_.TryCancel();
    End();
  }

  std::optional<ServerReflectionResponse> Ask(const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    if (!stream_->Write(request) || !stream_->Read(&response)) return std::nullopt;
    return response;
  }
  std::vector<std::string> Services() {
    ServerReflectionRequest request;
    request.set_list_services("*");
    std::vector<std::string> names;
    const auto response = Ask(request);
    if (!response.has_value()) return {"no answer"};
    for (const auto& service : response->list_services_response().service())
      names.push_back(service.name());
    return names;
  }
  // The file that has `symbol`.
  std::optional<google::protobuf::FileDescriptorProto> FileOf(const std::string& symbol) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    const auto response = Ask(request);
    google::protobuf::FileDescriptorProto file;
    if (!response.has_value() ||
        response->file_descriptor_response().file_descriptor_proto_size() != 1 ||
        !file.ParseFromString(response->file_descriptor_response().file_descriptor_proto(0)))
      return std::nullopt;
    return file;
  }
  grpc::StatusCode End() {
    if (!end_.has_value()) {
      ServerReflectionResponse response;
      while (stream_->Read(&response)) {
      }
      end_ = stream_->Finish().error_code();
    }
    return *end_;
  }

 private:
  const std::unique_ptr<ServerReflection::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<ServerReflectionRequest, ServerReflectionResponse>>
      stream_;
  std::optional<grpc::StatusCode> end_;
};

// ---- Off and on.

TEST(StandardServicesTest, OffUnlessAskedFor) {
  LocalNode node("a");
  EXPECT_EQ(Check(node.name()), kUnimplemented);
  EXPECT_EQ(Watching(node.name()).End(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Reflecting(node.name()).End(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(StandardServicesTest, EachNodeHasItsOwn) {
  LocalNode healthy("healthy", {.health_service = true});
  LocalNode reflecting("reflecting", {.reflection = true});
  EXPECT_EQ(Check(healthy.name()), "SERVING");
  EXPECT_EQ(Reflecting(healthy.name()).End(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Check(reflecting.name()), kUnimplemented);
  EXPECT_THAT(Reflecting(reflecting.name()).Services(),
              ElementsAre(kLink, "grpc.reflection.v1.ServerReflection",
                          "grpc.reflection.v1alpha.ServerReflection"));
  EXPECT_TRUE(healthy.Connect(reflecting.name()).ok());
}

// ---- Health.

TEST(HealthServiceTest, ServesUntilTheNodeStops) {
  for (int round = 0; round < 20; ++round) {
    LocalNode node("a", {.health_service = true});
    EXPECT_EQ(Check(node.name()), "SERVING");
    EXPECT_EQ(Check(node.name(), kLink), "SERVING");
    EXPECT_EQ(Check(node.name(), "another"), kNotFound);
    Watching all(node.name());
    Watching link(node.name(), kLink);
    Watching another(node.name(), "another");
    EXPECT_EQ(all.Next(), "SERVING");
    EXPECT_EQ(link.Next(), "SERVING");
    EXPECT_EQ(another.Next(), "SERVICE_UNKNOWN");

    node.node().Stop();
    EXPECT_EQ(all.Next(), "NOT_SERVING");
    EXPECT_EQ(all.End(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(link.Next(), "NOT_SERVING");
    EXPECT_EQ(Check(node.name()), "error " + std::to_string(grpc::StatusCode::UNAVAILABLE));
  }
}

TEST(HealthServiceTest, WhoStopsWatchingMakesRoom) {
  LocalNode node("a", {.health_service = true});
  for (int i = 0; i < 4 * kMaxWatches; ++i) {
    Watching watching(node.name());
    std::string next = watching.Next();
    // The node hears of the last one's end some time after.
    for (int tries = 0; next.empty() && tries < 1000; ++tries) next = Watching(node.name()).Next();
    EXPECT_EQ(next, "SERVING");
  }
}

// ---- Reflection.

TEST(ReflectionTest, TellsOfWhatIsServed) {
  LocalNode node("a", {.health_service = true, .reflection = true});
  Reflecting reflecting(node.name());
  const std::vector<std::string> services = reflecting.Services();
  EXPECT_THAT(services,
              ElementsAre(kLink, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                          "grpc.reflection.v1alpha.ServerReflection"));
  google::protobuf::DescriptorPool pool;
  for (const std::string& service : services) {
    const auto file = reflecting.FileOf(service);
    ASSERT_TRUE(file.has_value()) << service;
    ASSERT_NE(pool.BuildFile(*file), nullptr) << service;
    EXPECT_NE(pool.FindServiceByName(service), nullptr);
    ServerReflectionRequest by_name;
    by_name.set_file_by_filename(file->name());
    const auto response = reflecting.Ask(by_name);
    ASSERT_TRUE(response.has_value());
    EXPECT_THAT(response->file_descriptor_response().file_descriptor_proto(),
                ElementsAre(file->SerializeAsString()));
  }
  EXPECT_EQ(pool.FindMethodByName("hydra.node.v1.Link.Connect")->input_type()->full_name(),
            "hydra.node.v1.Frame");
  EXPECT_EQ(pool.FindMethodByName("grpc.health.v1.Health.Check")->output_type()->full_name(),
            "grpc.health.v1.HealthCheckResponse");
}

// What else the program has linked is nobody's business.
TEST(ReflectionTest, TellsOfNothingElse) {
  LocalNode node("a", {.reflection = true});
  Reflecting reflecting(node.name());
  for (const std::string symbol :
       {"google.protobuf.FileDescriptorProto", "hydra.node.health.Health", "no.such", ""}) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    const auto response = reflecting.Ask(request);
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->error_response().error_code(), grpc::StatusCode::NOT_FOUND) << symbol;
    EXPECT_EQ(response->original_request().file_containing_symbol(), symbol);
  }
  ServerReflectionRequest extensions;
  extensions.set_all_extension_numbers_of_type("hydra.node.v1.Frame");
  EXPECT_EQ(reflecting.Ask(extensions)->error_response().error_code(), grpc::StatusCode::NOT_FOUND);
}

// ---- Strangers who want too much.

TEST(StandardServicesTest, FewWatchAtATime) {
  LocalNode node("a", {.health_service = true, .reflection = true});
  std::vector<std::unique_ptr<Watching>> watching;
  for (int i = 0; i < kMaxWatches; ++i) {
    watching.push_back(std::make_unique<Watching>(node.name()));
    EXPECT_EQ(watching.back()->Next(), "SERVING");
  }
  EXPECT_EQ(Watching(node.name()).End(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Check(node.name()), "SERVING");
  LocalNode other("b");
  EXPECT_TRUE(other.Connect(node.name()).ok());
}

// Those who ask nothing are sent away in time, and don't keep others from asking then.
TEST(StandardServicesTest, SilentCallsEnd) {
  LocalNode node(
      "a",
      {.health_service = true, .reflection = true, .handshake_timeout = absl::Milliseconds(500)});
  std::vector<std::unique_ptr<Reflecting>> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(std::make_unique<Reflecting>(node.name()));
  for (const auto& call : silent) EXPECT_NE(call->End(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Check(node.name()), "SERVING");
}

TEST(StandardServicesTest, LongQuestions) {
  LocalNode node("a", {.health_service = true, .reflection = true});
  const std::string invalid = "error " + std::to_string(grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Check(node.name(), std::string(4000, 'x')), kNotFound);
  EXPECT_EQ(Check(node.name(), std::string(5000, 'x')), invalid);
  ServerReflectionRequest request;
  request.set_file_by_filename(std::string(500'000, 'x'));
  Reflecting reflecting(node.name());
  EXPECT_FALSE(reflecting.Ask(request).has_value());
  EXPECT_EQ(reflecting.End(), grpc::StatusCode::INVALID_ARGUMENT);
}

// TLS is for them, too.
TEST(StandardServicesTest, WantTheCertificateThatNodesWant) {
  Authority authority("standard");
  LocalNode node("a", {.tls = authority.Issue("IP:127.0.0.1"), .health_service = true});
  EXPECT_EQ(Check(node.name()), "error " + std::to_string(grpc::StatusCode::UNAVAILABLE));
}

}  // namespace
}  // namespace hydra
