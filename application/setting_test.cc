#include "hydra/application/setting.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/application_testing.h"
#include "hydra/application/internal/any_setting.h"
#include "hydra/application/internal/settings_table.h"
#include "hydra/application/spec.h"
#include "hydra/application/system.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Setting<bool> kOpen("shop", "open", true);
const Setting<int> kPort("shop", "port", 8080);
const Setting<int64_t> kBytes("shop", "bytes", int64_t{1} << 40);
const Setting<double> kRate("shop", "rate", 0.5);
const Setting<std::string> kTitle("shop", "title", "Shop");
const Setting<absl::Duration> kIdle("shop", "idle", absl::Minutes(5));
const Setting<int> kTwice("twice", "given", 1);
const Setting<bool> kTwiceAgain("twice", "given", true);

// APP6: all of these.

HYDRA_TEST(SettingTest, BeginsWithItsDefault) {
  EXPECT_EQ(kPort.Get(), 8080);
  EXPECT_EQ(kTitle.Get(), "Shop");
  EXPECT_EQ(kIdle.Get(), kIdle.default_value());
  EXPECT_EQ(kIdle.name(), "shop.idle");
  co_return;
}

HYDRA_TEST(SettingTest, IsWhatWasSetLast) {
  kPort.Set(1);
  kPort.Set(2);
  kTitle.Set("Store");
  EXPECT_EQ(kPort.Get(), 2);
  EXPECT_EQ(kTitle.Get(), "Store");
  co_return;
}

TEST(SettingTest, EachRuntimeHasItsOwn) {
  Runtime one({.schedulers = 1});
  Runtime other({.schedulers = 1});
  one.Run([]() -> Async<> {
    kPort.Set(1);
    co_return;
  });
  int in_one = 0;
  int in_other = 0;
  one.Run([&]() -> Async<> { co_return void(in_one = kPort.Get()); });
  other.Run([&]() -> Async<> { co_return void(in_other = kPort.Get()); });
  EXPECT_EQ(in_one, 1);
  EXPECT_EQ(in_other, 8080);
}

TEST(SettingTest, IsForgottenWithItsRuntime) {
  uint32_t home = 0;
  const void* const setting = static_cast<const application_internal::AnySetting*>(&kPort);
  {
    Runtime runtime({.schedulers = 1});
    runtime.Run([&]() -> Async<> {
      kPort.Set(1);
      co_return void(home = Self().home());
    });
    EXPECT_TRUE(application_internal::SettingValue(home, setting).has_value());
  }
  EXPECT_FALSE(application_internal::SettingValue(home, setting).has_value());
}

HYDRA_TEST(SettingTest, IsReadFromText) {
  EXPECT_OK(SetSetting("shop.open", "false"));
  EXPECT_OK(SetSetting("shop.port", "-1"));
  EXPECT_OK(SetSetting("shop.bytes", "9223372036854775807"));
  EXPECT_OK(SetSetting("shop.rate", "2.5e3"));
  EXPECT_OK(SetSetting("shop.title", ""));
  EXPECT_OK(SetSetting("shop.idle", "1m30s"));
  EXPECT_FALSE(kOpen.Get());
  EXPECT_EQ(kPort.Get(), -1);
  EXPECT_EQ(kBytes.Get(), INT64_MAX);
  EXPECT_EQ(kRate.Get(), 2500);
  EXPECT_EQ(kTitle.Get(), "");
  EXPECT_EQ(kIdle.Get(), absl::Seconds(90));
  co_return;
}

HYDRA_TEST(SettingTest, OfAnotherTypeIsRefused) {
  const auto is = [](std::string_view message) {
    return StatusIs(absl::StatusCode::kInvalidArgument, std::string(message));
  };
  EXPECT_THAT(SetSetting("shop.open", "yes"),
              is("setting shop.open: \"yes\" should be \"true\" or \"false\""));
  EXPECT_THAT(SetSetting("shop.port", "2147483648"),
              is("setting shop.port: \"2147483648\" should be a whole number of 32 bits"));
  EXPECT_THAT(SetSetting("shop.bytes", "1.5"),
              is("setting shop.bytes: \"1.5\" should be a whole number of 64 bits"));
  EXPECT_THAT(SetSetting("shop.rate", "fast"),
              is("setting shop.rate: \"fast\" should be a number"));
  EXPECT_THAT(SetSetting("shop.idle", "90"),
              is("setting shop.idle: \"90\" should be a duration, like \"1m30s\""));
  EXPECT_EQ(kPort.Get(), 8080);
  co_return;
}

HYDRA_TEST(SettingTest, UnknownNameIsRefused) {
  EXPECT_THAT(SetSetting("shop.prot", "1"),
              StatusIs(absl::StatusCode::kNotFound,
                       "setting shop.prot: there is no such setting; there is shop.bytes, "
                       "shop.idle, shop.open, shop.port, shop.rate, shop.title"));
  EXPECT_THAT(SetSetting("port", "1"),
              StatusIs(absl::StatusCode::kNotFound, "setting port: there is no such setting"));
  co_return;
}

HYDRA_TEST(SettingTest, OneThatIsDefinedTwiceHasNoText) {
  EXPECT_THAT(SetSetting("twice.given", "1"),
              StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("defines two")));
  kTwice.Set(2);
  EXPECT_TRUE(kTwiceAgain.Get());
  co_return;
}

HYDRA_TEST(SettingTest, ApplicationIsToldOfChanges) {
  auto journal = std::make_shared<Journal>();
  const Pid self = Self();
  Application shop = Journaled("shop", journal);
  shop.config_change = [self](std::string setting) -> Async<> {
    Send(self, setting + " " + std::to_string(kPort.Get()));
    co_await Receive<int>();  // the next one waits for this
  };
  kPort.Set(7);  // before it runs
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  kPort.Set(8);
  kPort.Set(8);  // the same
  EXPECT_EQ(co_await Receive<std::string>(), "shop.port 8");
  EXPECT_OK(SetSetting("shop.port", "9"));
  kTwice.Set(2);  // another's
  co_await RefuteReceive<std::string>();
  // One that is being told holds up no stop.
  EXPECT_OK(co_await StopApplication("shop"));
}

HYDRA_TEST(SettingTest, ApplicationIsToldOfOneChangeAfterTheOther) {
  auto journal = std::make_shared<Journal>();
  const Pid self = Self();
  Application shop = Journaled("shop", journal);
  shop.config_change = [self](std::string setting) -> Async<> {
    Send(self, std::move(setting));
    co_return;
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  kPort.Set(1);
  kTitle.Set("Store");
  EXPECT_EQ(co_await Receive<std::string>(), "shop.port");
  EXPECT_EQ(co_await Receive<std::string>(), "shop.title");
}

}  // namespace
}  // namespace hydra
