#include "hydra/process/dest.h"

#include <ostream>
#include <string>

namespace hydra {

std::string ProcessName::ToString() const { return node.empty() ? name : name + " on " + node; }

std::ostream& operator<<(std::ostream& out, const ProcessName& name) {
  return out << name.ToString();
}

std::string Dest::ToString() const {
  if (pid() != nullptr) return pid()->ToString();
  if (alias() != nullptr) return alias()->ToString();
  return name()->ToString();
}

std::ostream& operator<<(std::ostream& out, const Dest& dest) { return out << dest.ToString(); }

}  // namespace hydra
