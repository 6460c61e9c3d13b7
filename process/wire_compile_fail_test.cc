// What can't cross nodes, and what the compiler says about it.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/wire.h"

namespace hydra {

struct Good {
  static constexpr std::string_view kWireName = "test.Good";
  int number;
};

struct Plain {
  int number;
};
enum class Color { kRed };

struct OfPlain {
  static constexpr std::string_view kWireName = "test.OfPlain";
  Good good;
  std::vector<Plain> plain;
};
struct WithConstReference {
  static constexpr std::string_view kWireName = "test.WithConstReference";
  int number;
  const std::string& text;
};
struct WithReference {
  static constexpr std::string_view kWireName = "test.WithReference";
  std::string& text;
};
struct WithArray {
  static constexpr std::string_view kWireName = "test.WithArray";
  char text[8];
};
struct WithBase : Plain {
  static constexpr std::string_view kWireName = "test.WithBase";
  int other;
};
struct WithBitField {
  static constexpr std::string_view kWireName = "test.WithBitField";
  int number : 3;
};
struct WithTooMany {
  static constexpr std::string_view kWireName = "test.WithTooMany";
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};
struct WithBadName {
  static constexpr std::string_view kWireName = "string";
};
class WithoutCodec {
 public:
  static constexpr std::string_view kWireName = "test.WithoutCodec";
  int number() const { return number_; }

 private:
  int number_ = 0;
};
struct WithBadDecode {
  static constexpr std::string_view kWireName = "test.WithBadDecode";
  void Encode(WireWriter&) const {}
  static WithBadDecode Decode(WireReader&) { return {}; }
};
struct GoodRequest {
  static constexpr std::string_view kWireName = "test.GoodRequest";
  using Reply = std::optional<Good>;
};
struct BadRequest {
  static constexpr std::string_view kWireName = "test.BadRequest";
  using Reply = std::unique_ptr<int>;
};

template <typename T>
void Use(WireReader& reader) {
  (void)DecodeFrom<T>(reader);
}

void UseAll(WireReader& reader) {
  Use<Good>(reader);
  Use<GoodRequest>(reader);

#if defined(POINTER)
  Use<int*>(reader);
#elif defined(STRING_VIEW)
  Use<std::vector<std::string_view>>(reader);
#elif defined(FUNCTION)
  Use<std::function<void()>>(reader);
#elif defined(UNIQUE_PTR)
  Use<std::unique_ptr<int>>(reader);
#elif defined(VECTOR_OF_UNIQUE_PTR)
  Use<std::vector<std::unique_ptr<int>>>(reader);
#elif defined(ENCODE_STRING_LITERAL)
  (void)Encode("text");
#elif defined(NAME_OF_STRUCT_WITHOUT_NAME)
  (void)WireName<Plain>();
#elif defined(STRUCT_WITHOUT_NAME)
  Use<Plain>(reader);
#elif defined(FIELD_WITHOUT_NAME)
  Use<OfPlain>(reader);
#elif defined(CONST_REFERENCE)
  Use<WithConstReference>(reader);
#elif defined(REFERENCE)
  Use<WithReference>(reader);
#elif defined(ARRAY)
  Use<WithArray>(reader);
#elif defined(BASE)
  Use<WithBase>(reader);
#elif defined(BIT_FIELD)
  Use<WithBitField>(reader);
#elif defined(TOO_MANY)
  Use<WithTooMany>(reader);
#elif defined(BAD_NAME)
  Use<WithBadName>(reader);
#elif defined(NO_CODEC)
  Use<WithoutCodec>(reader);
#elif defined(BAD_DECODE)
  Use<WithBadDecode>(reader);
#elif defined(ENUM)
  Use<Color>(reader);
#elif defined(VECTOR_OF_ENUM)
  Use<std::vector<Color>>(reader);
#elif defined(BAD_REPLY)
  Use<BadRequest>(reader);
#elif defined(ASKING_WITH_BAD_REPLY)
  (void)WireReady<BadRequest>;
#endif
}

}  // namespace hydra
