// What a server's class says about itself.
//
//   class Stack {
//    public:
//     struct Pop { using Reply = std::optional<std::string>; };    // has a Reply: a call
//     struct Push { std::string item; };                           // has none: a cast
//     using Protocol = hydra::Protocol<Pop, Push>;
//     using Infos = hydra::Infos<Tick, hydra::Down>;               // other messages that it handles
//     using Continues = hydra::Continues<Load>;                    // what it continues with
#ifndef HYDRA_GENSERVER_PROTOCOL_H_
#define HYDRA_GENSERVER_PROTOCOL_H_

#include <type_traits>

namespace hydra {

// The requests that clients send to a server: calls and casts.
template <typename... Requests>
struct Protocol {};

// The types of other messages that a server handles, each by a `HandleInfo(T)`.
template <typename... Messages>
struct Infos {};

// The types of the steps that a server continues with: Next::Continue.
template <typename... Steps>
struct Continues {};

// Whether a request is answered.
template <typename M>
concept IsCallRequest = requires { typename M::Reply; };

namespace genserver_internal {

template <typename M, typename List>
inline constexpr bool kIsIn = false;
template <typename M, template <typename...> typename List, typename... Ms>
inline constexpr bool kIsIn<M, List<Ms...>> = (std::is_same_v<M, Ms> || ...);

template <typename S>
struct InfosOf {
  using type = Infos<>;
};
template <typename S>
  requires requires { typename S::Infos; }
struct InfosOf<S> {
  using type = typename S::Infos;
};

template <typename S>
struct ContinuesOf {
  using type = Continues<>;
};
template <typename S>
  requires requires { typename S::Continues; }
struct ContinuesOf<S> {
  using type = typename S::Continues;
};

}  // namespace genserver_internal

// Whether clients may send an M to a server S.
template <typename M, typename S>
concept RequestOf = genserver_internal::kIsIn<M, typename S::Protocol>;

}  // namespace hydra

#endif  // HYDRA_GENSERVER_PROTOCOL_H_
