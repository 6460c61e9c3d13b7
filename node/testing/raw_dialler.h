// RawDialler: who dials a node, and says to it what a test wants.
#ifndef HYDRA_NODE_TESTING_RAW_DIALLER_H_
#define HYDRA_NODE_TESTING_RAW_DIALLER_H_

#include <memory>
#include <string>

#include "hydra/node/testing/raw_stream.h"

namespace hydra {

class RawDialler final : public RawStream {
 public:
  // Opens a stream to the node of that name, on a network connection of its own.
  explicit RawDialler(const std::string& node);
  // Likewise, and is then connected with it; the test fails if that can't be.
  RawDialler(const std::string& node, const std::string& cookie,
             node_internal::Party self = RawParty());
  // Hangs up.
  ~RawDialler() override;

  // Whether all that was said has been taken, or the stream is over.
  void HangUp();

 private:
  struct Call;
  explicit RawDialler(std::unique_ptr<Call> call);

  const std::unique_ptr<Call> call_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_DIALLER_H_
