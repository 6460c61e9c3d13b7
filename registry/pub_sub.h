// PubSub: messages for whoever is interested in a topic.
//
//   hydra::PubSub events({.name = "events"});
//   hydra::Children children = {events.child(), hydra::Child<Mailer>({}, events), ...};
//   ...
//   absl::Status status = events.Subscribe("orders");                     // in Mailer::Init
//   events.Publish("orders", OrderPlaced{.id = 7});                       // in the shop
//   void HandleInfo(OrderPlaced order);                                   // in Mailer
//
// A PubSub is a handle of a registry (duplicate_registry.h) whose keys are topics: its copies are the same, there is
// a process behind it, and a subscription is there as long as its process.
//
// PubSubs of the same name on nodes that are connected are one: what is published on one of them reaches the subscribers on
// all. So it must be a type that can cross nodes (wire.h):
//
//   struct OrderPlaced {
//     static constexpr std::string_view kWireName = "shop.OrderPlaced";
//     int64_t id;
//   };
//
// What can't, or needn't, is published locally. Two nodes find each other a moment after they are connected, hidden ones
// don't; what is published while they don't know each other, or isn't there yet when the connection is lost, doesn't
// arrive. A PubSub without a name is its node's.
#ifndef HYDRA_REGISTRY_PUB_SUB_H_
#define HYDRA_REGISTRY_PUB_SUB_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/enclosed.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/wire.h"
#include "hydra/registry/internal/publishing.h"
#include "hydra/registry/internal/shared_pids.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

class PubSub {
 public:
  // Listeners hear of subscriptions: KeyRegistered<std::string> and KeyUnregistered<std::string>.
  explicit PubSub(RegistryOptions options = {})
      : topics_(std::make_shared<Directory>(std::move(options))),
        others_(std::make_shared<registry_internal::SharedPids>()) {}

  // The process behind it: as in Registry.
  ChildSpec child() const { return registry_internal::PubSubChild(topics_, others_); }
  Async<absl::StatusOr<Pid>> StartLink() const {
    return registry_internal::StartPubSub(topics_, others_);
  }

  // From now on the calling process is sent what is published on the topic; twice, if it has subscribed twice. Fails
  // with kUnavailable if the PubSub's process doesn't run, and kFailedPrecondition if the caller is ending.
  absl::Status Subscribe(std::string_view topic) const { return topics_->Register(topic, {}); }

  // Ends all subscriptions that the calling process has of the topic. What was published before may still arrive.
  void Unsubscribe(std::string_view topic) const {
    topics_->Unregister(topic, [](NoValue) { return true; });
  }

  // Sends a copy of `message` to each subscriber of the topic, on all nodes; by Send, so it never waits and never fails, and
  // messages of one publisher arrive in their order. Throws what a copy or `EncodeTo` throws: some have it then. Must be
  // called in a runtime.
  //
  // Cost: that of the sends, one for each subscriber here and for each node that has a PubSub of the name. There its
  // process hands it on: a subscriber that holds its senders (Overflow::kHoldSender) holds all that comes from other nodes.
  template <typename M>
  void Publish(std::string_view topic, const M& message) const {
    PublishLocally(topic, message);
    PublishElsewhere(topic, message);
  }

  // The same to all but the calling process.
  template <typename M>
  void PublishToOthers(std::string_view topic, const M& message) const {
    PublishLocallyToOthers(topic, message);
    PublishElsewhere(topic, message);
  }

  // The same two to subscribers on this node only; of any type that can be copied. What is large to copy is published as a
  // std::shared_ptr<const M>.
  template <typename M>
  void PublishLocally(std::string_view topic, const M& message) const {
    CheckIsCopyable<M>();
    topics_->ForEachOf(topic, [&](const Member& member) { Send(member.pid, message); });
  }
  template <typename M>
  void PublishLocallyToOthers(std::string_view topic, const M& message) const {
    CheckIsCopyable<M>();
    topics_->ForEachOf(topic, [&, self = Self()](const Member& member) {
      if (member.pid != self) Send(member.pid, message);
    });
  }

  // Who has subscribed to the topic on this node; and the topics that a process of it has subscribed to, one as often
  // as it has.
  std::vector<Pid> Subscribers(std::string_view topic) const {
    std::vector<Pid> subscribers;
    topics_->ForEachOf(topic, [&](const Member& member) { subscribers.push_back(member.pid); });
    return subscribers;
  }
  std::vector<std::string> Topics(const Pid& pid) const { return topics_->Keys(pid); }

  friend bool operator==(const PubSub&, const PubSub&) = default;

 private:
  using Directory = registry_internal::Topics;
  using Member = Directory::Member;

  // What a message is sent as: a literal as a std::string.
  template <typename M>
  using Sent = std::conditional_t<std::is_same_v<std::decay_t<const M&>, const char*>, std::string,
                                  std::decay_t<const M&>>;

  template <typename M>
  static constexpr void CheckIsCopyable() {
    static_assert(
        std::is_copy_constructible_v<std::decay_t<const M&>>,
        "Publish(topic, message): each subscriber gets a copy, and this type can't be copied; a "
        "std::shared_ptr<const M> can, by PublishLocally");
  }

  template <typename M>
  void PublishElsewhere(std::string_view topic, const M& message) const {
    static_assert(
        WireReady<Sent<M>>,
        "Publish(topic, message): it is for subscribers on all nodes, and this type can't "
        "cross nodes: give it a kWireName (process/wire.h), or say PublishLocally");
    if constexpr (WireReady<Sent<M>>) {
      const std::vector<Pid> others = others_->Get();
      if (!others.empty()) registry_internal::PublishTo(others, topic, Enclose<Sent<M>>(message));
    }
  }

  std::shared_ptr<Directory> topics_;
  std::shared_ptr<registry_internal::SharedPids> others_;  // of the same name, on other nodes
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_PUB_SUB_H_
