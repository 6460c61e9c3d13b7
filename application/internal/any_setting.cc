#include "hydra/application/internal/any_setting.h"

#include <any>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hydra/application/internal/controller.h"
#include "hydra/application/internal/messages.h"
#include "hydra/application/internal/settings_table.h"
#include "hydra/base/mutex.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"

namespace hydra::application_internal {
namespace {

// All settings of the program.
struct Registry {
  Mutex mutex;
  std::set<const AnySetting*> settings ABSL_GUARDED_BY(mutex);
};

// Never destroyed: settings are, after main.
Registry& TheRegistry() {
  static auto& registry = *new Registry;
  return registry;
}

absl::string_view ForAbsl(std::string_view text) { return {text.data(), text.size()}; }

template <typename T>
std::any ParseInteger(std::string_view text) {
  T value = 0;
  return absl::SimpleAtoi(ForAbsl(text), &value) ? std::any(value) : std::any();
}

std::any ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return {};
}

std::any ParseDouble(std::string_view text) {
  double value = 0;
  return absl::SimpleAtod(ForAbsl(text), &value) ? std::any(value) : std::any();
}

std::any ParseText(std::string_view text) { return std::string(text); }

std::any ParseDuration(std::string_view text) {
  absl::Duration value;
  return absl::ParseDuration(ForAbsl(text), &value) ? std::any(value) : std::any();
}

}  // namespace

SettingParser ParserOf(bool) { return {"\"true\" or \"false\"", &ParseBool}; }
SettingParser ParserOf(int) { return {"a whole number of 32 bits", &ParseInteger<int>}; }
SettingParser ParserOf(int64_t) { return {"a whole number of 64 bits", &ParseInteger<int64_t>}; }
SettingParser ParserOf(double) { return {"a number", &ParseDouble}; }
SettingParser ParserOf(const std::string&) { return {"a text", &ParseText}; }
SettingParser ParserOf(absl::Duration) { return {"a duration, like \"1m30s\"", &ParseDuration}; }

AnySetting::AnySetting(std::string_view application, std::string_view key, SettingParser parser)
    : application_(application),
      name_(std::string(application).append(".").append(key)),
      parser_(parser) {
  Registry& registry = TheRegistry();
  const MutexLock lock(registry.mutex);
  registry.settings.insert(this);
}

AnySetting::~AnySetting() {
  Registry& registry = TheRegistry();
  const MutexLock lock(registry.mutex);
  registry.settings.erase(this);
}

absl::Status AnySetting::SetText(std::string_view text) const {
  std::any value = parser_.parse(text);
  if (!value.has_value()) {
    return absl::InvalidArgumentError("setting " + name_ + ": \"" + std::string(text) +
                                      "\" should be " + std::string(parser_.what));
  }
  StoreParsed(std::move(value));
  return absl::OkStatus();
}

std::any AnySetting::Value() const { return SettingValue(Self().home(), this); }

void AnySetting::Store(std::any value) const {
  EnsureController();  // which keeps the values for as long as it lives
  StoreSetting(Self().home(), this, std::move(value));
  static_cast<void>(Send(MasterName(application_), SettingChanged{name_}));
}

absl::StatusOr<const AnySetting*> FindSetting(std::string_view name) {
  const std::string wanted = "setting " + std::string(name);
  const std::string_view application = name.substr(0, name.find('.'));
  const AnySetting* found = nullptr;
  std::set<std::string> others;
  Registry& registry = TheRegistry();
  const MutexLock lock(registry.mutex);
  for (const AnySetting* setting : registry.settings) {
    if (setting->application() == application) others.insert(setting->name());
    if (setting->name() != name) continue;
    if (found != nullptr)
      return absl::InvalidArgumentError(wanted + ": the program defines two of that name");
    found = setting;
  }
  if (found != nullptr) return found;
  std::string message = wanted + ": there is no such setting";
  for (const std::string& other : others)
    message += (other == *others.begin() ? "; there is " : ", ") + other;
  return absl::NotFoundError(message);
}

}  // namespace hydra::application_internal
