// Starts, stops and ends of roots at random, by several processes at a time.
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/application_testing.h"
#include "hydra/application/spec.h"
#include "hydra/application/system.h"
#include "hydra/base/log.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

constexpr int kPeople = 4;
constexpr int kSteps = 25;
const std::array<std::string, 4> kNames = {"log", "stock", "bank", "shop"};

// "shop" depends on "stock" and "bank", and both on "log".
Application Build(const std::string& name, const std::shared_ptr<Journal>& journal) {
  std::vector<Application> dependencies;
  if (name == "shop") dependencies = {Build("stock", journal), Build("bank", journal)};
  if (name == "stock" || name == "bank") dependencies = {Build("log", journal)};
  Application application = Journaled(name, journal, std::move(dependencies));
  application.restart = Application::Restart::kTemporary;
  return application;
}

// Does something at random, again and again.
Async<> Person(uint32_t seed, std::shared_ptr<Journal> journal) {
  std::mt19937 random(seed);
  for (int step = 0; step < kSteps; ++step) {
    const std::string name = kNames[random() % kNames.size()];
    switch (random() % 4) {
      case 0:
      case 1:
        static_cast<void>(co_await StartApplication(Build(name, journal)));
        break;
      case 2:
        static_cast<void>(co_await StopApplication(name));
        break;
      case 3:
        static_cast<void>(Send(name, EndWith{ExitReason::Custom("crash")}));
        break;
    }
  }
}

// Each life of an application is whole, and follows after the one before.
void ExpectWholeLives(const std::vector<std::string>& journal) {
  std::map<std::string, std::string> lives;
  for (const std::string& name : kNames) {
    for (const std::string& entry : journal) {
      if (entry == "start " + name) lives[name] += 's';
      if (entry == "prep_stop " + name) lives[name] += 'p';
      if (entry == "root " + name + ": shutdown") lives[name] += 'r';
      if (entry == "stop " + name) lives[name] += 'e';
    }
  }
  for (const auto& [name, life] : lives)
    EXPECT_THAT(life, testing::MatchesRegex("(spr?e)*")) << name;
}

// APP1, APP2, APP4
HYDRA_TEST(ApplicationSoakTest, LivesAreWhole) {
  const LogSeverity severity = MinLogSeverity();
  SetMinLogSeverity(LogSeverity::kFatal);
  auto journal = std::make_shared<Journal>();
  std::vector<Ref> ends;
  for (int person = 0; person < kPeople; ++person) {
    const MonitoredProcess process = SpawnMonitor(Person, static_cast<uint32_t>(person), journal);
    ends.push_back(process.ref);
  }
  for (const Ref& end : ends)
    EXPECT_EQ((co_await Receive<Down>().For(end)).reason, ExitReason::Normal());
  StopSystem(3);
  EXPECT_EQ(co_await SystemStopped(), 3);
  EXPECT_THAT(co_await RunningApplications(), testing::IsEmpty());
  ExpectWholeLives(journal->entries());
  // The controller, this process, and nobody else.
  EXPECT_THAT(Processes(), testing::SizeIs(testing::Le(3)));
  SetMinLogSeverity(severity);
}

}  // namespace
}  // namespace hydra
