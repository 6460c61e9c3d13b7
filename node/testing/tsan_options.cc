// What TSan is told in tests over gRPC: to leave out what libraries do that know nothing of it.
extern "C" const char* __tsan_default_options();  // NOLINT: TSan's name

// NOLINTNEXTLINE: likewise
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
