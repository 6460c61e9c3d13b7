// Messages from any bytes: the first says of which type, the rest is it. They are refused, or what the value that is read
// is written as.
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {
namespace {

enum class Color : int16_t { kRed };

struct Tree {
  static constexpr std::string_view kWireName = "test.Tree";
  Color color = Color::kRed;
  std::vector<Tree> children;
};

struct Unit {
  static constexpr std::string_view kWireName = "test.Unit";
};

// Never more than it was given.
class Text {
 public:
  static constexpr std::string_view kWireName = "test.Text";
  void Encode(WireWriter& writer) const { writer.Write(text_); }
  static std::optional<Text> Decode(WireReader& reader) {
    std::optional<std::string> text = reader.Read<std::string>();
    if (!text) return std::nullopt;
    if (text->size() > 3) return reader.Fail("a text is short");
    Text read;
    read.text_ = *std::move(text);
    return read;
  }

 private:
  std::string text_;
};

struct Mixed {
  static constexpr std::string_view kWireName = "test.Mixed";
  std::tuple<bool, char, int8_t, uint16_t, int64_t> numbers;
  std::string text;
  std::optional<Pid> pid;
  std::vector<std::variant<Unit, std::string, double>> variants;
  std::map<std::string, Ref> refs;
  absl::StatusOr<Tree> tree;
};

template <typename T>
void CheckAs(std::string_view bytes) {
  const Encoded encoded = {.type = std::string(WireName<T>()), .bytes = std::string(bytes)};
  const absl::StatusOr<T> value = Decode<T>(encoded);
  if (!value.ok()) {
    HYDRA_CHECK(value.status().code() == absl::StatusCode::kInvalidArgument) << value.status();
    return;
  }
  HYDRA_CHECK(Encode(*value).bytes == encoded.bytes) << encoded.type << " is read as another";
}

// A type of its own: an absl::Status is what `Decode` fails with, too.
struct Ended {
  static constexpr std::string_view kWireName = "test.Ended";
  ExitReason reason;
  absl::Status status;
};

void CheckReason(std::string_view bytes) {
  const std::optional<ExitReason> reason = ExitReason::Decode(bytes);
  if (!reason.has_value()) return;
  const std::string again = reason->Encode();
  HYDRA_CHECK(again == bytes) << *reason;
  HYDRA_CHECK(ExitReason::Decode(again) == *reason);
}

constexpr std::array kChecks = {
    &CheckReason,
    &CheckAs<int64_t>,
    &CheckAs<uint8_t>,
    &CheckAs<double>,
    &CheckAs<std::string>,
    &CheckAs<Pid>,
    &CheckAs<Ref>,
    &CheckAs<absl::Time>,
    &CheckAs<absl::Duration>,
    &CheckAs<std::vector<bool>>,
    &CheckAs<std::vector<std::monostate>>,
    &CheckAs<std::map<std::string, std::vector<Pid>>>,
    &CheckAs<absl::flat_hash_map<int, std::string>>,
    &CheckAs<std::variant<int, std::string, std::array<float, 2>>>,
    &CheckAs<Tree>,
    &CheckAs<std::vector<Text>>,
    &CheckAs<Ended>,
    &CheckAs<Mixed>,
};

}  // namespace
}  // namespace hydra

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  hydra::kChecks[data[0] % hydra::kChecks.size()](bytes.substr(1));
  return 0;
}
