#include "hydra/process/testing/assert_receive.h"

#include <source_location>
#include <string>

#include "gtest/gtest.h"

namespace hydra::testing_internal {

void Fail(const std::source_location& where, const std::string& text) {
  GTEST_MESSAGE_AT_(where.file_name(), static_cast<int>(where.line()), text.c_str(),
                    testing::TestPartResult::kFatalFailure);
  throw TestFailed();
}

}  // namespace hydra::testing_internal
