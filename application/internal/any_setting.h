// What settings of all types are. See setting.h.
#ifndef HYDRA_APPLICATION_INTERNAL_ANY_SETTING_H_
#define HYDRA_APPLICATION_INTERNAL_ANY_SETTING_H_

#include <any>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hydra::application_internal {

// How a type is read from text.
struct SettingParser {
  std::string_view what;                     // "a whole number"
  std::any (*parse)(std::string_view text);  // empty if the text isn't that
};
SettingParser ParserOf(bool);
SettingParser ParserOf(int);
SettingParser ParserOf(int64_t);
SettingParser ParserOf(double);
SettingParser ParserOf(const std::string&);
SettingParser ParserOf(absl::Duration);

// Known by its name from its construction to its destruction. Thread safety: any thread; Value and Store
// must be called by a process.
class AnySetting {
 public:
  AnySetting(std::string_view application, std::string_view key, SettingParser parser);
  AnySetting(const AnySetting&) = delete;
  AnySetting& operator=(const AnySetting&) = delete;
  virtual ~AnySetting();

  const std::string& application() const { return application_; }
  const std::string& name() const { return name_; }

  // Sets it to what `text` says.
  absl::Status SetText(std::string_view text) const;

 protected:
  // What was stored last in this runtime; empty if nothing was.
  std::any Value() const;
  // Stores a value of the setting's type, and tells the application, if it runs.
  void Store(std::any value) const;

 private:
  virtual void StoreParsed(std::any value) const = 0;

  const std::string application_;
  const std::string name_;
  const SettingParser parser_;
};

// The one of that name. Fails as SetSetting does.
absl::StatusOr<const AnySetting*> FindSetting(std::string_view name);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_ANY_SETTING_H_
