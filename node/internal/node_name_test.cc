#include "hydra/node/internal/node_name.h"

#include <string>

#include "gtest/gtest.h"

namespace hydra::node_internal {
namespace {

// NOD6: illegal names are refused where they are used.
TEST(NodeNameTest, WhatIsAName) {
  for (const char* name : {"a@127.0.0.1:4370", "shop-1@[::1]:1", "x_y.z@db.example:65535",
                           "a@unix:/run/a.sock", "a@[fe80::1%eth0]:4370"}) {
    EXPECT_TRUE(ParseNodeName(name).ok()) << ParseNodeName(name).status();
    EXPECT_EQ(ParseNodeName(name)->ToString(), name);
  }
}

TEST(NodeNameTest, WhatIsNone) {
  for (const std::string name :
       {"", "a", "@127.0.0.1:1", "a b@127.0.0.1:1", "a@", "a@127.0.0.1", "a@127.0.0.1:0",
        "a@127.0.0.1:65536", "a@127.0.0.1:x", "a@:1", "a@::1:1", "a@[::1]", "a@[]:1", "a@unix:run",
        "a@unix:", "a@b@127.0.0.1:1", "a@host name:1", "a@127.0.0.1:1\n", "a@unix:/run/\n"}) {
    EXPECT_EQ(ParseNodeName(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(ParseNodeName(std::string(300, 'a') + "@127.0.0.1:1").ok());
}

// NOD20: what is refused may be a stranger's, and is logged.
TEST(NodeNameTest, WhatIsRefusedIsEscaped) {
  EXPECT_EQ(ParseNodeName("a\n@h:1").status().message(),
            "'a\\n' is no name of a node: letters, digits, _ - and . only");
}

TEST(NodeNameTest, WhereOthersFindIt) {
  EXPECT_EQ(*AdvertisedAddress("127.0.0.1:0", 77, ""), "127.0.0.1:77");
  EXPECT_EQ(*AdvertisedAddress("127.0.0.1:5", 5, ""), "127.0.0.1:5");
  EXPECT_EQ(*AdvertisedAddress("[::1]:0", 77, ""), "[::1]:77");
  EXPECT_EQ(*AdvertisedAddress("0.0.0.0:0", 77, "shop.example"), "shop.example:77");
  EXPECT_EQ(*AdvertisedAddress("0.0.0.0:1", 1, "shop.example:2"), "shop.example:2");
  EXPECT_EQ(*AdvertisedAddress("0.0.0.0:1", 1, "[::1]"), "[::1]:1");
  EXPECT_EQ(*AdvertisedAddress("unix:/run/a.sock", 0, ""), "unix:/run/a.sock");
  EXPECT_FALSE(AdvertisedAddress("127.0.0.1:0", 77, "no host").ok());
}

}  // namespace
}  // namespace hydra::node_internal
