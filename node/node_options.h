// How a node is made.
#ifndef HYDRA_NODE_NODE_OPTIONS_H_
#define HYDRA_NODE_NODE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace hydra {

// Certificates in PEM files. Both sides of a connection prove who they are by the one authority, unless a node asks its
// callers for nothing.
struct NodeTls {
  std::string certificate_chain;  // paths
  std::string private_key;
  std::string authority;  // that the certificates of other nodes are signed by
  // Whether nodes that dial this one must show a certificate, too (mutual TLS).
  bool require_client_certificate = true;
  // The name in the certificates of other nodes, where it isn't the host in their names.
  std::string peer_name = {};
};

// When a connection is made.
enum class ConnectPolicy : uint8_t {
  kOnFirstUse,  // and by Connect
  kByHand,  // by Connect only: what is sent to a node without one is lost, and it is as if it were down
};

struct NodeOptions {
  // What comes before the @ of the node's name: letters, digits, _ - and . only.
  std::string name = {};
  // Where it listens: "host:port", "[::1]:port", "unix:/path". The port 0 is one that is free. Loopback unless told otherwise:
  // a cookie is no encryption.
  std::string listen = "127.0.0.1:0";
  // Where others find it, "host:port" or "host": what comes behind the @. Where it listens, unless told otherwise.
  std::string advertise = {};

  // What nodes prove to each other that they know. If it is empty, that of `cookie_file`, which only its owner may
  // read; if that is empty, too, the environment's HYDRA_COOKIE. A node has one.
  std::string cookie = {};
  std::string cookie_file = {};
  // Others for some nodes, by their names.
  std::map<std::string, std::string> peer_cookies = {};
  // Encryption, and proof by certificates; the cookie is asked for all the same. Nothing is encrypted without.
  std::optional<NodeTls> tls = {};

  // Whether the node serves, at the same address, what gRPC's tools ask: grpc.health.v1.Health, SERVING until the node
  // stops; and grpc.reflection, which tells what services there are, and how their messages look. Who calls them needs no
  // cookie; with `tls`, a certificate.
  bool health_service = false;
  bool reflection = false;

  // Node::List tells it, and those that it is connected with, from others.
  bool hidden = false;
  ConnectPolicy connect = ConnectPolicy::kOnFirstUse;

  // How long dialling and the handshake may take, together.
  absl::Duration handshake_timeout = absl::Seconds(7);
  // A node from which nothing has come for so long is down; it may take a quarter longer, or be found a quarter earlier.
  // Each says something four times in that. Of two nodes' times the shorter counts, for both.
  absl::Duration tick_time = absl::Seconds(60);

  // The largest message, in bytes. Who sends a larger one to another node ends with an error that says so, a request of
  // one fails with kInvalidArgument; one that comes ends the connection: so nodes had better agree on it. 128 KiB at the
  // least.
  size_t max_message_bytes = size_t{256} << 20;
  // When more bytes wait to be sent to one node, the process that sends there is held at its next co_await, until half
  // of them have gone, or the node is lost.
  size_t max_buffered_bytes = size_t{1} << 20;
};

}  // namespace hydra

#endif  // HYDRA_NODE_NODE_OPTIONS_H_
