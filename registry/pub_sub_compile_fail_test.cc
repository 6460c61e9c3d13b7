// What PubSub refuses.
#include <memory>

#include "hydra/process/process.h"
#include "hydra/registry/pub_sub.h"

namespace hydra {

struct Ticket {
  std::unique_ptr<int> number;
};

void Use(const PubSub& events) {
  events.PublishLocally("tickets", std::make_shared<const Ticket>());
  events.Publish("words", "a literal");

#if defined(MOVE_ONLY)
  events.PublishLocally("tickets", Ticket());
#elif defined(MOVE_ONLY_TO_OTHERS)
  events.PublishLocallyToOthers("tickets", Ticket());
#elif defined(CANT_CROSS_NODES)
  events.Publish("tickets", std::make_shared<const Ticket>());
#elif defined(CANT_CROSS_NODES_TO_OTHERS)
  events.PublishToOthers("tickets", std::make_shared<const Ticket>());
#elif defined(IGNORED_SUBSCRIPTION)
  events.Subscribe("tickets");
#endif
}

}  // namespace hydra
