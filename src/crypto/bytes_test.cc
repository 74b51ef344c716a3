// Text forms of bytes: RFC 4648 vectors, strictness, round trips.
#include "intertie/crypto/bytes.h"

#include <set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/crypto/secret.h"

namespace intertie::crypto {
namespace {

TEST(Base64url, GivesTheVectorsOfRfc4648) {
  // Section 10, without padding.
  EXPECT_EQ(encode_base64url(as_bytes("")), "");
  EXPECT_EQ(encode_base64url(as_bytes("f")), "Zg");
  EXPECT_EQ(encode_base64url(as_bytes("fo")), "Zm8");
  EXPECT_EQ(encode_base64url(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(encode_base64url(as_bytes("foob")), "Zm9vYg");
  EXPECT_EQ(encode_base64url(as_bytes("fooba")), "Zm9vYmE");
  EXPECT_EQ(encode_base64url(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(encode_base64url(ByteString{0xfb, 0xff, 0xbf}), "-_-_");
}

TEST(Base64url, HasExactlyOneTextForEachBytes) {
  for (const char* wrong : {"Z", "Zg==", "Zg=", "Zh", "Zm9=", "Zm+v", "Zm/v", " Zg", "Zg\n",
                            "Zm9w_A?", "Zm9vYmF", "ZmE\x80", "Zm9vZ"}) {
    const auto decoded = decode_base64url(wrong);
    ASSERT_FALSE(decoded.has_value()) << wrong;
    EXPECT_EQ(decoded.error().reason, core::Reason::bad_syntax);
  }
  // Exhaustive for one byte: of all two-character texts exactly 256 are accepted.
  int accepted = 0;
  std::set<ByteString> seen;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const auto decoded = decode_base64url(text);
      if (!decoded) continue;
      ++accepted;
      EXPECT_TRUE(seen.insert(*decoded).second);
      EXPECT_EQ(encode_base64url(*decoded), text);
    }
  }
  EXPECT_EQ(accepted, 256);
}

TEST(Hex, IsStrict) {
  EXPECT_EQ(encode_hex(ByteString{0x00, 0x1f, 0xff}), "001fff");
  EXPECT_EQ(*decode_hex("001fff"), (ByteString{0x00, 0x1f, 0xff}));
  EXPECT_EQ(*decode_hex(""), ByteString{});
  for (const char* wrong : {"0", "0g", "g0", "AB", "0x", " 00", "00 "}) {
    EXPECT_FALSE(decode_hex(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(decode_hex("00zz").error().detail, "hex: wrong character at offset 2");
}

TEST(Bytes, SurviveBothForms) {
  core::Random random(7);
  for (std::size_t length = 0; length < 200; ++length) {
    ByteString bytes(length);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    EXPECT_EQ(*decode_hex(encode_hex(bytes)), bytes);
    EXPECT_EQ(*decode_base64url(encode_base64url(bytes)), bytes);
  }
}

TEST(EqualConstantTime, ComparesEveryByte) {
  const ByteString bytes = {1, 2, 3};
  EXPECT_TRUE(equal_constant_time(bytes, ByteString{1, 2, 3}));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(bytes, ByteString{1, 2}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    ByteString other = bytes;
    other[i] ^= 0x80;
    EXPECT_FALSE(equal_constant_time(bytes, other));
  }
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  Secret secret(ByteString{1, 2, 3});
  Secret other(std::move(secret));
  EXPECT_EQ(secret.size(), 0u);  // NOLINT: that is what is tested.
  EXPECT_EQ(other.size(), 3u);
  other = Secret(ByteString{4});
  EXPECT_EQ(other.reveal()[0], 4);
}

TEST(Wipe, Overwrites) {
  ByteString bytes(33, 0xaa);
  wipe(bytes);
  EXPECT_EQ(bytes, ByteString(33, 0));
  wipe({});
}

TEST(RandomBytes, Differ) {
  std::set<ByteString> seen;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(seen.insert(random_bytes(32)).second);
  EXPECT_TRUE(random_bytes(0).empty());
}

}  // namespace
}  // namespace intertie::crypto
