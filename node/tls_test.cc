// TLS and mutual TLS: NOD10.
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/certificates.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kHost[] = "IP:127.0.0.1";

void ExpectTalk(LocalNode& a, LocalNode& b) {
  const Pid echo = b.runtime().Spawn(Echo);
  a.Run([&]() -> Async<> {
    Send(echo, Note{"for our ears only", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "for our ears only");
  });
}

// Neither gets to the other, and neither is disturbed.
void ExpectStrangers(LocalNode& a, LocalNode& b) {
  for (const auto& [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const absl::Status connected = from->Connect(to->name());
    EXPECT_EQ(connected.code(), absl::StatusCode::kUnavailable) << connected;
    EXPECT_THAT(from->Connected(), IsEmpty());
    EXPECT_THAT(from->Connecting(), IsEmpty());
  }
}

// NOD10
TEST(TlsTest, BothProveWhoTheyAre) {
  Authority authority("cluster");
  LocalNode a("a", {.tls = authority.Issue(kHost)});
  LocalNode b("b", {.tls = authority.Issue(kHost)});
  ExpectTalk(a, b);
  ExpectTalk(b, a);
}

// NOD10: with TLS nobody can read along.
TEST(TlsTest, IsEncrypted) {
  Authority authority("cluster");
  for (const bool encrypted : {false, true}) {
    const int port = UnusedPort();
    node_testing::TcpProxy tap(port);
    tap.Tap();
    NodeOptions options = {.listen = absl::StrCat("127.0.0.1:", port), .advertise = tap.address()};
    if (encrypted) options.tls = authority.Issue(kHost);
    LocalNode b("b", options);
    NodeOptions dialler;
    if (encrypted) dialler.tls = authority.Issue(kHost);
    LocalNode a("a", dialler);
    ExpectTalk(a, b);
    EXPECT_EQ(tap.connections(), 1U);
    EXPECT_EQ(tap.Heard("for our ears only"), !encrypted);
    EXPECT_EQ(tap.Heard(a.name()), !encrypted);
  }
}

// NOD10
TEST(TlsTest, AnotherAuthoritysCertificatesAreRefused) {
  Authority authority("cluster");
  Authority other("other");
  LocalNode a("a", {.tls = authority.Issue(kHost)});
  LocalNode b("b", {.tls = other.Issue(kHost)});
  ExpectStrangers(a, b);
}

// NOD10: one who knows the authority, and so trusts the node, but isn't trusted by it.
TEST(TlsTest, TheDiallersCertificateIsAskedFor) {
  Authority authority("cluster");
  Authority other("other");
  LocalNode b("b", {.tls = authority.Issue(kHost)});
  NodeTls stranger = other.Issue(kHost);
  stranger.authority = authority.file();
  LocalNode a("a", {.tls = stranger});
  EXPECT_EQ(a.Connect(b.name()).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(b.Connected(), IsEmpty());
}

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// NOD10: one who shows none.
TEST(TlsTest, WithoutACertificate) {
  Authority authority("cluster");
  const auto says_hello_to = [&authority](const LocalNode& node) {
    RawDialler dialler(node.name(), grpc::SslCredentials({.pem_root_certs = Read(authority.file()),
                                                          .pem_private_key = "",
                                                          .pem_cert_chain = ""}));
    return dialler.Dial(RawHello(node.name()), kTestCookie);
  };
  LocalNode mutual("mutual", {.tls = authority.Issue(kHost)});
  EXPECT_FALSE(says_hello_to(mutual));
  NodeTls tls = authority.Issue(kHost);
  tls.require_client_certificate = false;
  LocalNode lax("lax", {.tls = tls});
  EXPECT_TRUE(says_hello_to(lax));
}

// NOD10
TEST(TlsTest, PlaintextAndTlsDontMeet) {
  Authority authority("cluster");
  LocalNode plain("plain");
  LocalNode tls("tls", {.tls = authority.Issue(kHost)});
  ExpectStrangers(plain, tls);
}

// NOD3, NOD10: a certificate is no cookie.
TEST(TlsTest, TheCookieIsAskedForAllTheSame) {
  Authority authority("cluster");
  LocalNode a("a", {.tls = authority.Issue(kHost)});
  LocalNode b("b", {.cookie = "another", .tls = authority.Issue(kHost)});
  EXPECT_EQ(a.Connect(b.name()).code(), absl::StatusCode::kPermissionDenied);
}

// NOD10: a certificate is for a host, that of the name that is dialled, or `peer_name`.
TEST(TlsTest, TheHostIsChecked) {
  Authority authority("cluster");
  LocalNode b("b", {.tls = authority.Issue("DNS:nodes.example")});
  LocalNode a("a", {.tls = authority.Issue(kHost)});
  EXPECT_EQ(a.Connect(b.name()).code(), absl::StatusCode::kUnavailable);
  NodeTls tls = authority.Issue(kHost);
  tls.peer_name = "nodes.example";
  LocalNode c("c", {.tls = tls});
  EXPECT_TRUE(c.Connect(b.name()).ok());
}

// Files that make no sense are found when the node starts.
TEST(TlsTest, FilesThatWontDo) {
  Authority authority("cluster");
  const auto refused = [](const NodeTls& tls) {
    Runtime runtime({.schedulers = 1});
    const absl::Status status =
        Node::Start(runtime, {.name = "n", .cookie = "c", .tls = tls}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  const NodeTls good = authority.Issue(kHost);
  NodeTls tls = good;
  tls.certificate_chain += ".none";
  EXPECT_THAT(refused(tls), HasSubstr("can't be read"));
  tls = good;
  tls.private_key += ".none";
  EXPECT_THAT(refused(tls), HasSubstr("can't be read"));
  tls = good;
  tls.authority = testing::TempDir();
  EXPECT_THAT(refused(tls), HasSubstr("can't be read"));
  tls = good;
  tls.private_key = authority.Issue(kHost).private_key;
  EXPECT_THAT(refused(tls), HasSubstr("private key")) << "another's";
  tls = good;
  tls.certificate_chain = good.private_key;
  EXPECT_THAT(refused(tls), HasSubstr("certificate")) << "no certificate";
  ASSERT_EQ(chmod(good.private_key.c_str(), S_IRUSR | S_IRGRP), 0);
  EXPECT_THAT(refused(good), HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace hydra
