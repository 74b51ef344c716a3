// Adversarial test 31: a store's file that was cut, changed, or put together from its own parts.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "intertie/storage/verify.h"

#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kRecords = 30;
constexpr std::size_t kPage = 4'096;

storage::Batch make_batch() {
  storage::Batch batch;
  for (int i = 1; i <= kRecords; ++i) {
    const auto index = static_cast<storage::LogIndex>(i);
    batch.records.push_back({index,
                             {i},
                             1,
                             1,
                             "head " + std::to_string(i) + std::string(150, 'h'),
                             std::string(300, static_cast<char>('a' + i % 26))});
    batch.writes.push_back(storage::put(1, std::to_string(i), "value"));
  }
  return batch;
}

/// A store's file with all that was written, and what others make of it.
class DamagedStore {
 public:
  DamagedStore() : batch_(make_batch()) {
    EXPECT_TRUE(host_.open({}).value()->append(batch_).has_value());
    host_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    path_ = host_.options().folder + "/store.db";
    std::ifstream file(path_, std::ios::binary);
    intact_ = {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string& intact() const { return intact_; }

  // Whether it was noticed. What is not noticed must have every record as it was written, and all
  // of them: never fewer, never others.
  bool is_found(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    fs::remove(path_ + "-wal");
    fs::remove(path_ + "-shm");
    const auto view = open_sqlite_view(host_.options());
    if (!view.has_value()) {
      EXPECT_FALSE(view.error().detail.empty());
      return true;
    }
    const auto report = storage::verify_store(*view->reader, *view->snapshots);
    if (!report.has_value() || !report->is_sound()) return true;
    std::size_t same = 0;
    const auto read = view->reader->read_heads(1, SIZE_MAX, [&](const storage::HeadView& head) {
      same += head.head == batch_.records[head.index - 1].head;
      return true;
    });
    EXPECT_TRUE(read.has_value());
    EXPECT_EQ(same, static_cast<std::size_t>(kRecords)) << "silently shorter or changed";
    for (int i = 1; i <= kRecords; ++i) {
      const auto body = view->reader->read_body(static_cast<storage::LogIndex>(i));
      EXPECT_TRUE(body.has_value() &&
                  body->bytes == batch_.records[static_cast<std::size_t>(i - 1)].body);
    }
    return false;
  }

 private:
  SqliteHost host_;
  storage::Batch batch_;
  std::string path_;
  std::string intact_;
};

TEST(Adversarial, A31_AFileCutAnywhereIsRefusedOrWhole) {
  DamagedStore store;
  ASSERT_FALSE(store.is_found(store.intact()));
  std::size_t tried = 0;
  std::size_t found = 0;
  for (std::size_t length = 0; length < store.intact().size(); ++length) {
    // Every byte of the last page and around every page's edge; of the rest every 23rd.
    const bool is_edge = (length + 2) % kPage < 4;
    const bool is_last = length + kPage > store.intact().size() && length % 3 == 0;
    if (!is_edge && !is_last && length % 101 != 0) continue;
    SCOPED_TRACE(length);
    ++tried;
    found += store.is_found(store.intact().substr(0, length));
  }
  EXPECT_GT(tried, 1'000u);
  EXPECT_EQ(found, tried);
}

// The page with the most heads: any bit of it.
TEST(Adversarial, A31_NoBitOfAPageChangesARecordUnnoticed) {
  DamagedStore store;
  std::size_t page = 0;
  std::size_t most = 0;
  for (std::size_t at = 0; at < store.intact().size(); at += kPage) {
    std::size_t heads = 0;
    const std::string text = store.intact().substr(at, kPage);
    for (std::size_t i = text.find("head "); i != text.npos; i = text.find("head ", i + 1)) ++heads;
    if (heads > most) {
      most = heads;
      page = at;
    }
  }
  ASSERT_GT(most, 5u);
  std::size_t found = 0;
  // Bit by bit round each byte; all eight of every byte with INTERTIE_LONG_TESTS.
  const bool is_long = std::getenv("INTERTIE_LONG_TESTS") != nullptr;
  for (std::size_t i = 0; i < kPage; ++i) {
    for (std::size_t bit = is_long ? 0 : i % 8; bit < (is_long ? 8 : i % 8 + 1); ++bit) {
      std::string changed = store.intact();
      changed[page + i] = static_cast<char>(changed[page + i] ^ (1 << bit));
      found += store.is_found(changed);
    }
  }
  EXPECT_GT(found, kPage / 2);
}

TEST(Adversarial, A31_TwoPagesThatChangedPlacesAreNoticed) {
  DamagedStore store;
  const std::size_t pages = store.intact().size() / kPage;
  ASSERT_GT(pages, 4u);
  for (std::size_t a = 0; a < pages; ++a) {
    for (std::size_t b = a + 1; b < pages; ++b) {
      std::string changed = store.intact();
      std::swap_ranges(changed.begin() + static_cast<std::ptrdiff_t>(a * kPage),
                       changed.begin() + static_cast<std::ptrdiff_t>((a + 1) * kPage),
                       changed.begin() + static_cast<std::ptrdiff_t>(b * kPage));
      if (changed == store.intact()) continue;
      EXPECT_TRUE(store.is_found(changed)) << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace intertie::storage_sqlite
