#include "hydra/process/internal/links.h"

#include <array>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {
namespace {

using testing::ElementsAre;

constexpr Pid kPartner(1, 1, 1);

std::vector<Pid> ActiveIn(const Links& links) {
  std::vector<Pid> active;
  links.ForEach([&](const Pid& partner) { active.push_back(partner); });
  return active;
}

// ---- One end: the protocol as a table.

enum class State { kNone, kActive, kEnding };

// Finds out, at the cost of changing it: a LINK counts unless the link is ending.
State StateOf(Links& links) {
  if (!ActiveIn(links).empty()) return State::kActive;
  links.OnLink(kPartner);
  return ActiveIn(links).empty() ? State::kEnding : State::kNone;
}

// Links in that state. An ending one has been ended before, by the id 1; now it is by the id 2.
Links MakeLinks(State state) {
  Links links;
  if (state != State::kNone) links.Link(kPartner);
  if (state == State::kEnding) {
    links.Unlink(kPartner, 1);
    links.Link(kPartner);
    links.Unlink(kPartner, 2);
  }
  return links;
}

TEST(LinksTest, StatesAreWhatTheyAreCalled) {
  for (const State state : {State::kNone, State::kActive, State::kEnding}) {
    Links links = MakeLinks(state);
    EXPECT_EQ(StateOf(links), state);
  }
}

enum class Event { kLink, kUnlink, kOnLink, kOnUnlink, kOnOldAck, kOnAck, kOnPartnerEnd };

// Returns what the event returns: what has to be sent, or whether the end acts.
uint64_t Do(Links& links, Event event) {
  switch (event) {
    case Event::kLink:
      return links.Link(kPartner) ? 1 : 0;
    case Event::kUnlink:
      return links.Unlink(kPartner, 3) ? 1 : 0;
    case Event::kOnLink:
      links.OnLink(kPartner);
      return 0;
    case Event::kOnUnlink:
      links.OnUnlink(kPartner);
      return 0;
    case Event::kOnOldAck:
      links.OnUnlinkAck(kPartner, 1);
      return 0;
    case Event::kOnAck:
      links.OnUnlinkAck(kPartner, 2);
      return 0;
    case Event::kOnPartnerEnd:
      return links.OnPartnerEnd(kPartner) ? 1 : 0;
  }
  return 0;
}

// LNK1, LNK2, LNK3, LNK4
TEST(LinksTest, EachEventInEachState) {
  struct Row {
    State before;
    Event event;
    uint64_t returned;
    State after;
  };
  const Row rows[] = {
      {State::kNone, Event::kLink, 1, State::kActive},
      {State::kNone, Event::kUnlink, 0, State::kNone},
      {State::kNone, Event::kOnLink, 0, State::kActive},
      {State::kNone, Event::kOnUnlink, 0, State::kNone},
      {State::kNone, Event::kOnOldAck, 0, State::kNone},
      {State::kNone, Event::kOnAck, 0, State::kNone},
      {State::kNone, Event::kOnPartnerEnd, 0, State::kNone},

      {State::kActive, Event::kLink, 0, State::kActive},
      {State::kActive, Event::kUnlink, 1, State::kEnding},
      {State::kActive, Event::kOnLink, 0, State::kActive},
      {State::kActive, Event::kOnUnlink, 0, State::kNone},
      {State::kActive, Event::kOnOldAck, 0, State::kActive},
      {State::kActive, Event::kOnAck, 0, State::kActive},
      {State::kActive, Event::kOnPartnerEnd, 1, State::kNone},

      {State::kEnding, Event::kLink, 1, State::kActive},
      {State::kEnding, Event::kUnlink, 0, State::kEnding},
      {State::kEnding, Event::kOnLink, 0, State::kEnding},
      {State::kEnding, Event::kOnUnlink, 0, State::kEnding},
      {State::kEnding, Event::kOnOldAck, 0, State::kEnding},
      {State::kEnding, Event::kOnAck, 0, State::kNone},
      {State::kEnding, Event::kOnPartnerEnd, 0, State::kEnding},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::Message() << "event " << static_cast<int>(row.event) << " in state "
                                    << static_cast<int>(row.before));
    Links links = MakeLinks(row.before);
    EXPECT_EQ(Do(links, row.event), row.returned);
    EXPECT_EQ(StateOf(links), row.after);
  }
}

TEST(LinksTest, PartnersAreKeptApart) {
  std::vector<Pid> partners;
  Links links;
  for (uint32_t slot = 0; slot < 100; ++slot) {
    partners.push_back(Pid(1, slot, 1));
    EXPECT_TRUE(links.Link(partners.back()));
  }
  EXPECT_EQ(ActiveIn(links), partners);
  for (uint32_t slot = 3; slot < 100; ++slot) {
    if (slot % 2 == 0) links.OnUnlink(partners[slot]);
    if (slot % 2 == 1) links.Unlink(partners[slot], slot);
  }
  EXPECT_THAT(ActiveIn(links), ElementsAre(partners[0], partners[1], partners[2]));
  EXPECT_FALSE(links.OnPartnerEnd(Pid(2, 1, 1)));  // another process, in the slot of a partner
  EXPECT_TRUE(links.OnPartnerEnd(partners[1]));
  EXPECT_THAT(ActiveIn(links), ElementsAre(partners[0], partners[2]));
}

// ---- Two ends, with signals under way between them.

