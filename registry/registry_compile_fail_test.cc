// What registries refuse.
#include <string>
#include <utility>

#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/key_lock.h"
#include "hydra/registry/registry.h"

namespace hydra {

struct Seat {
  int row;
  friend bool operator==(const Seat&, const Seat&) = default;
};
struct Local {
  int row;
  friend bool operator==(const Local&, const Local&) = default;
  template <typename H>
  friend H AbslHashValue(H hash, const Local& seat) {
    return H::combine(std::move(hash), seat.row);
  }
};
struct Hashed {
  int row;
  template <typename H>
  friend H AbslHashValue(H hash, const Hashed& seat) {
    return H::combine(std::move(hash), seat.row);
  }
};

struct Room {
  using Protocol = hydra::Protocol<>;
};

Async<> Use(Registry<std::string, int> rooms, DuplicateRegistry<std::string, int> jobs) {
  static_cast<void>(rooms.Register("lobby", 1));
  static_cast<void>(jobs.Register("thumbnails", 1));
  static_cast<void>(rooms.Via("lobby"));
  static_cast<void>(rooms.ViaOn("b@10.0.0.7:4370", "lobby"));
  const Registry<Local> locals;
  static_cast<void>(locals.Via(Local{1}));
  const KeyLock lock = co_await rooms.Lock("lobby");
  rooms.PutMeta("owner", std::string("hydra"));

#if defined(KEY_WITHOUT_A_HASH)
  const Registry<Seat> seats;
#elif defined(DUPLICATE_KEY_WITHOUT_A_HASH)
  const DuplicateRegistry<Seat> seats;
#elif defined(KEY_WITHOUT_EQUALITY)
  const Registry<Hashed> seats;
#elif defined(VIA_OF_A_DUPLICATE_REGISTRY)
  static_cast<void>(jobs.Via("thumbnails"));
#elif defined(VIA_ON_OF_A_DUPLICATE_REGISTRY)
  static_cast<void>(jobs.ViaOn("b@10.0.0.7:4370", "thumbnails"));
#elif defined(VIA_ON_OF_A_LOCAL_KEY)
  static_cast<void>(locals.ViaOn("b@10.0.0.7:4370", Local{1}));
#elif defined(STARTED_ON_ANOTHER_NODE)
  static_cast<void>(co_await StartLink<Room>({.via = rooms.ViaOn("b@10.0.0.7:4370", "lobby")}));
#elif defined(UPDATE_OF_A_DUPLICATE_REGISTRY)
  static_cast<void>(jobs.Update("thumbnails", [](int value) { return value; }));
#elif defined(WRONG_KEY)
  static_cast<void>(rooms.WhereIs(1));
#elif defined(WRONG_VALUE)
  static_cast<void>(rooms.Register("lobby", std::string("1")));
#elif defined(WRONG_VALUE_FOR_A_VIA)
  static_cast<void>(rooms.Via("lobby", std::string("1")));
#elif defined(WRONG_UPDATE)
  static_cast<void>(rooms.Update("lobby", [](int) { return std::string("1"); }));
#elif defined(DROPPED_STATUS)
  rooms.Register("lobby", 1);
#elif defined(DROPPED_LOCK)
  co_await rooms.Lock("lobby");
#elif defined(LOCK_THAT_IS_NOT_AWAITED)
  rooms.Lock("lobby");
#elif defined(TEXT_AS_META)
  rooms.PutMeta("owner", "hydra");
#elif defined(TEXT_AS_DUPLICATE_META)
  jobs.PutMeta("owner", "hydra");
#elif defined(DISPATCH_OF_SOMETHING_ELSE)
  jobs.Dispatch("thumbnails", [](int) {});
#endif
}

}  // namespace hydra
