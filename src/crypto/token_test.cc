// PASETO v4.public: the published vectors, then everything that must be refused.
#include "intertie/crypto/token.h"

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::crypto {
namespace {

// github.com/paseto-standard/test-vectors, v4.json, 4-S-1 to 4-S-3.
constexpr const char* kTokenSeed =
    "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774";
constexpr const char* kPublicKey =
    "1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2";
constexpr const char* kPayload =
    R"({"data":"this is a signed message","exp":"2022-01-01T00:00:00+00:00"})";
constexpr const char* kFooter = R"({"kid":"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN"})";

struct TokenVector {
  const char* footer;
  const char* implicit;
  const char* token;
};
constexpr TokenVector kTokenVectors[] = {
    {"", "",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMC"
     "swMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQ"
     "EDA"},
    {kFooter, "",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMC"
     "swMDowMCJ9v3Jt8mx_TdM2ceTGoqwrh4yDFn0XsHvvV_D0DtwQxVrJEBMl0F2caAdgnpKlt4p7xBnx1HcO-SPo8FPp214"
     "HDw.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9"},
    {kFooter, R"({"test-vector":"4-S-3"})",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMC"
     "swMDowMCJ9NPWciuD3d0o5eXJXG5pJy-DiVEoyPYWs1YSTwWHNJq6DZD3je5gf-0M4JR9ipdUSJbIovzmBECeaWmaqcaP"
     "0DQ.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9"},
};

KeyPair make_token_key() { return KeyPair::from_seed(*decode_hex(kTokenSeed)); }

TEST(Token, GivesThePublishedVectors) {
  const KeyPair key = make_token_key();
  ASSERT_EQ(encode_hex(key.public_key().bytes), kPublicKey);
  for (const TokenVector& vector : kTokenVectors) {
    EXPECT_EQ(sign_token(key, kPayload, vector.footer, vector.implicit), vector.token);
    const auto content = verify_token(key.public_key(), vector.token, vector.implicit);
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->payload, kPayload);
    EXPECT_EQ(content->footer, vector.footer);
    EXPECT_EQ(*read_token_footer(vector.token), vector.footer);
  }
}

TEST(Token, NoticesEveryFlippedBit) {
  const KeyPair key = make_token_key();
  for (const TokenVector& vector : kTokenVectors) {
    const std::string token = vector.token;
    for (std::size_t i = 0; i < token.size() * 8; ++i) {
      std::string other = token;
      other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << i % 8));
      const auto content = verify_token(key.public_key(), other, vector.implicit);
      ASSERT_FALSE(content.has_value()) << i;
      EXPECT_EQ(content.error().reason, core::Reason::bad_token);
    }
    for (std::size_t length = 0; length < token.size(); ++length) {
      EXPECT_FALSE(
          verify_token(key.public_key(), token.substr(0, length), vector.implicit).has_value());
    }
  }
}

TEST(Token, IsNothingUnderAnotherKeyHubOrVersion) {
  const KeyPair key = make_token_key();
  const std::string token = kTokenVectors[2].token;
  const char* implicit = kTokenVectors[2].implicit;
  EXPECT_FALSE(verify_token(KeyPair::from_seed(ByteString(32, 1)).public_key(), token, implicit));
  EXPECT_FALSE(verify_token(key.public_key(), token));
  EXPECT_FALSE(verify_token(key.public_key(), token, "other hub"));
  // The failing vectors 4-F-1, 4-F-3 and 2-F-1 are of this kind: another purpose or version.
  for (const char* header : {"v4.local.", "v3.public.", "v2.public.", "V4.public.", "v4.public"}) {
    std::string other = header + token.substr(kTokenHeader.size());
    EXPECT_FALSE(verify_token(key.public_key(), other, implicit)) << header;
  }
}

TEST(Token, RefusesEveryOtherSpelling) {
  const KeyPair key = make_token_key();
  const std::string plain = kTokenVectors[0].token;
  for (const std::string& other :
       {plain + ".", plain + "=", plain + "\n", " " + plain, plain + ".e30", plain + ".e30.e30",
        plain + "..", std::string("v4.public."), std::string("v4.public.AAAA"), std::string()}) {
    EXPECT_FALSE(verify_token(key.public_key(), other)) << other;
  }
}

TEST(Token, CannotTradeBytesBetweenItsParts) {
  const KeyPair key = make_token_key();
  // The same concatenation, split differently between footer and implicit assertion.
  const std::string token = sign_token(key, "{}", "ab", "cd");
  const std::string other = sign_token(key, "{}", "abc", "d");
  EXPECT_TRUE(verify_token(key.public_key(), token, "cd"));
  EXPECT_NE(token.substr(0, token.rfind('.')), other.substr(0, other.rfind('.')));
}

TEST(Token, HasALimit) {
  const KeyPair key = make_token_key();
  const std::string fits = sign_token(key, std::string(5'000, 'x'));
  EXPECT_TRUE(verify_token(key.public_key(), fits));
  const std::string token = sign_token(key, std::string(core::limits::token_bytes_max, 'x'));
  EXPECT_FALSE(verify_token(key.public_key(), token));
  EXPECT_FALSE(read_token_footer(token).has_value());
}

}  // namespace
}  // namespace intertie::crypto
