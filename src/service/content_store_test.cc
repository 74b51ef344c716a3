// The hub's content store: a byte that changed on the disk is found before it is handed out.
#include "content_store.h"

#include <fstream>

#include <gtest/gtest.h>

#include "fail_points.h"
#include "test_hub.h"

namespace intertie::service {
namespace {

TEST(ContentStore, AFlippedByteOnDiskIsFoundAndTheContentCanBeBroughtAgain) {
  const TempFolder folder;
  const std::string bytes = "content that will be damaged";
  const crypto::Digest digest = crypto::compute_sha256(std::string_view(bytes));
  const std::string hex = crypto::to_text(digest).substr(7);  // After "sha256:".
  const std::string path = folder.path() + "/content/" + hex.substr(0, 2) + "/" + hex.substr(2);
  for (std::size_t i = 0; i < bytes.size(); i += 9) {
    FailPoints fail_points;
    {
      auto store =
          ContentStore::open(folder.path() + "/content", core::Bytes{1 << 20}, fail_points);
      ASSERT_TRUE(store.has_value());
      ASSERT_TRUE((*store)->write(digest, bytes).has_value());
      EXPECT_EQ((*store)->read(digest, 0, 100).value(), bytes);
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.is_open());
    file.seekp(static_cast<std::streamoff>(i));
    file.put(static_cast<char>(bytes[i] ^ 1));
    file.close();
    auto store = ContentStore::open(folder.path() + "/content", core::Bytes{1 << 20}, fail_points);
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ((*store)->read(digest, 0, 100).error().reason, core::Reason::bad_digest) << i;
    EXPECT_EQ((*store)->find_size(digest).error().reason, core::Reason::not_found) << i;
  }
}

}  // namespace
}  // namespace intertie::service
