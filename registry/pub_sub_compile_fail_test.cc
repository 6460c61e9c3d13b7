// What PubSub refuses.
#include <memory>

#include "hydra/process/process.h"
#include "hydra/registry/pub_sub.h"

namespace hydra {

struct Ticket {
  std::unique_ptr<int> number;
};

void Use(const PubSub& events) {
  events.Publish("tickets", std::make_shared<const Ticket>());
  events.Publish("words", "a literal");

#if defined(MOVE_ONLY)
  events.Publish("tickets", Ticket());
#elif defined(MOVE_ONLY_TO_OTHERS)
  events.PublishToOthers("tickets", Ticket());
#elif defined(IGNORED_SUBSCRIPTION)
  events.Subscribe("tickets");
#endif
}

}  // namespace hydra
