// MemberList: a list that many threads go through without a lock while one at a time changes it.
//
//   const ReadSection section;
//   for (const Member* member = list.first(); member != nullptr; member = list.after(member)) ...
//
// Protocol
//   1. A member is added at the end: its fields are set, then the last one's `next`, or `first_` (release).
//   2. One is taken out: the `next` of the one before it becomes its own (release), which stays as it is.
//   3. A reader goes from `next` to `next` (acquire).
//
// Invariant: a member that is there from the beginning to the end of a reading is come to. From one that
// has been taken out a reader goes on to what was behind it then, and each of those leads on to what is
// behind it.
#ifndef HYDRA_REGISTRY_INTERNAL_MEMBER_LIST_H_
#define HYDRA_REGISTRY_INTERNAL_MEMBER_LIST_H_

#include <atomic>
#include <cstddef>

namespace hydra::registry_internal {

template <typename Member>
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): it is a part of what is in the list.
struct OfList {
  std::atomic<Member*> next{nullptr};  // written by the one who changes the list, read by all
  Member* previous = nullptr;          // for the one who changes it
};

// A Member is OfList<Member>. The list doesn't own its members.
template <typename Member>
class MemberList {
 public:
  // ---- For those who read, in a ReadSection, and for the one who changes it.

  Member* first() const { return first_.load(std::memory_order_acquire); }
  static Member* after(const Member* member) {
    return member->next.load(std::memory_order_acquire);
  }

  // How many there are; a moment's truth for those who read.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // ---- For the one who changes it.

  void Add(Member* member) {
    member->previous = last_;
    NextOf(last_).store(member, std::memory_order_release);
    last_ = member;
    size_.store(size() + 1, std::memory_order_relaxed);
  }

  // Whoever is reading may be at it still.
  void Remove(Member* member) {
    Member* const next = after(member);
    NextOf(member->previous).store(next, std::memory_order_release);
    (next == nullptr ? last_ : next->previous) = member->previous;
    size_.store(size() - 1, std::memory_order_relaxed);
  }

 private:
  std::atomic<Member*>& NextOf(Member* member) { return member == nullptr ? first_ : member->next; }

  std::atomic<Member*> first_{nullptr};  // written by the one who changes the list, read by all
  std::atomic<size_t> size_{0};          // likewise
  Member* last_ = nullptr;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_MEMBER_LIST_H_
