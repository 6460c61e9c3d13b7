// Applications for the tests of this module: each keeps a journal of what is done to it.
//
//   auto journal = std::make_shared<hydra::Journal>();
//   co_await hydra::StartApplication(hydra::Journaled("shop", journal));
//   EXPECT_THAT(journal->entries(), ElementsAre("start shop"));
#ifndef HYDRA_APPLICATION_APPLICATION_TESTING_H_
#define HYDRA_APPLICATION_APPLICATION_TESTING_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/application/spec.h"
#include "hydra/base/mutex.h"
#include "hydra/process/exit_reason.h"

namespace hydra {

// Thread safety: any thread.
class Journal {
 public:
  void Add(std::string entry) {
    const MutexLock lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  std::vector<std::string> entries() const {
    const MutexLock lock(mutex_);
    return entries_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> entries_ ABSL_GUARDED_BY(mutex_);
};

// A root ends with that reason when it gets this.
struct EndWith {
  ExitReason reason;
};

// An application whose start, prep_stop and stop, and the exit signal to whose root, are entries of the
// journal: "start shop", "prep_stop shop", "root shop: shutdown", "stop shop". Its root has its name, and
// traps exits.
Application Journaled(const std::string& name, const std::shared_ptr<Journal>& journal,
                      std::vector<Application> dependencies = {});

}  // namespace hydra

#endif  // HYDRA_APPLICATION_APPLICATION_TESTING_H_
