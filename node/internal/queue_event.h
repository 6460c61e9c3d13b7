// What a completion queue of gRPC yields when it is done.
#ifndef HYDRA_NODE_INTERNAL_QUEUE_EVENT_H_
#define HYDRA_NODE_INTERNAL_QUEUE_EVENT_H_

namespace hydra::node_internal {

class Event {
 public:
  virtual ~Event() = default;
  virtual void Done(bool ok) = 0;
};

// An event that calls a member function.
template <typename T, void (T::*kDone)(bool)>
class EventOf final : public Event {
 public:
  explicit EventOf(T& owner) : owner_(owner) {}
  void Done(bool ok) override { (owner_.*kDone)(ok); }

 private:
  T& owner_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_QUEUE_EVENT_H_
