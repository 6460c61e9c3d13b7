#include "hydra/registry/internal/registrants.h"

#include <cstddef>
#include <map>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

struct Item : OfProcess<Item> {
  explicit Item(Pid of) : pid(of) {}
  const Pid pid;
};

// The newest first.
std::vector<const Item*> AllOf(const Registrants<Item>& registrants, const Pid& pid) {
  std::vector<const Item*> all;
  for (const Item* item = registrants.NewestOf(pid); item != nullptr; item = item->next_of_process)
    all.push_back(item);
  return all;
}

Pid PidOf(size_t number) { return Pid(number + 1, 1, 1); }

// Any order of changes leaves what plain lists have.
TEST(RegistrantsTest, AreListsByPid) {
  constexpr size_t kPids = 4;
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<Item> items;
    for (size_t i = 0; i < 20; ++i) items.emplace_back(PidOf(i % kPids));
    Registrants<Item> registrants;
    std::map<Pid, std::vector<const Item*>> model;
    std::vector<bool> is_in(items.size());
    for (int step = 0; step < 2000; ++step) {
      const size_t i = random() % items.size();
      std::vector<const Item*>& list = model[items[i].pid];
      if (is_in[i]) {
        std::erase(list, &items[i]);
        ASSERT_EQ(registrants.Remove(&items[i]), list.empty());
      } else {
        ASSERT_EQ(registrants.Add(&items[i]), list.empty());
        list.insert(list.begin(), &items[i]);
      }
      is_in[i] = !is_in[i];
      for (size_t pid = 0; pid < kPids; ++pid)
        ASSERT_EQ(AllOf(registrants, PidOf(pid)), model[PidOf(pid)]);
    }
    std::vector<Pid> pids;
    for (const auto& [pid, list] : model) {
      if (!list.empty()) pids.push_back(pid);
    }
    EXPECT_THAT(registrants.Clear(), UnorderedElementsAreArray(pids));
    EXPECT_THAT(registrants.Clear(), IsEmpty());
    EXPECT_EQ(registrants.NewestOf(PidOf(0)), nullptr);
  }
}

}  // namespace
}  // namespace hydra::registry_internal
