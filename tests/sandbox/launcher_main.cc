// The test program's main: launcher, or tests.
#include <string_view>

#include <gtest/gtest.h>

#include "intertie/execution_runners/launcher.h"

int main(int argc, char** argv) {
  using namespace intertie::execution_runners;
  if (argc > 1 && std::string_view(argv[1]) == "launcher") return run_launcher(argc - 2, argv + 2);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
