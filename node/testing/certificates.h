// Authority: makes certificates for tests of TLS, when they run: none is kept, and none expires.
//
//   Authority authority("cluster");
//   LocalNode a("a", {.tls = authority.Issue("IP:127.0.0.1")});
#ifndef HYDRA_NODE_TESTING_CERTIFICATES_H_
#define HYDRA_NODE_TESTING_CERTIFICATES_H_

#include <memory>
#include <string>

#include "hydra/node/node_options.h"

namespace hydra {

class Authority {
 public:
  // `name` is also that of a directory of the test's, where its files are.
  explicit Authority(const std::string& name);
  ~Authority();

  // The file with its own certificate.
  const std::string& file() const { return file_; }

  // Signs a certificate for a node that is dialled by `host`: "IP:127.0.0.1", "DNS:localhost".
  NodeTls Issue(const std::string& host);

 private:
  struct Keys;

  const std::string directory_;
  const std::string file_;
  const std::unique_ptr<Keys> keys_;
  int issued_ = 0;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_CERTIFICATES_H_
