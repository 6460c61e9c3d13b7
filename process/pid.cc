#include "hydra/process/pid.h"

#include <ostream>
#include <string>

namespace hydra {
namespace {

std::string Numbers(const Pid& pid) {
  return std::to_string(pid.home()) + "." + std::to_string(pid.slot()) + "." +
         std::to_string(pid.serial());
}

}  // namespace

std::string Pid::ToString() const { return "<" + Numbers(*this) + ">"; }

std::string Ref::ToString() const {
  return "#Ref<" + Numbers(creator_) + "." + std::to_string(id_) + ">";
}

std::ostream& operator<<(std::ostream& out, const Pid& pid) { return out << pid.ToString(); }

std::ostream& operator<<(std::ostream& out, const Ref& ref) { return out << ref.ToString(); }

}  // namespace hydra
