// Dest: whatever a process can be addressed by.
//
//   hydra::Send(pid, Stop{});
//   hydra::Send("logger", Line{"started"});                 // a name of this runtime
//   hydra::Send({"logger", "db@10.0.0.7:4370"}, Line{"started"});   // a name on another node
//   hydra::Send(alias, Answer{42});                         // see alias.h
//   hydra::Send(std::make_shared<OnDuty>(roster, "children"), Wake{});   // see via.h
//
// Every operation that takes a Dest takes each of them. A name or a Via is looked up when the operation
// is done, not before and not again; one that stands for nobody is like a name that nobody has. In
// braces, two strings are a name and a node, two pids are two receivers. Until this runtime is part of
// a cluster, nobody has a name on another node.
#ifndef HYDRA_PROCESS_DEST_H_
#define HYDRA_PROCESS_DEST_H_

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/process/pid.h"
#include "hydra/process/via.h"

namespace hydra {

// The name of a process, on the node `node`; on the caller's own if that is empty.
struct ProcessName {
  ProcessName() = default;
  // NOLINTBEGIN(google-explicit-constructor): a name is written as a string.
  ProcessName(std::string process, std::string on_node = {})
      : name(std::move(process)), node(std::move(on_node)) {}
  ProcessName(std::string_view process) : name(process) {}
  ProcessName(const char* process) : name(process) {}
  // NOLINTEND(google-explicit-constructor)

  std::string name;
  std::string node;

  // "name" or "name on node", for logs; of a keyed name (keyed_name.h) "key of name".
  std::string ToString() const;

  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

std::ostream& operator<<(std::ostream& out, const ProcessName& name);

// A pid, an alias, a name or a Via. Cost: to copy or destroy one that is a pid costs a comparison.
// Thread safety: a value.
class Dest {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it stands for any of them.
  Dest(Pid pid) : kind_(Kind::kPid), pid_(pid) {}
  Dest(Ref alias) : kind_(Kind::kAlias), alias_(alias) {}
  Dest(ProcessName name) : kind_(Kind::kName), name_(std::move(name)) {}
  Dest(std::string name) : Dest(ProcessName(std::move(name))) {}
  Dest(std::string_view name) : Dest(ProcessName(name)) {}
  Dest(const char* name) : Dest(ProcessName(name)) {}
  // Nobody if `via` is null.
  template <std::derived_from<Via> V>
  Dest(std::shared_ptr<V> via) : Dest(Pid()) {
    if (via == nullptr) return;
    kind_ = Kind::kVia;
    std::construct_at(&via_, std::move(via));
  }
  // NOLINTEND(google-explicit-constructor)
  Dest(std::string name, std::string node) : Dest(ProcessName(std::move(name), std::move(node))) {}

  Dest(const Dest& other) : kind_(Kind::kPid) {
    if (other.kind_ == Kind::kPid) [[likely]] {
      std::construct_at(&pid_, other.pid_);
    } else {
      Take(other);
    }
  }
  Dest(Dest&& other) noexcept : kind_(Kind::kPid) {
    if (other.kind_ == Kind::kPid) [[likely]] {
      std::construct_at(&pid_, other.pid_);
    } else {
      Take(std::move(other));
    }
  }
  Dest& operator=(Dest other) noexcept {
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
  }
  ~Dest() {
    if (kind_ == Kind::kName || kind_ == Kind::kVia) [[unlikely]]
      DestroyValue();
  }

  // What it is: exactly one isn't null. Valid while this lives.
  const Pid* pid() const { return kind_ == Kind::kPid ? &pid_ : nullptr; }
  const Ref* alias() const { return kind_ == Kind::kAlias ? &alias_ : nullptr; }
  const ProcessName* name() const { return kind_ == Kind::kName ? &name_ : nullptr; }
  const Via* via() const { return kind_ == Kind::kVia ? via_.get() : nullptr; }

  // For logs.
  std::string ToString() const;

  // Two Vias are equal if they are the same address.
  friend bool operator==(const Dest& a, const Dest& b);

 private:
  enum class Kind : uint8_t { kPid, kAlias, kName, kVia };

  // Makes this, which holds nothing, what `other` is.
  void Take(const Dest& other);
  void Take(Dest&& other) noexcept;
  void DestroyValue() noexcept;

  // By hand: of four alternatives a std::variant chooses by a jump table, also to destroy a pid.
  Kind kind_;
  union {
    Pid pid_;
    Ref alias_;
    ProcessName name_;
    std::shared_ptr<const Via> via_;
  };
};

std::ostream& operator<<(std::ostream& out, const Dest& dest);

}  // namespace hydra

#endif  // HYDRA_PROCESS_DEST_H_
