// Function: what the compiler knows of an entry point's function.
#ifndef HYDRA_RPC_INTERNAL_FUNCTION_H_
#define HYDRA_RPC_INTERNAL_FUNCTION_H_

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/request_as.h"
#include "hydra/process/wire.h"
#include "hydra/rpc/internal/invocation.h"

namespace hydra::rpc_internal {

template <typename R>
struct Yielded {
  using Type = R;
  static constexpr bool kIsAsync = false;
};
template <typename T>
struct Yielded<Async<T>> {
  using Type = T;
  static constexpr bool kIsAsync = true;
};

template <typename...>
struct Types {};

template <auto kFunction, typename R, typename Parameters>
struct FunctionOf;

template <auto kFunction, typename R, typename... Ps>
struct FunctionOf<kFunction, R, Types<Ps...>> {
  using Result = typename Yielded<R>::Type;
  using Arguments = std::tuple<std::decay_t<Ps>...>;

  static constexpr bool kTakesValues = !(std::is_reference_v<Ps> || ...);
  static constexpr bool kTakesWireReady = (WireReady<std::decay_t<Ps>> && ...);
  template <typename... Args>
  static constexpr bool Takes() {
    return std::is_constructible_v<Arguments, Args&&...> && sizeof...(Args) == sizeof...(Ps);
  }

  class Call final : public Invocation {
   public:
    explicit Call(Arguments arguments) : arguments_(std::move(arguments)) {}

    void Write(WireWriter& writer) const override { writer.Write(arguments_); }

    Async<> Run(Ref asker) override {
      ReplyTo<AnsweredWith<Result>> reply_to(asker);
      if constexpr (std::is_void_v<Result>) {
        co_await Begin();
        reply_to.Send();
      } else if constexpr (WireReady<Result>) {
        reply_to.Send(co_await Begin());
      } else {
        co_await Begin();
      }
    }

   private:
    Async<Result> Begin() {
      if constexpr (Yielded<R>::kIsAsync) {
        return std::apply(kFunction, std::move(arguments_));
      } else {
        return Plain(*this);
      }
    }
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it lives as long
    static Async<Result> Plain(Call& call) {
      co_return std::apply(kFunction, std::move(call.arguments_));
    }

    Arguments arguments_;
  };

  template <typename... Args>
  static std::unique_ptr<Invocation> Make(Args&&... args) {
    return std::make_unique<Call>(Arguments(std::forward<Args>(args)...));
  }

  static std::unique_ptr<Invocation> Read(WireReader& reader) {
    std::optional<Arguments> arguments = reader.Read<Arguments>();
    if (!arguments.has_value()) return nullptr;
    return std::make_unique<Call>(*std::move(arguments));
  }
};

template <auto kFunction, typename F = decltype(kFunction)>
struct FunctionOfType;
template <auto kFunction, typename R, typename... Ps>
struct FunctionOfType<kFunction, R (*)(Ps...)> {
  using Type = FunctionOf<kFunction, R, Types<Ps...>>;
};
template <auto kFunction, typename R, typename... Ps>
struct FunctionOfType<kFunction, R (*)(Ps...) noexcept> {
  using Type = FunctionOf<kFunction, R, Types<Ps...>>;
};

template <auto kFunction>
using Function = typename FunctionOfType<kFunction>::Type;

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_FUNCTION_H_
