#include "hydra/process/dest.h"

#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/via.h"

namespace hydra {

std::string ProcessName::ToString() const {
  const std::string text = process_internal::NameText(name);
  return node.empty() ? text : text + " on " + node;
}

std::ostream& operator<<(std::ostream& out, const ProcessName& name) {
  return out << name.ToString();
}

std::string Dest::ToString() const {
  if (pid() != nullptr) return pid()->ToString();
  if (alias() != nullptr) return alias()->ToString();
  if (name() != nullptr) return name()->ToString();
  return via()->ToString();
}

bool operator==(const Dest& a, const Dest& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Dest::Kind::kPid:
      return a.pid_ == b.pid_;
    case Dest::Kind::kAlias:
      return a.alias_ == b.alias_;
    case Dest::Kind::kName:
      return a.name_ == b.name_;
    case Dest::Kind::kVia:
      return a.via_->Equals(*b.via_);
  }
  return false;
}

void Dest::Take(const Dest& other) {
  if (const Ref* alias = other.alias()) std::construct_at(&alias_, *alias);
  if (const ProcessName* name = other.name()) std::construct_at(&name_, *name);
  if (other.via() != nullptr) std::construct_at(&via_, other.via_);
  kind_ = other.kind_;
}

void Dest::Take(Dest&& other) noexcept {
  if (const Ref* alias = other.alias()) std::construct_at(&alias_, *alias);
  if (other.name() != nullptr) std::construct_at(&name_, std::move(other.name_));
  // It keeps its Via: a Dest that has been moved from is one still.
  if (other.via() != nullptr) std::construct_at(&via_, other.via_);
  kind_ = other.kind_;
}

void Dest::DestroyValue() noexcept {
  if (kind_ == Kind::kName) {
    std::destroy_at(&name_);
  } else {
    std::destroy_at(&via_);
  }
}

std::ostream& operator<<(std::ostream& out, const Dest& dest) { return out << dest.ToString(); }

}  // namespace hydra
