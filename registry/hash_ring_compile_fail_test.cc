// What isn't a key.
#include <string>

#include "hydra/registry/hash_ring.h"

namespace hydra {

struct Order {
  std::string number;
};

void Use() {
  HashRing<int> ring;
  ring.Add({.name = "alpha", .node = 1});
  ring.Find("key");
  ring.Find(7L);

#if defined(TYPE_OF_ONES_OWN)
  ring.Find(Order{"1"});
#elif defined(CHARACTER)
  ring.Find('k');
#elif defined(FRACTION)
  ring.Find(1.5);
#elif defined(NEGATIVE_WEIGHT)
  ring.Add({.name = "beta", .node = 2, .weight = -1});
#endif
}

}  // namespace hydra
