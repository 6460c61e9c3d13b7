#include "hydra/node/internal/standard_answers.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "hydra/node/internal/link_proto.h"
#include "node/proto/health.pb.h"
#include "node/proto/reflection.pb.h"

namespace hydra::node_internal {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using node::health::HealthCheckRequest;
using node::health::HealthCheckResponse;
using node::reflection::ServerReflectionRequest;
using node::reflection::ServerReflectionResponse;

constexpr std::string_view kLink = "hydra.node.v1.Link";
constexpr std::string_view kHealth = "grpc.health.v1.Health";
// They differ in nothing but the name.
constexpr std::string_view kReflections[] = {"grpc.reflection.v1.ServerReflection",
                                             "grpc.reflection.v1alpha.ServerReflection"};

std::string PathOf(std::string_view service, std::string_view method) {
  return std::string("/").append(service).append("/").append(method);
}

// `file` by the names under which others know it.
void AddRenamed(const FileDescriptor& file, const std::string& name, const std::string& package,
                DescriptorPool& pool) {
  FileDescriptorProto known;
  file.CopyTo(&known);
  known.set_name(name);
  const std::string text = absl::StrReplaceAll(known.DebugString(), {{file.package(), package}});
  google::protobuf::TextFormat::ParseFromString(text, &known);
  pool.BuildFile(known);
}

// All that may be served; never destroyed.
const DescriptorPool& Known() {
  static const DescriptorPool& pool = []() -> DescriptorPool& {
    auto& known = *new DescriptorPool;
    FileDescriptorProto link;
    v1::Frame::descriptor()->file()->CopyTo(&link);
    known.BuildFile(link);
    AddRenamed(*HealthCheckRequest::descriptor()->file(), "grpc/health/v1/health.proto",
               "grpc.health.v1", known);
    const FileDescriptor& reflection = *ServerReflectionRequest::descriptor()->file();
    AddRenamed(reflection, "grpc/reflection/v1/reflection.proto", "grpc.reflection.v1", known);
    AddRenamed(reflection, "grpc/reflection/v1alpha/reflection.proto", "grpc.reflection.v1alpha",
               known);
    return known;
  }();
  return pool;
}

const FileDescriptor* FileFor(const ServerReflectionRequest& request) {
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      return Known().FindFileByName(request.file_by_filename());
    case ServerReflectionRequest::kFileContainingSymbol:
      return Known().FindFileContainingSymbol(request.file_containing_symbol());
    default:
      return nullptr;
  }
}

absl::StatusOr<std::string> AnswerHealth(const std::string& bytes, bool is_watch, bool is_serving) {
  HealthCheckRequest request;
  if (!request.ParseFromString(bytes))
    return absl::InvalidArgumentError("that is no HealthCheckRequest");
  HealthCheckResponse response;
  if (!request.service().empty() && request.service() != kLink) {
    if (!is_watch) return absl::NotFoundError("there is no such service");
    response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
  } else {
    response.set_status(is_serving ? HealthCheckResponse::SERVING
                                   : HealthCheckResponse::NOT_SERVING);
  }
  return response.SerializeAsString();
}

}  // namespace

std::optional<StandardMethod> StandardAnswers::MethodOf(std::string_view path) const {
  if (health_service_) {
    if (path == PathOf(kHealth, "Check")) return StandardMethod::kCheck;
    if (path == PathOf(kHealth, "Watch")) return StandardMethod::kWatch;
  }
  if (reflection_) {
    for (const std::string_view service : kReflections)
      if (path == PathOf(service, "ServerReflectionInfo")) return StandardMethod::kReflect;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> StandardAnswers::Answer(StandardMethod method,
                                                    const std::string& request,
                                                    bool is_serving) const {
  if (method != StandardMethod::kReflect)
    return AnswerHealth(request, method == StandardMethod::kWatch, is_serving);
  ServerReflectionRequest asked;
  if (!asked.ParseFromString(request))
    return absl::InvalidArgumentError("that is no ServerReflectionRequest");
  ServerReflectionResponse response;
  response.set_valid_host(asked.host());
  *response.mutable_original_request() = asked;
  if (asked.has_list_services()) {
    auto& services = *response.mutable_list_services_response();
    services.add_service()->set_name(std::string(kLink));
    if (health_service_) services.add_service()->set_name(std::string(kHealth));
    for (const std::string_view service : kReflections)
      services.add_service()->set_name(std::string(service));
  } else if (const FileDescriptor* const file = FileFor(asked)) {
    FileDescriptorProto found;
    file->CopyTo(&found);
    response.mutable_file_descriptor_response()->add_file_descriptor_proto(
        found.SerializeAsString());
  } else {
    auto& error = *response.mutable_error_response();
    error.set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
    error.set_error_message("there is none");
  }
  return response.SerializeAsString();
}

}  // namespace hydra::node_internal
