// The signals that answer a request. See answer.h.
#ifndef HYDRA_PROCESS_INTERNAL_ANSWER_SIGNAL_H_
#define HYDRA_PROCESS_INTERNAL_ANSWER_SIGNAL_H_

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra::process_internal {

struct AnswerSignal : Signal {
  uint64_t request = 0;  // the id of the asker's ref
};

template <typename A>
struct ValueAnswer final : AnswerSignal {
  template <typename T>
    requires(!std::is_same_v<std::decay_t<T>, ValueAnswer>)
  explicit ValueAnswer(T&& answer) : value(std::forward<T>(answer)) {}
  A value;
};

// There is no answer, and why.
struct NoAnswer final : AnswerSignal {
  explicit NoAnswer(Refusal why) : refusal(std::move(why)) {}
  Refusal refusal;
};

// An answer from another node. It is decoded by who has asked, and knows its type.
struct EncodedAnswer final : AnswerSignal {
  explicit EncodedAnswer(Encoded answer) : value(std::move(answer)) {}
  Encoded value;
};

template <typename A>
EncodedMessage EncodeAnswer(Signal& answer) {
  return {EncodeForNode(static_cast<ValueAnswer<A>&>(answer).value), Ref()};
}
template <typename A>
inline constexpr WireCodec kAnswerCodec = {.encode = &EncodeAnswer<A>, .decode = nullptr};

template <typename S>
inline constexpr const WireCodec* kCodecOfAnswer = nullptr;
template <typename A>
  requires(IsWireReady<A>())
inline constexpr const WireCodec* kCodecOfAnswer<ValueAnswer<A>> = &kAnswerCodec<A>;

template <typename S>
constexpr SignalType MakeAnswerType(SignalKind kind, const SignalType* kept_as) {
  static_assert(alignof(S) <= 16, "an answer can't be over-aligned");
  return {
      .kind = kind,
      .node_bytes = sizeof(S),
      .destroy_value = [](Signal* signal) noexcept { std::destroy_at(static_cast<S*>(signal)); },
      .clone = nullptr,
      .refuse = nullptr,
      .codec = kCodecOfAnswer<S>,
      .name = "answer",
      .kept_as = kept_as};
}
// An answer that waits in the mailbox until it is asked for.
template <typename S>
inline constexpr SignalType kKeptAnswerType =
    MakeAnswerType<S>(SignalKind::kMessage, &kKeptAnswerType<S>);
template <typename S>
inline constexpr SignalType kAnswerType =
    MakeAnswerType<S>(SignalKind::kAnswer, &kKeptAnswerType<S>);

template <typename S, typename... Args>
AnswerSignal* NewAnswerSignal(uint64_t request, Args&&... args) {
  void* block = AllocateBlock(sizeof(S));
  try {
    auto* answer = ::new (block) S(std::forward<Args>(args)...);
    answer->type = &kAnswerType<S>;
    answer->request = request;
    return answer;
  } catch (...) {
    FreeBlock(block, sizeof(S));
    throw;
  }
}

template <typename A, typename T>
AnswerSignal* NewAnswer(uint64_t request, T&& value) {
  return NewAnswerSignal<ValueAnswer<A>>(request, std::forward<T>(value));
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_ANSWER_SIGNAL_H_
