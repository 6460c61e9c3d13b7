// The values of settings, for each runtime. See setting.h.
#ifndef HYDRA_APPLICATION_INTERNAL_SETTINGS_TABLE_H_
#define HYDRA_APPLICATION_INTERNAL_SETTINGS_TABLE_H_

#include <any>
#include <cstdint>

namespace hydra::application_internal {

// A table for the OS process, since a value is read without asking anybody. `home` is that of the runtime's
// pids, `setting` the setting's address. Thread safety: any thread.

// The value; empty if none has been stored.
std::any SettingValue(uint32_t home, const void* setting);
void StoreSetting(uint32_t home, const void* setting, std::any value);
// Forgets all values of a runtime.
void ForgetSettings(uint32_t home);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_SETTINGS_TABLE_H_
