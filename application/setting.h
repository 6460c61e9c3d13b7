// Settings: values of an application that its operator may change, typed, with defaults.
//
//   inline const hydra::Setting<int> kPort("shop", "port", 8080);
//   inline const hydra::Setting<absl::Duration> kIdle("shop", "idle", absl::Minutes(5));
//
//   int port = kPort.Get();
//   kPort.Set(9090);                                                 // for whoever gets it from now on
//   absl::Status status = hydra::SetSetting("shop.idle", "90s");     // the same by text
//   hydra::RunApplication(Shop(), {.settings = {{"shop.port", "9090"}}});
//
// A setting is defined at namespace scope, in a header of the application. Each runtime has values of its
// own, which begin with the defaults. Whoever has got a value keeps it: the application hears of a change by
// its config_change.
#ifndef HYDRA_APPLICATION_SETTING_H_
#define HYDRA_APPLICATION_SETTING_H_

#include <any>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/application/internal/any_setting.h"

namespace hydra {

// The types of settings. As text: "true" or "false"; a decimal number; a duration like "1m30s"; any text.
template <typename T>
concept SettingType =
    std::same_as<T, bool> || std::same_as<T, int> || std::same_as<T, int64_t> ||
    std::same_as<T, double> || std::same_as<T, std::string> || std::same_as<T, absl::Duration>;

// One setting, "application.key". Thread safety: its functions must be called by a process.
template <SettingType T>
class Setting : public application_internal::AnySetting {
 public:
  Setting(std::string_view application, std::string_view key, T default_value)
      : AnySetting(application, key, application_internal::ParserOf(T())),
        default_value_(std::move(default_value)) {}

  // "shop.port".
  using AnySetting::name;

  const T& default_value() const { return default_value_; }

  // The value that was set last in this runtime; the default if none was. Cost: a lock, which all
  // settings share.
  T Get() const {
    const std::any value = Value();
    return value.has_value() ? std::any_cast<T>(value) : default_value_;
  }

  // Sets it in this runtime, and tells the application, if it is running and the value was another.
  void Set(T value) const {
    if (Get() != value) Store(std::any(std::move(value)));
  }

 private:
  void StoreParsed(std::any value) const override { Set(std::any_cast<T>(std::move(value))); }

  const T default_value_;
};

// Sets the setting of that name to what `text` says. Must be called by a process.
//   kNotFound         there is no such setting; the message lists those of the application
//   kInvalidArgument  `text` isn't of its type, or the program defines two settings of that name
absl::Status SetSetting(std::string_view name, std::string_view text);

}  // namespace hydra

#endif  // HYDRA_APPLICATION_SETTING_H_
