#include "hydra/base/compiler.h"

#include "gtest/gtest.h"

// Where a sanitizer announces itself at run time: null without it.
extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __tsan_init();
}

namespace hydra {
namespace {

#ifdef HYDRA_ASAN
constexpr bool kAsan = true;
#else
constexpr bool kAsan = false;
#endif

#ifdef HYDRA_TSAN
constexpr bool kTsan = true;
#else
constexpr bool kTsan = false;
#endif

TEST(CompilerTest, KnowsWhichSanitizerIsOn) {
  EXPECT_EQ(kAsan, &__asan_init != nullptr);
  EXPECT_EQ(kTsan, &__tsan_init != nullptr);
}

}  // namespace
}  // namespace hydra
