// Whether what was read from PEM files is what it should be; gRPC says no more than that it can't listen.
#ifndef HYDRA_NODE_INTERNAL_PEM_H_
#define HYDRA_NODE_INTERNAL_PEM_H_

#include <string>

namespace hydra::node_internal {

// Whether there is a certificate in it.
bool HasCertificate(const std::string& pem);

// Whether there is the private key of the first certificate of `chain` in it.
bool HasPrivateKeyOf(const std::string& chain, const std::string& pem);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_PEM_H_
