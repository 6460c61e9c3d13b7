// What the scopes of ProcessGroups on different nodes tell each other: see peers.h for how they meet.
//
//   Discover  to the scope's name on a node, or to a scope: there is one, `scope`
//   Sync      to a new peer: all processes of this node that are in groups, one as often as it is in the group, in the
//             order in which they have joined. In parts of some 64 KiB, one after the other with nothing between them; the
//             last says so, and what they tell together replaces what was known of the sender
//   Joined    to all peers, when processes of this node have joined, or left a group, by leaving or by ending: one as often
//   Left      as it did; in order. One that isn't a member can't leave: that is ignored
//
// What a scope doesn't believe: it ignores all but a Discover from one that isn't its peer, and each message in which a
// process isn't of its sender's node. So nobody speaks of processes of a third node, or of the receiver's own. That
// `scope` is who has sent it can't be checked: nodes that have the cookie trust each other.
//
// The bytes are those of process/wire.h. A change of a message is another one, by another name.
#ifndef HYDRA_REGISTRY_INTERNAL_GROUP_MESSAGES_H_
#define HYDRA_REGISTRY_INTERNAL_GROUP_MESSAGES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/pid.h"

namespace hydra::registry_internal {

struct GroupDiscover {
  static constexpr std::string_view kWireName = "hydra.groups.Discover";
  Pid scope;
};

// A group, and processes that are in it.
using Membership = std::pair<std::string, std::vector<Pid>>;

struct GroupSync {
  static constexpr std::string_view kWireName = "hydra.groups.Sync";
  Pid scope;
  bool is_first = false;
  bool is_last = false;
  std::vector<Membership> groups;  // one may be there again in the next part
};

struct GroupsJoined {
  static constexpr std::string_view kWireName = "hydra.groups.Joined";
  Pid scope;
  std::string group;
  std::vector<Pid> pids;
};

struct GroupsLeft {
  static constexpr std::string_view kWireName = "hydra.groups.Left";
  Pid scope;
  std::string group;
  std::vector<Pid> pids;
};

// The bytes of a message: about; a pid takes 20 at the most. A group's name is at most kMaxGroupName long.
inline constexpr size_t kGroupMessageBytes = size_t{64} << 10;
inline constexpr size_t kMaxPidBytes = 20;
inline constexpr size_t kMaxGroupName = 4096;

// Cuts memberships into messages of that size.
std::vector<std::vector<Membership>> Parts(const std::vector<Membership>& memberships);

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_GROUP_MESSAGES_H_
