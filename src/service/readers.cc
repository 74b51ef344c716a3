#include "readers.h"

#include <utility>

namespace intertie::service {
namespace {

core::Error refuse() { return {core::Reason::store_unavailable, "the store cannot be opened"}; }

class RefusingReader final : public storage::Reader {
 public:
  core::Result<storage::LogPosition> read_last() override { return refuse(); }
  core::Result<crypto::Digest> read_chain_at(storage::LogIndex) override { return refuse(); }
  core::Result<std::size_t> read_heads(storage::LogIndex, std::size_t,
                                       const storage::HeadVisitor&) override {
    return refuse();
  }
  core::Result<storage::Body> read_body(storage::LogIndex) override { return refuse(); }
  core::Result<std::optional<std::string>> read_index(storage::TableId,
                                                      const std::string&) override {
    return refuse();
  }
  core::Result<std::vector<storage::IndexRow>> scan_index(const storage::Scan&) override {
    return refuse();
  }
  core::Result<storage::LogIndex> read_indexed_up_to() override { return refuse(); }
  core::Result<std::vector<std::string>> find_store_damage(std::size_t) override {
    return refuse();
  }
};

}  // namespace

Readers::Readers(storage::Store& store)
    : store_(store), refusing_(std::make_unique<RefusingReader>()) {}

Readers::~Readers() = default;

storage::Reader& Readers::get() {
  const std::lock_guard lock(mutex_);
  auto& reader = readers_[std::this_thread::get_id()];
  if (!reader) {
    auto opened = store_.open_reader();
    if (!opened) return *refusing_;
    reader = std::move(*opened);
  }
  return *reader;
}

}  // namespace intertie::service
