#include "hydra/registry/internal/member_list.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/read_section.h"

namespace hydra::registry_internal {
namespace {

struct Member : OfList<Member> {
  explicit Member(int made) : number(made) { ++living; }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { --living; }

  const int number;

  static inline std::atomic<int> living{0};
};

std::vector<int> NumbersOf(const MemberList<Member>& list) {
  std::vector<int> numbers;
  for (const Member* member = list.first(); member != nullptr;
       member = MemberList<Member>::after(member))
    numbers.push_back(member->number);
  return numbers;
}

// Any order of changes leaves what a plain list has.
TEST(MemberListTest, IsAList) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Limbo limbo;
    MemberList<Member> list;
    std::deque<Member*> model;
    for (int step = 0; step < 2000; ++step) {
      if (random() % 2 == 0 || model.empty()) {
        model.push_back(new Member(step));
        list.Add(model.back());
      } else {
        const auto removed = model.begin() + static_cast<ptrdiff_t>(random() % model.size());
        list.Remove(*removed);
        limbo.Add(*removed);
        model.erase(removed);
      }
      std::vector<int> numbers;
      for (const Member* member : model) numbers.push_back(member->number);
      ASSERT_EQ(NumbersOf(list), numbers);
      ASSERT_EQ(list.size(), numbers.size());
    }
    for (Member* const member : model) limbo.Add(member);
  }
  EXPECT_EQ(Member::living.load(), 0);
}

// Readers come to every member that is there all the while, to none twice, and always in order: whatever is
// taken out from under them.
TEST(MemberListTest, ReadersDuringChanges) {
  constexpr int kStable = 10;  // numbers that are multiples of 10, below 100
  constexpr int kSteps = 300'000;
  Limbo limbo;
  MemberList<Member> list;
  std::vector<Member*> stable;
  std::deque<Member*> passing;
  for (int i = 0; i < kStable * 10; ++i) {
    auto* member = new Member(i);
    (i % 10 == 0) ? stable.push_back(member) : passing.push_back(member);
    list.Add(member);
  }
  std::atomic<bool> done{false};
  std::atomic<int> missed{0};
  std::atomic<int> out_of_order{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!done.load(std::memory_order_relaxed)) {
        const ReadSection section;
        int found = 0;
        int last = -1;
        for (const Member* member = list.first(); member != nullptr;
             member = MemberList<Member>::after(member)) {
          if (member->number <= last) out_of_order.fetch_add(1);
          last = member->number;
          if (last < kStable * 10 && last % 10 == 0) ++found;
        }
        if (found != kStable) missed.fetch_add(1);
      }
    });
  }
  std::mt19937 random(1);
  for (int step = 0; step < kSteps; ++step) {
    // From anywhere, and half of the time the newest.
    const auto removed = (random() % 2 == 0)
                             ? passing.end() - 1
                             : passing.begin() + static_cast<ptrdiff_t>(random() % passing.size());
    list.Remove(*removed);
    limbo.Add(*removed);
    passing.erase(removed);
    passing.push_back(new Member(1000 + step));
    list.Add(passing.back());
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed.load(), 0);
  EXPECT_EQ(out_of_order.load(), 0);
  for (Member* const member : stable) limbo.Add(member);
  for (Member* const member : passing) limbo.Add(member);
}

}  // namespace
}  // namespace hydra::registry_internal
