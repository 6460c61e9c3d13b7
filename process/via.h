// Via: an address that is looked up by whoever made it: a registry's key, or what a user looks up by.
//
//   class OnDuty final : public hydra::Via {                  // whoever is on duty in `ward`
//    public:
//     OnDuty(std::shared_ptr<Roster> roster, std::string ward);
//     hydra::Pid WhereIs() const override { return roster_->OnDuty(ward_); }
//     absl::Status Register() const override { return roster_->Begin(ward_, hydra::Self()); }
//     ...
//   };
//   hydra::Send(std::make_shared<OnDuty>(roster, "children"), Wake{});   // as to a name: see dest.h
//
// It stays in its OS process: what is sent to another node is sent to a pid.
#ifndef HYDRA_PROCESS_VIA_H_
#define HYDRA_PROCESS_VIA_H_

#include <string>

#include "absl/status/status.h"
#include "hydra/process/pid.h"

namespace hydra {

// Thread safety: any thread, also several at a time; the last to use it destroys it. Nothing here may wait
// for a process.
class Via {
 public:
  virtual ~Via() = default;

  // The process that it stands for now, on whichever node; nobody's pid if there is none, or that has
  // ended: see HasEnded in behaviour.h. Called once for each operation; doesn't throw.
  virtual Pid WhereIs() const = 0;

  // From now on, until that ends, it stands for the calling process. Fails with NameTakenError (name.h)
  // if it stands for another; any other status says why else it can't be.
  virtual absl::Status Register() const = 0;

  // For logs.
  virtual std::string ToString() const = 0;

  // Whether the other is the same address.
  virtual bool Equals(const Via& other) const = 0;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_VIA_H_
