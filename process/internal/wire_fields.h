// The fields of an aggregate: how many there are, of which types, and the fields of an object.
//
//   struct Join { std::string room; std::vector<Pid> users; };
//
//   HasFields<Join>()                   // whether the rest can be asked for
//   kFieldCount<Join>                   // 2
//   std::get<0>(FieldsOf(join)).value   // join.room
//
// C++20 can't ask for the number of fields. It is found by trying: the largest n for which
// `Join{any × n}` is well-formed, where `any` converts to whatever it initializes. Base classes and
// C arrays, whose parts take an initializer each, are found and refused.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_FIELDS_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_FIELDS_H_

#include <cstddef>
#include <cstdlib>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hydra::process_internal {

inline constexpr size_t kMaxFields = 16;

// Initializes a field, whatever it is. Never called; defined because constructors that take anything
// use it.
template <size_t>
struct AnyField {
  template <typename U>
  operator U() const {  // NOLINT(google-explicit-constructor): it stands for a U.
    std::abort();
  }
};

// Initializes a base class of T.
template <typename T>
struct AnyBase {
  template <typename U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U() const {  // NOLINT(google-explicit-constructor): it stands for a U.
    std::abort();
  }
};

// Whether T{any × n} is well-formed.
template <typename T, size_t kCount>
consteval bool TakesFields() {
  return []<size_t... i>(std::index_sequence<i...>) {
    return requires { T{AnyField<i>()...}; };
  }(std::make_index_sequence<kCount>());
}

// The same with braces around kSize of them: T{any × kAt, {any × kSize}, any × kAfter}.
template <typename T, size_t kAt, size_t kSize, size_t kAfter>
consteval bool TakesBraces() {
  return []<size_t... i, size_t... j, size_t... k>(
             std::index_sequence<i...>, std::index_sequence<j...>, std::index_sequence<k...>) {
    return requires { T{AnyField<i>()..., {AnyField<j>()...}, AnyField<k>()...}; };
  }(std::make_index_sequence<kAt>(), std::make_index_sequence<kSize>(),
         std::make_index_sequence<kAfter>());
}

// The largest n up to kCount, or SIZE_MAX if there is none: a field that nothing initializes.
template <typename T, size_t kCount = kMaxFields + 1>
consteval size_t CountFields() {
  if constexpr (TakesFields<T, kCount>()) {
    return kCount;
  } else if constexpr (kCount > 0) {
    return CountFields<T, kCount - 1>();
  } else {
    return static_cast<size_t>(-1);
  }
}

template <typename T>
inline constexpr size_t kFieldCount = CountFields<T>();

// Whether the initializer `kAt` begins a C array of kSize elements: braces around those leave room
// for the others, and for no more. Braces for any other field leave room for all that follow it.
template <typename T, size_t kAt, size_t kSize>
consteval bool HasArrayAt() {
  constexpr size_t kAfter = kFieldCount<T> - kAt - kSize;
  if constexpr (TakesBraces<T, kAt, kSize, kAfter>()) {
    return !TakesBraces<T, kAt, kSize, kAfter + 1>();
  } else {
    return false;
  }
}

// Arrays of one element count right, and are told by their type.
template <typename T>
consteval bool HasArray() {
  return []<size_t... at>(std::index_sequence<at...>) {
    return ([]<size_t kAt, size_t... size>(std::index_sequence<kAt>, std::index_sequence<size...>) {
      return (HasArrayAt<T, kAt, size + 2>() || ...);
    }(std::index_sequence<at>(), std::make_index_sequence<kFieldCount<T> - at - 1>()) ||
            ...);
  }(std::make_index_sequence<kFieldCount<T>>());
}

template <typename T>
consteval bool HasFields() {
  if constexpr (std::is_aggregate_v<T> && std::is_class_v<T>) {
    if constexpr (!requires { T{AnyBase<T>()}; } && kFieldCount<T> <= kMaxFields)
      return !HasArray<T>();
  }
  return false;
}

// A field of an object, with the type that it is declared with: a reference may be one.
template <typename Declared>
struct Field {
  using Type = std::remove_cv_t<Declared>;
  std::remove_reference_t<Declared>& value;
};

// The fields of `object`, in the order of their declaration. A bit-field doesn't compile.
template <typename T>
constexpr auto FieldsOf(T& object) {
  constexpr size_t kCount = kFieldCount<std::remove_const_t<T>>;
#define HYDRA_FIELD(name) \
  Field<decltype(name)> { name }
  if constexpr (kCount == 0) {
    return std::tuple<>();
  } else if constexpr (kCount == 1) {
    auto& [a] = object;
    return std::tuple{HYDRA_FIELD(a)};
  } else if constexpr (kCount == 2) {
    auto& [a, b] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b)};
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c)};
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d)};
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e)};
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c),
                      HYDRA_FIELD(d), HYDRA_FIELD(e), HYDRA_FIELD(f)};
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g)};
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h)};
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c),
                      HYDRA_FIELD(d), HYDRA_FIELD(e), HYDRA_FIELD(f),
                      HYDRA_FIELD(g), HYDRA_FIELD(h), HYDRA_FIELD(i)};
  } else if constexpr (kCount == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j)};
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k)};
  } else if constexpr (kCount == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k), HYDRA_FIELD(l)};
  } else if constexpr (kCount == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k), HYDRA_FIELD(l),
                      HYDRA_FIELD(m)};
  } else if constexpr (kCount == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k), HYDRA_FIELD(l),
                      HYDRA_FIELD(m), HYDRA_FIELD(n)};
  } else if constexpr (kCount == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k), HYDRA_FIELD(l),
                      HYDRA_FIELD(m), HYDRA_FIELD(n), HYDRA_FIELD(o)};
  } else if constexpr (kCount == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = object;
    return std::tuple{HYDRA_FIELD(a), HYDRA_FIELD(b), HYDRA_FIELD(c), HYDRA_FIELD(d),
                      HYDRA_FIELD(e), HYDRA_FIELD(f), HYDRA_FIELD(g), HYDRA_FIELD(h),
                      HYDRA_FIELD(i), HYDRA_FIELD(j), HYDRA_FIELD(k), HYDRA_FIELD(l),
                      HYDRA_FIELD(m), HYDRA_FIELD(n), HYDRA_FIELD(o), HYDRA_FIELD(p)};
  }
#undef HYDRA_FIELD
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_FIELDS_H_
