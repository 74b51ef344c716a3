#include "intertie/crypto/bound_box.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/crypto/digest.h"

namespace intertie::crypto {
namespace {

using Words = std::vector<std::string>;

const SealKeyPair& get_key() {
  static const SealKeyPair key = SealKeyPair::from_seed(ByteString(32, 7));
  return key;
}

std::string seal_text(std::string_view text, const Words& context) {
  return *seal_bound(as_bytes(text), context, get_key().public_key());
}

TEST(BoundBox, OpensForItsContextAlone) {
  const Words context{"use", "ada", "TOKEN"};
  const std::string box = seal_text("s3cret", context);
  const auto opened = open_bound(box, context, get_key());
  ASSERT_TRUE(opened) << core::to_text(opened.error());
  EXPECT_EQ(opened->reveal_text(), "s3cret");
  for (const Words& other :
       {Words{"use", "eve", "TOKEN"}, Words{"use", "ada", "OTHER"}, Words{"other", "ada", "TOKEN"},
        Words{"use", "adaTOKEN"}, Words{"use", "ad", "aTOKEN"}, Words{"use", "ada", "TOKEN", ""},
        Words{"use", "ada"}, Words{}}) {
    const auto refused = open_bound(box, other, get_key());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, core::Reason::bad_key);
    EXPECT_EQ(refused.error().detail.find("s3cret"), std::string::npos);
  }
}

TEST(BoundBox, AnotherKeyAndAPlainBoxAreRefused) {
  const Words context{"use"};
  const std::string box = seal_text("s3cret", context);
  const auto thief = SealKeyPair::from_seed(ByteString(32, 8));
  EXPECT_EQ(open_bound(box, context, thief).error().reason, core::Reason::bad_key);
  const std::string plain = *seal(as_bytes("s3cret"), get_key().public_key());
  EXPECT_EQ(open_bound(plain, context, get_key()).error().reason, core::Reason::bad_key);
  const std::string empty = *seal({}, get_key().public_key());
  EXPECT_EQ(open_bound(empty, context, get_key()).error().reason, core::Reason::bad_key);
}

TEST(BoundBox, EveryFlippedBitIsSeen) {
  const Words context{"use", "ada"};
  const std::string box = seal_text("s3cret", context);
  for (std::size_t i = 0; i < box.size() * 8; ++i) {
    std::string changed = box;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(open_bound(changed, context, get_key())) << i;
  }
  for (std::size_t length = 0; length < box.size(); ++length) {
    EXPECT_FALSE(open_bound(std::string_view(box).substr(0, length), context, get_key())) << length;
  }
}

// Independent of seal_bound: the layout that docs/formats/job.md promises, built by hand.
TEST(BoundBox, IsLaidOutAsDocumented) {
  using namespace std::string_view_literals;
  const Digest digest = compute_sha256("\0\0\0\3use\0\0\0\2ab"sv);
  const std::string plain = std::string(as_text(digest.bytes)) + "content";
  const std::string box = *seal(as_bytes(plain), get_key().public_key());
  const auto opened = open_bound(box, Words{"use", "ab"}, get_key());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal_text(), "content");
}

TEST(BoundBox, AnyContentComesBack) {
  core::Random random(5);
  for (const std::size_t length : {0u, 1u, 31u, 32u, 33u, 4'096u, 65'536u}) {
    ByteString content(length);
    for (auto& byte : content) byte = static_cast<std::uint8_t>(random.next());
    const auto box = seal_bound(content, Words{"x"}, get_key().public_key());
    ASSERT_TRUE(box);
    const auto opened = open_bound(*box, Words{"x"}, get_key());
    ASSERT_TRUE(opened);
    EXPECT_TRUE(std::ranges::equal(opened->reveal(), content)) << length;
  }
}

}  // namespace
}  // namespace intertie::crypto
