// The entry of a process: the callable and the arguments that its body is made from.
//
// The new process calls it on its own first turn, so that code which runs before the first
// co_await, or a plain function that returns an Async, already runs there. A callable with captures
// is kept until the process has ended, since the body's frame refers to it; arguments are moved
// into the frame.
#ifndef HYDRA_PROCESS_INTERNAL_ENTRY_H_
#define HYDRA_PROCESS_INTERNAL_ENTRY_H_

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/block_pool.h"

namespace hydra::process_internal {

// Hears of the end of one process. Called once, by the worker that ends it, when the death is
// visible.
class ExitWatcher {
 public:
  virtual ~ExitWatcher() = default;
  virtual void OnExit(const ExitReason& reason) = 0;
};

struct Entry {
  Async<> (*start)(Entry&);
  void (*destroy)(Entry*) noexcept;
  bool outlives_start;             // the body's frame refers to what is in here
  ExitWatcher* watcher = nullptr;  // of a process that somebody waits for
};

// The types of a callable's parameters: `Parameters<F>` is `Types<A, B>` where F can be called in
// one way only.
template <typename...>
struct Types {};
struct UnknownTypes {};

template <typename F>
struct ParametersOf {
  using type = UnknownTypes;  // overloaded or generic
};
template <typename R, typename... As>
struct ParametersOf<R (*)(As...)> {
  using type = Types<As...>;
};
template <typename C, typename R, typename... As>
struct ParametersOf<R (C::*)(As...)> {
  using type = Types<As...>;
};
template <typename C, typename R, typename... As>
struct ParametersOf<R (C::*)(As...) const> {
  using type = Types<As...>;
};
template <typename R, typename... As>
struct ParametersOf<R (*)(As...) noexcept> : ParametersOf<R (*)(As...)> {};
template <typename C, typename R, typename... As>
struct ParametersOf<R (C::*)(As...) noexcept> : ParametersOf<R (C::*)(As...)> {};
template <typename C, typename R, typename... As>
struct ParametersOf<R (C::*)(As...) const noexcept> : ParametersOf<R (C::*)(As...) const> {};

template <typename F>
  requires requires { &F::operator(); }
struct ParametersOf<F> : ParametersOf<decltype(&F::operator())> {};

template <typename F>
using Parameters = typename ParametersOf<std::decay_t<F>>::type;

template <typename... As>
constexpr bool HasReference(Types<As...>) {
  return (std::is_reference_v<As> || ...);
}
constexpr bool HasReference(UnknownTypes) { return false; }

template <typename F, typename... Args>
struct ClosureEntry final : Entry {
  // A body's frame refers to its captures; to the object whose member function it is; and to the
  // arguments, if it may take references, which only a callable with unknown parameters may.
  static constexpr bool kOutlivesStart =
      (std::is_class_v<F> && !std::is_empty_v<F>) || std::is_member_pointer_v<F> ||
      (std::is_same_v<Parameters<F>, UnknownTypes> && sizeof...(Args) > 0);

  template <typename G, typename... As>
  explicit ClosureEntry(G&& callable, As&&... as)
      : Entry{.start = &Start, .destroy = &Destroy, .outlives_start = kOutlivesStart},
        function(std::forward<G>(callable)),
        arguments(std::forward<As>(as)...) {}

  static Async<> Start(Entry& entry) {
    auto& self = static_cast<ClosureEntry&>(entry);
    return std::apply(
        [&self](Args&... args) { return std::invoke(self.function, std::move(args)...); },
        self.arguments);
  }

  static void Destroy(Entry* entry) noexcept {
    auto* self = static_cast<ClosureEntry*>(entry);
    std::destroy_at(self);
    FreeBlock(self, sizeof(ClosureEntry));
  }

  [[no_unique_address]] F function;
  [[no_unique_address]] std::tuple<Args...> arguments;
};

// An entry without state, shared by all processes that are made from it.
template <typename F>
struct StaticEntry {
  static Async<> Start(Entry&) { return F()(); }
  static void Destroy(Entry*) noexcept {}
  static constinit inline Entry entry = {
      .start = &Start, .destroy = &Destroy, .outlives_start = false};
};

// Makes the entry for `function(args...)`.
template <typename F, typename... Args>
Entry* MakeEntry(F&& function, Args&&... args) {
  using Callable = std::decay_t<F>;
  static_assert(!HasReference(Parameters<F>()),
                "a process body takes its parameters by value: a reference would dangle as soon as "
                "Spawn has returned");
  static_assert(std::is_invocable_v<Callable&, std::decay_t<Args>...>,
                "Spawn(body, args...): the body can't be called with these arguments");
  if constexpr (std::is_invocable_v<Callable&, std::decay_t<Args>...>) {
    static_assert(std::is_same_v<std::invoke_result_t<Callable&, std::decay_t<Args>...>, Async<>>,
                  "a process body returns hydra::Async<>");
    if constexpr (sizeof...(Args) == 0 && std::is_empty_v<Callable> &&
                  std::is_default_constructible_v<Callable>) {
      return &StaticEntry<Callable>::entry;
    } else {
      using Closure = ClosureEntry<Callable, std::decay_t<Args>...>;
      void* block = AllocateBlock(sizeof(Closure));
      try {
        return ::new (block) Closure(std::forward<F>(function), std::forward<Args>(args)...);
      } catch (...) {
        FreeBlock(block, sizeof(Closure));
        throw;
      }
    }
  }
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_ENTRY_H_
