// Dest: whatever a process can be addressed by.
//
//   hydra::Send(pid, Stop{});
//   hydra::Send("logger", Line{"started"});                 // a name of this runtime
//   hydra::Send({"logger", "db@10.0.0.7:4370"}, Line{"started"});   // a name on another node
//   hydra::Send(alias, Answer{42});                         // see alias.h
//
// Every operation that takes a Dest takes each of them. A name is looked up when the operation is
// done, not before and not again. In braces, two strings are a name and a node, two pids are two
// receivers. Until this runtime is part of a cluster, nobody has a name on another node.
#ifndef HYDRA_PROCESS_DEST_H_
#define HYDRA_PROCESS_DEST_H_

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "hydra/process/pid.h"

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

  // "name" or "name on node", for logs.
  std::string ToString() const;

  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

std::ostream& operator<<(std::ostream& out, const ProcessName& name);

// A pid, a name or an alias. Thread safety: a value.
class Dest {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it stands for any of them.
  Dest(Pid pid) : value_(pid) {}
  Dest(Ref alias) : value_(alias) {}
  Dest(ProcessName name) : value_(std::move(name)) {}
  Dest(std::string name) : value_(ProcessName(std::move(name))) {}
  Dest(std::string_view name) : value_(ProcessName(name)) {}
  Dest(const char* name) : value_(ProcessName(name)) {}
  // NOLINTEND(google-explicit-constructor)
  Dest(std::string name, std::string node)
      : value_(ProcessName(std::move(name), std::move(node))) {}

  // What it is: exactly one isn't null. Valid while this lives.
  const Pid* pid() const { return std::get_if<Pid>(&value_); }
  const Ref* alias() const { return std::get_if<Ref>(&value_); }
  const ProcessName* name() const { return std::get_if<ProcessName>(&value_); }

  // For logs.
  std::string ToString() const;

  friend bool operator==(const Dest&, const Dest&) = default;

 private:
  std::variant<Pid, Ref, ProcessName> value_;
};

std::ostream& operator<<(std::ostream& out, const Dest& dest);

}  // namespace hydra

#endif  // HYDRA_PROCESS_DEST_H_
