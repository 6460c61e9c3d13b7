// RawDialler: who dials a node, and says to it what a test wants.
#ifndef HYDRA_NODE_TESTING_RAW_DIALLER_H_
#define HYDRA_NODE_TESTING_RAW_DIALLER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <string_view>

#include "hydra/node/testing/raw_stream.h"

namespace hydra {

class RawDialler final : public RawStream {
 public:
  // Opens a stream to the node of that name, on a network connection of its own.
  explicit RawDialler(const std::string& node,
                      const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                          grpc::InsecureChannelCredentials());
  // Likewise, and is then connected with it as the node `name`; the test fails if that can't be.
  RawDialler(const std::string& node, std::string_view cookie, std::string_view name = kRawName,
             uint64_t creation = 77);
  // Hangs up.
  ~RawDialler() override;

  // Ends the stream as if the network had.
  void HangUp();

 private:
  struct Call;
  explicit RawDialler(std::unique_ptr<Call> call);

  const std::unique_ptr<Call> call_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_DIALLER_H_
