// What a setting can't be. See hydra_compile_fail_test.
#include <string>
#include <vector>

#include "hydra/application/setting.h"

const hydra::Setting<int> kPort("shop", "port", 8080);

#if defined(SETTING_OF_A_LIST)
const hydra::Setting<std::vector<int>> kPorts("shop", "ports", {});
#endif

void Use() {
  kPort.Set(1);
#if defined(VALUE_OF_ANOTHER_TYPE)
  kPort.Set(std::string("8080"));
#endif
}
