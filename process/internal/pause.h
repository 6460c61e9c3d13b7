// A pause in a loop that looks at what another thread is about to write.
#ifndef HYDRA_PROCESS_INTERNAL_PAUSE_H_
#define HYDRA_PROCESS_INTERNAL_PAUSE_H_

namespace hydra::process_internal {

// Spends some time, 32 of them about half a microsecond, without using what the core's other thread can
// use.
inline void Pause(int times) {
  for (int i = 0; i < times; ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_PAUSE_H_
