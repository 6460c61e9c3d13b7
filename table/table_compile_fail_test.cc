// What tables refuse.
#include <memory>
#include <string>
#include <utility>

#include "hydra/table/table.h"

namespace hydra {

struct NoHash {
  friend bool operator==(const NoHash&, const NoHash&) = default;
};
struct alignas(64) Aligned {
  char bytes[64];
};

void Use() {
  Table<std::string, int> table;
  const TableReader<std::string, int> reader = table.reader();
  table.Insert("one", 1);
#if defined(WRITE_BY_A_READER)
  reader.Insert("two", 2);
#elif defined(ADD_BY_A_READER)
  reader.Add("two", 2);
#elif defined(COPIED)
  const Table<std::string, int> copy = table;
#elif defined(GIVEN_WITHOUT_MOVE)
  table.GiveTo(Pid());
#elif defined(ADD_TO_A_FLAG)
  Table<int, bool> flags;
  flags.Add(1, true);
#elif defined(ADD_TO_A_STRING)
  Table<int, std::string> names;
  names.Add(1, "x");
#elif defined(NO_HASH)
  Table<NoHash, int> unhashed;
#elif defined(KEY_THAT_CANNOT_BE_COPIED)
  Table<std::unique_ptr<int>, int> unique;
#elif defined(VALUE_THAT_CANNOT_BE_COPIED)
  Table<int, std::unique_ptr<int>> unique;
#elif defined(ALIGNED_TOO_MUCH)
  Table<int, Aligned> aligned;
#elif defined(VALUE_OF_ANOTHER_TYPE)
  table.Insert("two", std::string("2"));
#endif
  static_cast<void>(reader.Lookup("one"));
}

}  // namespace hydra
