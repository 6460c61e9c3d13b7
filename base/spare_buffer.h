// Large buffers that are used again.
//
//   std::string buffer = TakeBuffer(message.size());      // empty
//   ...
//   KeepBuffer(std::move(buffer));                        // for whoever takes one next
//
// What malloc gives back to the system, as it does with large pieces of memory, comes back page by page, each cleared by
// the kernel: for a message that is written once and read once that costs more than all else.
#ifndef HYDRA_BASE_SPARE_BUFFER_H_
#define HYDRA_BASE_SPARE_BUFFER_H_

#include <cstddef>
#include <string>

namespace hydra {

// Smaller ones are left to malloc, which is as good at it.
inline constexpr size_t kLargeBuffer = size_t{32} << 10;  // bytes
// All that are kept have no more.
inline constexpr size_t kMaxSpareBytes = size_t{16} << 20;

// An empty string with room for so many bytes. Thread safety: any thread. Cost: for large ones, a lock.
std::string TakeBuffer(size_t bytes);

// Keeps a buffer, whatever is in it, or frees it: if it isn't large, or enough are kept. Thread safety: any thread.
void KeepBuffer(std::string&& buffer);

// What is kept. Thread safety: any thread.
size_t SpareBytes();

}  // namespace hydra

#endif  // HYDRA_BASE_SPARE_BUFFER_H_
