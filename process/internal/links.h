// The links of one process, as it knows them.
//
// Both partners keep a record, and neither takes a lock to change it, so they must come to agree by
// signals alone. Protocol (docs/semantics.md LNK4; the Erlang distribution protocol's "New Link
// Protocol")
//   1. Link: record the link as active, and send LINK, unless it is active already.
//   2. Unlink: give the link a new unlink id, one that this process hasn't used before, and send UNLINK
//      with it. The link is *ending*: it acts
//      no more, but is remembered until the partner has acknowledged that id.
//   3. On LINK: record the link as active, unless it is ending: then that LINK was sent before the
//      partner heard of the end, and is ignored.
//   4. On UNLINK: forget the link if it is active, and acknowledge the id in any case.
//   5. On an acknowledgement: forget the link if it is ending with that very id. Another id belongs
//      to an Unlink after which this process has linked, and perhaps unlinked, again.
//   6. On the partner's end: an active link is forgotten and acts. An ending one doesn't act.
// Signals from one process to another keep their order; that makes it converge.
#ifndef HYDRA_PROCESS_INTERNAL_LINKS_H_
#define HYDRA_PROCESS_INTERNAL_LINKS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hydra/process/internal/small_map.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// Thread safety: thread-compatible; the process's holder's.
class Links {
 public:
  // Returns whether LINK must be sent.
  bool Link(const Pid& partner) {
    uint64_t* ending = links_.Find(partner);
    if (ending == nullptr) {
      links_.Add(partner, kActive);
      return true;
    }
    const bool was_ending = *ending != kActive;
    *ending = kActive;
    return was_ending;
  }

  // Links two processes of which one is new: neither has a record of the other, and both get one.
  void LinkNew(const Pid& partner) { links_.Add(partner, kActive); }

  // Ends an active link under the new `id`, which isn't 0. Returns whether UNLINK must be sent.
  bool Unlink(const Pid& partner, uint64_t id) {
    uint64_t* ending = links_.Find(partner);
    if (ending == nullptr || *ending != kActive) return false;
    *ending = id;
    return true;
  }

  void OnLink(const Pid& partner) {
    if (links_.Find(partner) == nullptr) links_.Add(partner, kActive);
  }

  void OnUnlink(const Pid& partner) { EndIfActive(partner); }

  void OnUnlinkAck(const Pid& partner, uint64_t id) {
    if (uint64_t* ending = links_.Find(partner); ending != nullptr && *ending == id)
      links_.Remove(ending);
  }

  // Returns whether the partner's end acts on this process.
  bool OnPartnerEnd(const Pid& partner) { return EndIfActive(partner); }

  // Ends all links with partners that `is_lost` says are. Returns those whose links were active.
  template <typename IsLost>
  std::vector<Pid> TakeLost(IsLost is_lost) {
    std::vector<Pid> lost;
    for (const auto& [partner, ending] : links_) {
      if (is_lost(partner)) lost.push_back(partner);
    }
    std::erase_if(lost, [this](const Pid& partner) {
      uint64_t* ending = links_.Find(partner);
      const bool was_active = *ending == kActive;
      links_.Remove(ending);
      return !was_active;
    });
    return lost;
  }

  void GiveBackMemory() { links_.GiveBackMemory(); }

  // Calls `visit(partner)` for each active link.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [partner, ending] : links_) {
      if (ending == kActive) visit(partner);
    }
  }

 private:
  static constexpr uint64_t kActive = 0;

  bool EndIfActive(const Pid& partner) {
    uint64_t* ending = links_.Find(partner);
    if (ending == nullptr || *ending != kActive) return false;
    links_.Remove(ending);
    return true;
  }

  SmallMap<Pid, uint64_t> links_;  // to the id of the unlink that ends it; kActive while none does
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_LINKS_H_
