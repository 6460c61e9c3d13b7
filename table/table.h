// Table: keys and values that one process owns and any number read, without asking it (what ets and
// persistent_term are for).
//
//   class Prices {                                                     // a server that owns a table
//    public:
//     explicit Prices(hydra::Table<std::string, double> prices);
//     void HandleCast(Set set) { prices_.Insert(std::move(set.item), set.price); }
//     ...
//   };
//
//   hydra::Table<std::string, double> table;
//   hydra::TableReader<std::string, double> prices = table.reader();   // a copy for everybody
//   ...
//   std::optional<double> price = prices.Lookup("tea");                // anywhere, while the owner is busy
//
// A table lives as long as its Table, which one process has at a time: in a variable of its body, or as a
// member of a server. When that goes the table is gone, before anybody hears of the owner's end: readers find
// nothing then, and writes do nothing. It can be given to another process, and have an heir.
//
// Reading takes no lock and writes nothing that others read (base/shared_map.h); a value is copied, as it was
// at some time during the read. What is taken out or replaced is destroyed some time after that, by whoever
// changes the table then, or with the table.
#ifndef HYDRA_TABLE_TABLE_H_
#define HYDRA_TABLE_TABLE_H_

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hydra/base/shared_key.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/table/internal/table_state.h"

namespace hydra {

// Reads a table. Keys are compared by ==, hashed by absl::Hash, and copied; values are copied. A std::string
// key is asked for by a string_view. Copies read the same. Thread safety: any thread.
template <typename Key, typename Value>
class TableReader {
 public:
  using KeyView = KeyViewOf<Key>;

  // The value of the key; nothing if there is none.
  std::optional<Value> Lookup(KeyView key) const { return state_->Lookup(key); }
  bool Contains(KeyView key) const { return state_->Contains(key); }

  // Calls `inspect(const Value&)` with the value of the key, which isn't copied. Returns whether there is
  // one. It may use the table, and must not keep the reference; what is taken out meanwhile stays in memory.
  template <typename F>
  bool Inspect(KeyView key, F inspect) const {
    return state_->Inspect(key, inspect);
  }

  // How many keys there are; a moment's truth.
  size_t size() const { return state_->size(); }

  // Calls `visit(const Key&, const Value&)` for each key, in no order: for one that is there all the while
  // exactly once. As Inspect, otherwise.
  template <typename Visit>
  void ForEach(Visit visit) const {
    state_->ForEach(visit);
  }

  // What is there of which `matches(const Key&, const Value&)`.
  template <typename Matches>
  std::vector<std::pair<Key, Value>> Select(Matches matches) const {
    std::vector<std::pair<Key, Value>> selected;
    state_->ForEach([&](const Key& key, const Value& value) {
      if (matches(key, value)) selected.emplace_back(key, value);
    });
    return selected;
  }

  // Whether the table isn't gone.
  bool is_open() const { return state_->is_open(); }

 protected:
  using State = table_internal::TableState<Key, Value>;

