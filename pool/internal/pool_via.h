// The workers of a pool as an address.
#ifndef HYDRA_POOL_INTERNAL_POOL_VIA_H_
#define HYDRA_POOL_INTERNAL_POOL_VIA_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "hydra/pool/internal/worker_table.h"
#include "hydra/process/pid.h"
#include "hydra/process/via.h"

namespace hydra::pool_internal {

// Whichever worker is next; or the one with a number.
class PoolVia final : public Via {
 public:
  explicit PoolVia(std::shared_ptr<WorkerTable> table, std::optional<size_t> number = {})
      : table_(std::move(table)), number_(number) {}

  Pid WhereIs() const override {
    return table_->worker(number_.has_value() ? *number_ : table_->Next());
  }

  absl::Status Register() const override {
    return absl::InvalidArgumentError("a server can't be started under the address of a pool");
  }

  // "resizers", "3 of resizers".
  std::string ToString() const override {
    const std::string& name = table_->options().name;
    const std::string pool = name.empty() ? "a pool" : name;
    return number_.has_value() ? std::to_string(*number_) + " of " + pool : pool;
  }

  bool Equals(const Via& other) const override {
    const auto* same = dynamic_cast<const PoolVia*>(&other);
    return same != nullptr && same->table_ == table_ && same->number_ == number_;
  }

 private:
  const std::shared_ptr<WorkerTable> table_;
  const std::optional<size_t> number_;
};

}  // namespace hydra::pool_internal

#endif  // HYDRA_POOL_INTERNAL_POOL_VIA_H_
