#include "hydra/process/exit_reason.h"

#include <cxxabi.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace hydra {
namespace {

std::string_view KindName(ExitReason::Kind kind) {
  switch (kind) {
    case ExitReason::Kind::kNormal:
      return "normal";
    case ExitReason::Kind::kShutdown:
      return "shutdown";
    case ExitReason::Kind::kKill:
      return "kill";
    case ExitReason::Kind::kKilled:
      return "killed";
    case ExitReason::Kind::kNoProc:
      return "noproc";
    case ExitReason::Kind::kNoConnection:
      return "noconnection";
    case ExitReason::Kind::kError:
      return "error";
    case ExitReason::Kind::kCustom:
      return "custom";
  }
  return "unknown";
}

std::string CurrentExceptionType() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "unknown";
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

}  // namespace

struct ExitReason::Detail {
  std::string type;
  std::string text;
  std::shared_ptr<const ExitValue> value = nullptr;
  // Counted by every copy, on any thread. Relaxed to add (a copy already holds one), acq_rel to
  // drop: the last one must see what the others did before it frees.
  mutable std::atomic<int> references{1};
};

const ExitReason::Detail* ExitReason::Share(const Detail* detail) {
  if (detail != nullptr) detail->references.fetch_add(1, std::memory_order_relaxed);
  return detail;
}

void ExitReason::Release(const Detail* detail) {
  if (detail->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete detail;
}

ExitReason ExitReason::Shutdown(std::string_view detail) {
  return ExitReason(Kind::kShutdown, new Detail{.type = {}, .text = std::string(detail)});
}

ExitReason ExitReason::Error(std::string_view type, std::string_view text) {
  return ExitReason(Kind::kError, new Detail{.type = std::string(type), .text = std::string(text)});
}

ExitReason ExitReason::Custom(std::string_view text) {
  return ExitReason(Kind::kCustom, new Detail{.type = {}, .text = std::string(text)});
}

ExitReason ExitReason::FromValue(std::shared_ptr<const ExitValue> value) {
  return ExitReason(
      Kind::kCustom,
      new Detail{.type = std::string(value->type_name), .text = {}, .value = std::move(value)});
}

const ExitReason::ExitValue* ExitReason::held_value() const {
  return detail_ == nullptr ? nullptr : detail_->value.get();
}

ExitReason ExitReason::FromCurrentException() {
  const std::string type = CurrentExceptionType();
  try {
    throw;
  } catch (const std::exception& exception) {
    return Error(type, exception.what());
  } catch (...) {
    return Error(type, "");
  }
}

std::string_view ExitReason::text() const {
  return detail_ == nullptr ? std::string_view() : std::string_view(detail_->text);
}

std::string_view ExitReason::type() const {
  return detail_ == nullptr ? std::string_view() : std::string_view(detail_->type);
}

std::string ExitReason::ToString() const {
  std::string result(KindName(kind_));
  if (!type().empty()) result.append(" ").append(type());
  if (!text().empty()) result.append(": ").append(text());
  return result;
}

// The kind, the length of the type in four bytes, little-endian, the type, the text.
std::string ExitReason::Encode() const {
  std::string bytes(1, static_cast<char>(kind_));
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(type().size() >> shift));
  return bytes.append(type()).append(text());
}

std::optional<ExitReason> ExitReason::Decode(std::string_view bytes) {
  constexpr size_t kHeader = 5;
  if (bytes.size() < kHeader ||
      static_cast<uint8_t>(bytes[0]) > static_cast<uint8_t>(Kind::kCustom))
    return std::nullopt;
  const auto kind = static_cast<Kind>(bytes[0]);
  size_t type_size = 0;
  for (int i = 0; i < 4; ++i) type_size |= size_t{static_cast<uint8_t>(bytes[1 + i])} << (8 * i);
  bytes.remove_prefix(kHeader);
  if (type_size > bytes.size()) return std::nullopt;
  if (bytes.empty()) return ExitReason(kind, nullptr);
  return ExitReason(kind, new Detail{.type = std::string(bytes.substr(0, type_size)),
                                     .text = std::string(bytes.substr(type_size))});
}

std::ostream& operator<<(std::ostream& out, const ExitReason& reason) {
  return out << reason.ToString();
}

}  // namespace hydra
