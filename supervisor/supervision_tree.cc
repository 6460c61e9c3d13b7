#include "hydra/supervisor/supervision_tree.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/dest.h"
#include "hydra/process/info.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/request.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace {

using supervisor_internal::WhichChildren;

Async<SupervisionTree> TreeOf(ChildInfo child, absl::Duration timeout);

Async<> AddChildren(SupervisionTree* tree, std::vector<ChildInfo> children,
                    absl::Duration timeout) {
  for (ChildInfo& child : children)
    tree->children.push_back(co_await TreeOf(std::move(child), timeout));
}

Async<SupervisionTree> TreeOf(ChildInfo child, absl::Duration timeout) {
  SupervisionTree tree = {.child = std::move(child), .name = {}, .children = {}};
  if (tree.child.state != ChildState::kRunning) co_return tree;
  if (std::optional<ProcessInfo> info = co_await Info(tree.child.pid)) tree.name = info->name;
  if (tree.child.type != ChildType::kSupervisor) co_return tree;
  auto children = co_await Request(tree.child.pid, WhichChildren()).Within(timeout);
  if (children.ok()) co_await AddChildren(&tree, *std::move(children), timeout);
  co_return tree;
}

// What is said of a child, in the order of a line.
std::vector<std::string> Words(const SupervisionTree& tree) {
  const ChildInfo& child = tree.child;
  std::vector<std::string> what;
  if (!child.id.empty()) what.push_back(child.id);
  if (child.pid) what.push_back(child.pid.ToString());
  if (!tree.name.empty() && tree.name != child.id) what.push_back("\"" + tree.name + "\"");
  if (child.type == ChildType::kSupervisor) what.push_back("supervisor");
  std::vector<std::string> words = {absl::StrJoin(what, " "), std::string(ToString(child.state))};
  if (child.restarts > 0)
    words.push_back(absl::StrCat(child.restarts, child.restarts == 1 ? " restart" : " restarts"));
  return words;
}

void AddLines(const SupervisionTree& tree, const std::string& first, const std::string& rest,
              std::string& text) {
  absl::StrAppend(&text, first, absl::StrJoin(Words(tree), ", "), "\n");
  for (const SupervisionTree& child : tree.children) {
    const bool is_last = &child == &tree.children.back();
    AddLines(child, rest + (is_last ? "└─ " : "├─ "), rest + (is_last ? "   " : "│  "), text);
  }
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}});
}

// Adds the node and those below it; returns its number.
int AddNodes(const SupervisionTree& tree, int& count, std::string& dot) {
  const int number = count++;
  absl::StrAppend(&dot, "  n", number, " [label=\"", Escaped(absl::StrJoin(Words(tree), "\n")),
                  "\"", tree.child.type == ChildType::kSupervisor ? ", shape=box" : "",
                  tree.child.state == ChildState::kRunning ? "" : ", style=dashed", "];\n");
  for (const SupervisionTree& child : tree.children) {
    const int below = AddNodes(child, count, dot);
    absl::StrAppend(&dot, "  n", number, " -> n", below, ";\n");
  }
  return number;
}

}  // namespace

Async<absl::StatusOr<SupervisionTree>> GetSupervisionTree(Dest root, absl::Duration timeout) {
  auto children = co_await Request(root, WhichChildren()).Within(timeout);
  if (!children.ok()) co_return children.status();
  SupervisionTree tree;
  tree.child = {
      .state = ChildState::kRunning, .pid = Resolve(root), .type = ChildType::kSupervisor};
  if (root.name() != nullptr) tree.name = root.name()->name;
  co_await AddChildren(&tree, *std::move(children), timeout);
  co_return tree;
}

std::string ToText(const SupervisionTree& tree) {
  std::string text;
  AddLines(tree, "", "", text);
  return text;
}

std::string ToDot(const SupervisionTree& tree) {
  std::string dot = "digraph supervision {\n  rankdir=LR;\n";
  int count = 0;
  AddNodes(tree, count, dot);
  return dot + "}\n";
}

}  // namespace hydra
