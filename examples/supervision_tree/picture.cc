#include "hydra/examples/supervision_tree/picture.h"

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"

namespace supervision_tree {
namespace {

constexpr char kUp[] = "\x1b[A";
constexpr char kClearRestOfLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";
constexpr uint64_t kLongestBar = 40;

std::string LineOf(const Row& row) {
  const hydra::ChildInfo& child = row.child;
  const std::string name = std::string(2 * row.depth, ' ') + child.id;
  std::ostringstream line;
  line << std::left << std::setw(14) << name << std::setw(12) << ToString(child.state)
       << std::setw(14) << (child.pid ? child.pid.ToString() : "") << "restarts " << std::right
       << std::setw(4) << child.restarts << " "
       << std::string(std::min(child.restarts, kLongestBar), '*');
  return line.str();
}

}  // namespace

void Picture::Show(const std::vector<Row>& rows) {
  if (in_place_) {
    for (; height_ > 0; --height_) out_ << kUp;
    for (const Row& row : rows) out_ << LineOf(row) << kClearRestOfLine << "\n";
    out_ << kClearBelow;
    height_ = rows.size();
  } else {
    for (const Row& row : rows) {
      std::string line = LineOf(row);
      std::string& shown = shown_[row.child.id];
      if (line == shown) continue;
      out_ << line << "\n";
      shown = std::move(line);
    }
  }
  out_.flush();
}

}  // namespace supervision_tree
