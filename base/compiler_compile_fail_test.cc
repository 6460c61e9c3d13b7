// Compilers and options that compiler.h refuses, as they would announce themselves.
#if defined(OLD_GCC)
#undef __clang__
#undef __GNUC__
#define __GNUC__ 12
#elif defined(NO_EXCEPTIONS)
#undef __cpp_exceptions
#endif
#include "hydra/base/compiler.h"
