// What LeakSanitizer is told in tests that look up hosts: c-ares, which gRPC does that by, leaks what it has been asked for.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: LSan's name

// NOLINTNEXTLINE: likewise
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares"; }
