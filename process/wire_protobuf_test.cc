// protobuf's own messages on the wire.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/wire.h"

namespace hydra {
namespace {

using ::google::protobuf::Empty;
using ::google::protobuf::StringValue;
using ::testing::HasSubstr;

static_assert(WireReady<StringValue> && WireReady<std::vector<Empty>>);

StringValue Text(const std::string& text) {
  StringValue value;
  value.set_value(text);
  return value;
}

TEST(WireProtobufTest, IsNamedByItsFullName) {
  EXPECT_EQ(WireName<StringValue>(), "google.protobuf.StringValue");
  EXPECT_EQ(WireName<std::vector<Empty>>(), "vector<google.protobuf.Empty>");
}

TEST(WireProtobufTest, IsItsOwnBytes) {
  EXPECT_EQ(Encode(Text("abc")).bytes, Text("abc").SerializeAsString());
  EXPECT_EQ(Encode(std::vector<Empty>(2)).bytes, std::string("\x02\x00\x00", 3));
}

TEST(WireProtobufTest, ComesBack) {
  ASSERT_OK_AND_ASSIGN(const StringValue text, Decode<StringValue>(Encode(Text("abc"))));
  EXPECT_EQ(text.value(), "abc");
  ASSERT_OK_AND_ASSIGN(const auto texts, Decode<std::vector<StringValue>>(
                                             Encode(std::vector{Text("abc"), Text("")})));
  ASSERT_EQ(texts.size(), 2);
  EXPECT_EQ(texts[0].value() + texts[1].value(), "abc");
}

TEST(WireProtobufTest, OtherBytesAndTypesAreRefused) {
  EXPECT_THAT(Decode<StringValue>({"google.protobuf.StringValue",
                                   "\x0a\x05"
                                   "abc"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("protobuf can't parse")));
  // RCV9: as a protobuf, an Empty is a StringValue, too.
  EXPECT_THAT(Decode<StringValue>(Encode(Empty())), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace hydra