  explicit TableReader(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

// Reads and writes a table. Each write is atomic. Those to one key are in an order; writers wait for each
// other, though not for readers, within a partition. Once the table is gone they do nothing. Thread safety:
// any thread.
template <typename Key, typename Value>
class TableWriter : public TableReader<Key, Value> {
 public:
  using KeyView = typename TableReader<Key, Value>::KeyView;

  // Sets the value of the key.
  void Insert(Key key, Value value) const {
    this->state_->Insert(std::move(key), std::move(value));
  }

  // Sets it if there is none. Returns whether.
  bool InsertNew(Key key, Value value) const {
    return this->state_->InsertNew(std::move(key), std::move(value));
  }

  // Removes the key. Returns whether it was there; or what its value was.
  bool Erase(KeyView key) const { return this->state_->Erase(key); }
  std::optional<Value> Take(KeyView key) const { return this->state_->Take(key); }

  // Sets the value of the key to what `change(const Value*)` returns, which gets null if there is none.
  // Returns it; nothing if the table is gone. `change` is called under a lock: it must not use the table. If
  // it throws nothing changes.
  template <typename Change>
  std::optional<Value> Update(KeyView key, Change change) const {
    return this->state_->Update(key, change);
  }

  // Adds to the value of the key, an integer; to 0 if there is none. What doesn't fit wraps around. Returns
  // the sum; nothing if the table is gone.
  std::optional<Value> Add(KeyView key, Value amount) const
    requires table_internal::Counter<Value>
  {
    return Update(key, [amount](const Value* value) {
      return table_internal::Sum(value == nullptr ? Value{0} : *value, amount);
    });
  }

  // Removes all keys: not at one moment.
  void Clear() const { this->state_->Clear(); }

 protected:
  using TableReader<Key, Value>::TableReader;
};

struct TableOptions {
  // Parts that writers wait for each other in.
  size_t partitions = 1;
};

template <typename Key, typename Value>
struct TableTransfer;

// Owns a table. Movable; what it was moved from is to be destroyed or assigned to only. Thread safety:
// belongs to its owner.
template <typename Key, typename Value>
class Table : public TableWriter<Key, Value> {
 public:
  explicit Table(TableOptions options = {})
      : TableWriter<Key, Value>(std::make_shared<State>(options.partitions)) {}
  Table(Table&& other) noexcept
      : TableWriter<Key, Value>(std::exchange(other.state_, nullptr)),
        heir_(std::exchange(other.heir_, std::nullopt)) {}
  Table& operator=(Table&& other) noexcept {
    Table taken(std::move(other));
    std::swap(this->state_, taken.state_);
    std::swap(heir_, taken.heir_);
    return *this;
  }
  ~Table() {
    if (this->state_ == nullptr) return;
    if (heir_.has_value() && !heir_->is_owner) {
      const Heir heir = *std::exchange(heir_, std::nullopt);
      Send(heir.pid, TableTransfer<Key, Value>{std::move(*this), heir.owner, heir.note});
    } else {
      this->state_->Close();
    }
  }

  // For all who may read it, or write to it.
  TableReader<Key, Value> reader() const { return *this; }
  TableWriter<Key, Value> writer() const { return *this; }

  // Sends the table to another process, which gets a TableTransfer, and has it from then on. If that has
  // ended the table is gone, or goes to its heir; if it ends without having taken the message, some time
  // after its end. Must be called by a process.
  void GiveTo(const Pid& pid, std::string note = {}) && {
    if (heir_.has_value()) {
      heir_->owner = pid;
      heir_->is_owner = pid == heir_->pid;
    }
    Send(pid, TableTransfer<Key, Value>{std::move(*this), Self(), std::move(note)});
  }

  // When this is destroyed, as by the end of its owner, however that ends, the table is sent to that process,
  // which gets a TableTransfer. An heir that it had isn't any more. It stays the heir when the table is given
  // to others: whoever makes itself the heir, and gives it to one that may crash, gets it back. If the heir
  // has ended, or was given it, the table is gone. Must be called by a process, and the table be destroyed in
  // a runtime.
  void SetHeir(const Pid& pid, std::string note = {}) {
    heir_ = Heir{pid, std::move(note), Self()};
  }
  void RemoveHeir() { heir_.reset(); }

 private:
  using State = table_internal::TableState<Key, Value>;
  struct Heir {
    Pid pid;
    std::string note;
    Pid owner;  // who has the table, as far as that was said here
    bool is_owner = false;
  };

  std::optional<Heir> heir_;
};

// What a process that a table is given to is sent.
template <typename Key, typename Value>
struct TableTransfer {
  Table<Key, Value> table;
  Pid from;          // who gave it, or had it
  std::string note;  // what was said by GiveTo, or SetHeir
};

}  // namespace hydra

#endif  // HYDRA_TABLE_TABLE_H_
