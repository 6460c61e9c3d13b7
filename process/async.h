// `Async<T>`: what a process body, and every function that may suspend, returns.
//
//   hydra::Async<int> Sum(int n) {
//     int sum = 0;
//     for (int i = 0; i < n; ++i) sum += (co_await hydra::Receive<Number>()).value;
//     co_return sum;
//   }
//
//   hydra::Async<> Body() {
//     int sum = co_await Sum(3);        // suspends the whole process until Sum is done
//   }
//
// An `Async` does nothing until it is awaited; then it runs as part of the awaiting process, like a
// function call. It is awaited once, as an rvalue (`co_await std::move(async)` for a variable). An
// exception that leaves it is rethrown from the co_await. Destroying it destroys the frame with all
// its locals; a process that is killed has its frames destroyed from the innermost outwards.
//
// Only an `Async` and Hydra's own awaitables can be awaited here: a foreign one would resume the
// coroutine on a foreign thread, with no current process.
//
// Cost: a pooled allocation for the frame (clang doesn't elide it), and two jumps. A loop of ready
// awaits uses constant stack. See docs/coroutines.md for what to keep in mind about lifetimes.
#ifndef HYDRA_PROCESS_ASYNC_H_
#define HYDRA_PROCESS_ASYNC_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "hydra/base/compiler.h"
#include "hydra/process/internal/block_pool.h"

namespace hydra {

template <typename T = void>
class Async;

namespace process_internal {

template <typename T>
class AsyncAwaiter;

// Marks the awaitables that are Hydra's own: `using IsProcessWait = void;` in the class.
template <typename A>
concept ProcessWait = requires { typename std::remove_cvref_t<A>::IsProcessWait; };

// The part of a promise that doesn't depend on the result: its place in the chain of awaiting
// coroutines.
class PromiseBase {
 public:
  static void* operator new(size_t bytes) { return AllocateBlock(bytes); }
  static void operator delete(void* frame, size_t bytes) { FreeBlock(frame, bytes); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct ResumeParent {
    bool await_ready() const noexcept { return false; }
    void await_resume() const noexcept {}
    template <typename P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept {
      PromiseBase* parent = done.promise().parent_;
      return parent == nullptr ? std::noop_coroutine() : parent->frame();
    }
  };
  ResumeParent final_suspend() const noexcept { return {}; }

  template <typename U>
  AsyncAwaiter<U> await_transform(Async<U>&& child);

  template <typename U>
  std::suspend_never await_transform(Async<U>&) {
    static_assert(sizeof(U*) == 0,
                  "an Async is awaited once, as an rvalue: co_await std::move(async)");
  }

  template <ProcessWait A>
  A&& await_transform(A&& wait) {
    return std::forward<A>(wait);
  }

  template <typename A>
    requires(!ProcessWait<A>)
  std::suspend_never await_transform(A&&) {
    static_assert(
        std::is_void_v<A>,
        "a process awaits hydra::Async and Hydra's own awaitables only: a foreign awaitable would "
        "resume it on a foreign thread. Wrap its callback in hydra::Awaitable<T>.");
  }

  // The coroutine that awaits this one; null for a process body.
  PromiseBase* parent() const { return parent_; }

  // The frame of this promise. Relies on every promise being aligned to at most 16 bytes and
  // starting with its PromiseBase, which `Promise` asserts.
  std::coroutine_handle<> frame() {
    return std::coroutine_handle<PromiseBase>::from_promise(*this);
  }

  // Destroys this frame, which must be suspended, with nothing awaited that is still alive. Tells
  // the awaiting frame.
  void DestroyFrame() {
    if (owner_ != nullptr) *owner_ = nullptr;
    frame().destroy();
  }

 protected:
  template <typename T>
  friend class AsyncAwaiter;

  PromiseBase* parent_ = nullptr;
  PromiseBase** owner_ = nullptr;  // The awaiter's pointer to this promise, in the parent's frame.
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  static_assert(alignof(T) <= 16, "Async<T> can't hold an over-aligned T");

  Promise() {}
  ~Promise() {
    if (state_ == State::kValue) std::destroy_at(&value_);
    if (state_ == State::kError) std::destroy_at(&error_);
  }

  Async<T> get_return_object();

  template <typename U = T>
    requires std::is_constructible_v<T, U>
  void return_value(U&& value) {
    std::construct_at(&value_, std::forward<U>(value));
    state_ = State::kValue;
  }

  void unhandled_exception() {
    std::construct_at(&error_, std::current_exception());
    state_ = State::kError;
  }

  T TakeResult() {
    if (state_ == State::kError) std::rethrow_exception(std::move(error_));
    return std::move(value_);
  }

 private:
  enum class State : unsigned char { kRunning, kValue, kError };

  union {
    T value_;
    std::exception_ptr error_;
  };
  State state_ = State::kRunning;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Async<void> get_return_object();

  void return_void() {}
  void unhandled_exception() { error_ = std::current_exception(); }

  void TakeResult() {
    if (error_ != nullptr) std::rethrow_exception(std::move(error_));
  }

 private:
  std::exception_ptr error_;
};

// The co_await of an Async: owns the child's frame while the parent waits.
template <typename T>
class [[nodiscard]] AsyncAwaiter {
 public:
  explicit AsyncAwaiter(Promise<T>* child) : child_(child) {}
  AsyncAwaiter(const AsyncAwaiter&) = delete;
  AsyncAwaiter& operator=(const AsyncAwaiter&) = delete;
  ~AsyncAwaiter() {
    if (child_ != nullptr) child_->frame().destroy();
  }

  bool await_ready() const noexcept { return false; }

  template <typename P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
    child_->parent_ = &parent.promise();
    child_->owner_ = &child_;
    return child_->frame();
  }

  T await_resume() { return static_cast<Promise<T>*>(child_)->TakeResult(); }

 private:
  PromiseBase* child_;
};

}  // namespace process_internal

// A computation that runs when it is awaited. Movable; empty after it was moved from or awaited.
//
// Ownership: owns its coroutine frame. Thread safety: belongs to the process that made it.
template <typename T>
class [[nodiscard("an Async does nothing until it is awaited")]] Async {
 public:
  using promise_type = process_internal::Promise<T>;

  Async(Async&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  Async& operator=(Async&& other) noexcept {
    Async taken(std::move(other));
    std::swap(promise_, taken.promise_);
    return *this;
  }
  ~Async() {
    if (promise_ != nullptr) promise_->frame().destroy();
  }

 private:
  friend promise_type;
  friend class process_internal::PromiseBase;
  friend struct AsyncAccess;

  explicit Async(promise_type* promise) : promise_(promise) {}

  promise_type* promise_;
};

// For the runtime: takes the frame out of an Async.
struct AsyncAccess {
  template <typename T>
  static process_internal::Promise<T>* Release(Async<T>&& async) {
    return std::exchange(async.promise_, nullptr);
  }
};

namespace process_internal {

template <typename T>
Async<T> Promise<T>::get_return_object() {
  return Async<T>(this);
}

inline Async<void> Promise<void>::get_return_object() { return Async<void>(this); }

template <typename U>
AsyncAwaiter<U> PromiseBase::await_transform(Async<U>&& child) {
  return AsyncAwaiter<U>(AsyncAccess::Release(std::move(child)));
}

}  // namespace process_internal
}  // namespace hydra

#endif  // HYDRA_PROCESS_ASYNC_H_