struct Sent {
  enum class Kind { kLink, kUnlink, kAck, kEnd } kind;
  uint64_t id = 0;
};

// The links of two processes, each of which knows the other as kPartner. Side 0 may be told of the
// death of side 1.
class Pair {
 public:
  void Link(int side) {
    if (ends_[side].links.Link(kPartner)) SendFrom(side, {Sent::Kind::kLink});
  }

  void Unlink(int side) {
    const uint64_t id = ++last_unlink_;
    if (ends_[side].links.Unlink(kPartner, id)) SendFrom(side, {Sent::Kind::kUnlink, id});
  }

  // Side 1 takes in what has arrived, tells its links, and answers as the dead do from now on.
  void Die() {
    while (Deliver(1)) continue;
    dead_ = true;
    ends_[1].links.ForEach([&](const Pid&) { SendFrom(1, {Sent::Kind::kEnd}); });
  }

  // Delivers the oldest signal to `side`. Returns false if there is none.
  bool Deliver(int side) {
    End& end = ends_[side];
    if (end.arriving.empty()) return false;
    const Sent sent = end.arriving.front();
    end.arriving.pop_front();
    if (side == 1 && dead_) {
      if (sent.kind == Sent::Kind::kLink) SendFrom(1, {Sent::Kind::kEnd});
      if (sent.kind == Sent::Kind::kUnlink) SendFrom(1, {Sent::Kind::kAck, sent.id});
      return true;
    }
    switch (sent.kind) {
      case Sent::Kind::kLink:
        end.links.OnLink(kPartner);
        break;
      case Sent::Kind::kUnlink:
        end.links.OnUnlink(kPartner);
        SendFrom(side, {Sent::Kind::kAck, sent.id});
        break;
      case Sent::Kind::kAck:
        end.links.OnUnlinkAck(kPartner, sent.id);
        break;
      case Sent::Kind::kEnd:
        if (end.links.OnPartnerEnd(kPartner)) ++ends_heard_;
        break;
    }
    return true;
  }

  // Delivers all signals, and those that they cause.
  void Settle() {
    while (Deliver(0) || Deliver(1)) continue;
  }

  bool IsLinked(int side) const { return !ActiveIn(ends_[side].links).empty(); }
  Links& links(int side) { return ends_[side].links; }
  int ends_heard() const { return ends_heard_; }

 private:
  struct End {
    Links links;
    std::deque<Sent> arriving;
  };

  void SendFrom(int side, Sent sent) { ends_[1 - side].arriving.push_back(sent); }

  std::array<End, 2> ends_;
  bool dead_ = false;
  uint64_t last_unlink_ = 0;
  int ends_heard_ = 0;  // by side 0
};

constexpr uint32_t kSeeds = 2000;

// LNK4
TEST(LinksModelTest, BothEndsComeToAgree) {
  int linked = 0;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed * 7919);
    Pair pair;
    for (int step = 0; step < 40; ++step) {
      const int side = random() / 8 % 2;
      const uint32_t what = random() / 8 % 4;
      if (what == 0) pair.Link(side);
      if (what == 1) pair.Unlink(side);
      if (what >= 2) pair.Deliver(side);
    }
    pair.Settle();
    ASSERT_EQ(pair.IsLinked(0), pair.IsLinked(1));
    if (pair.IsLinked(0)) {
      ++linked;
    } else {
      ASSERT_EQ(StateOf(pair.links(0)), State::kNone);  // nothing is left of it
      ASSERT_EQ(StateOf(pair.links(1)), State::kNone);
    }
  }
  EXPECT_GT(linked, static_cast<int>(kSeeds / 10));
  EXPECT_LT(linked, static_cast<int>(kSeeds - kSeeds / 10));
}

// LNK1, LNK2: they agree on what was said last, if only one of them says anything.
TEST(LinksModelTest, WhatOneEndSaysLastHolds) {
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed * 7919);
    Pair pair;
    bool linked = false;
    for (int step = 0; step < 40; ++step) {
      const uint32_t what = random() / 8 % 4;
      if (what == 0) pair.Link(0);
      if (what == 1) pair.Unlink(0);
      if (what < 2) linked = what == 0;
      if (what >= 2) pair.Deliver(static_cast<int>(what) - 2);
      ASSERT_EQ(pair.IsLinked(0), linked);
    }
    pair.Settle();
    ASSERT_EQ(pair.IsLinked(0), linked);
    ASSERT_EQ(pair.IsLinked(1), linked);
  }
}

// LNK3, LNK6: whenever the partner dies, one end is heard after the last Link, and none after the
// last Unlink.
TEST(LinksModelTest, EndIsHeardOnceUnlessUnlinked) {
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed * 7919);
    Pair pair;
    const int dies_at = static_cast<int>(random() / 8 % 40);
    int expected = 0;
    for (int step = 0; step < 40; ++step) {
      if (step == dies_at) pair.Die();
      const uint32_t what = random() / 8 % 4;
      if (what == 0) pair.Link(0);
      if (what == 1) pair.Unlink(0);
      if (what == 0) expected = pair.ends_heard() + 1;
      if (what == 1) expected = pair.ends_heard();
      if (what >= 2) pair.Deliver(static_cast<int>(what) - 2);
    }
    pair.Settle();
    ASSERT_EQ(pair.ends_heard(), expected);
    ASSERT_EQ(StateOf(pair.links(0)), State::kNone);
  }
}

}  // namespace
}  // namespace hydra::process_internal
