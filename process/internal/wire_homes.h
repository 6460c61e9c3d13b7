// What stands for a pid's home in bytes.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_HOMES_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_HOMES_H_

#include <cstdint>
#include <optional>

namespace hydra {

// Translates homes, which mean something in one OS process only, to numbers that mean something to
// whoever gets the bytes, such as places in a list of nodes that travels with them.
class WireHomes {
 public:
  virtual ~WireHomes() = default;

  // The number for a home. May add it to the list.
  virtual uint32_t ToWire(uint32_t home) = 0;

  // The home for a number; nothing if that stands for none, which refuses the message.
  virtual std::optional<uint32_t> FromWire(uint32_t number) = 0;
};

// Leaves homes as they are: for bytes that don't leave the OS process.
class SameHomes final : public WireHomes {
 public:
  uint32_t ToWire(uint32_t home) override { return home; }
  std::optional<uint32_t> FromWire(uint32_t number) override { return number; }
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_HOMES_H_
