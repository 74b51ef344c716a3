// The store in memory against the conformance cases.
#include "intertie/storage/conformance.h"

#include <gtest/gtest.h>

#include "intertie/storage/memory_store.h"

namespace intertie::storage {
namespace {

class MemoryHost final : public StoreHost {
 public:
  core::Result<std::unique_ptr<Store>> open(FailHook fail_hook) override {
    return open_memory_store(disk_, std::move(fail_hook));
  }

  void flip_byte(StoredPart part, LogIndex index, std::size_t offset) override {
    switch (part) {
      case StoredPart::head:
        return disk_.flip_head_byte(index, offset);
      case StoredPart::body:
        return disk_.flip_body_byte(index, offset);
      case StoredPart::chain:
        return disk_.flip_chain_byte(index, offset);
      case StoredPart::snapshot:
        return disk_.flip_snapshot_byte(index, offset);
    }
  }

  void make_format_newer() override { disk_.set_format_version(2); }

 private:
  MemoryDisk disk_{Incarnation{1, 2, 3}};
};

class MemoryConformance : public testing::TestWithParam<ConformanceCase> {};

TEST_P(MemoryConformance, Holds) {
  MemoryHost host;
  EXPECT_EQ(GetParam().run(host), "");
}

INSTANTIATE_TEST_SUITE_P(Storage, MemoryConformance, testing::ValuesIn(get_conformance_cases()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace intertie::storage
