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
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/internal/duplicate_directory.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

class PubSub {
 public:
  // Listeners hear of subscriptions: KeyRegistered<std::string> and KeyUnregistered<std::string>.
  explicit PubSub(RegistryOptions options = {})
      : topics_(std::make_shared<Directory>(std::move(options))) {}

  // The process behind it: as in Registry.
  ChildSpec child() const { return registry_internal::RegistryChild(topics_); }
  Async<absl::StatusOr<Pid>> StartLink() const { return registry_internal::StartRegistry(topics_); }

  // From now on the calling process is sent what is published on the topic; twice, if it has subscribed twice. Fails
  // with kUnavailable if the PubSub's process doesn't run, and kFailedPrecondition if the caller is ending.
  absl::Status Subscribe(std::string_view topic) const { return topics_->Register(topic, {}); }

  // Ends all subscriptions that the calling process has of the topic. What was published before may still arrive.
  void Unsubscribe(std::string_view topic) const {
    topics_->Unregister(topic, [](NoValue) { return true; });
  }

  // Sends a copy of `message` to each subscriber of the topic; by Send, so it never waits and never fails, and messages
  // of one publisher arrive in their order. Must be called in a runtime.
  //
  // Cost: that of the sends. What is large to copy is published as a std::shared_ptr<const M>.
  template <typename M>
  void Publish(std::string_view topic, const M& message) const {
    CheckIsCopyable<M>();
    topics_->ForEachOf(topic, [&](const Member& member) { Send(member.pid, message); });
  }

  // The same to all but the calling process.
  template <typename M>
  void PublishToOthers(std::string_view topic, const M& message) const {
    CheckIsCopyable<M>();
    topics_->ForEachOf(topic, [&, self = Self()](const Member& member) {
      if (member.pid != self) Send(member.pid, message);
    });
  }

  // Who has subscribed to the topic; and the topics that a process has subscribed to, one as often
  // as it has.
  std::vector<Pid> Subscribers(std::string_view topic) const {
    std::vector<Pid> subscribers;
    topics_->ForEachOf(topic, [&](const Member& member) { subscribers.push_back(member.pid); });
    return subscribers;
  }
  std::vector<std::string> Topics(const Pid& pid) const { return topics_->Keys(pid); }

  friend bool operator==(const PubSub&, const PubSub&) = default;

 private:
  using Directory = registry_internal::DuplicateDirectory<std::string, NoValue>;
  using Member = Directory::Member;

  template <typename M>
  static constexpr void CheckIsCopyable() {
    static_assert(
        std::is_copy_constructible_v<std::decay_t<const M&>>,
        "Publish(topic, message): each subscriber gets a copy, and this type can't be copied; a "
        "std::shared_ptr<const M> can");
  }

  std::shared_ptr<Directory> topics_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_PUB_SUB_H_
