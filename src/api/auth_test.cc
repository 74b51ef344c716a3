// Tokens as the hub reads them: whole, and with every byte changed.
#include "intertie/api/auth.h"

#include <gtest/gtest.h>

#include "intertie/api/site_views.h"

namespace intertie::api {
namespace {

constexpr core::Time kNow{1'800'000'000'000'000};
constexpr std::string_view kHub = "22R00000000001XX";

const crypto::KeyPair& get_key() {
  static const crypto::KeyPair key =
      crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, 7));
  return key;
}

// Whether `read` refuses the token with each of its bytes changed in turn, with one wording.
template <class Read>
void expect_every_flip_refused(const std::string& token, const Read& read) {
  ASSERT_TRUE(read(token).has_value());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char bit : {char{1}, char{32}}) {
      std::string flipped = token;
      flipped[i] = static_cast<char>(flipped[i] ^ bit);
      const auto refused = read(flipped);
      ASSERT_FALSE(refused.has_value()) << "byte " << i;
      EXPECT_EQ(refused.error().reason, core::Reason::bad_token) << "byte " << i;
    }
  }
}

TEST(Auth, EveryFlippedByteOfAUsersTokenIsFound) {
  const TokenClaims claims{"ada", {"admin"}, kNow, kNow + core::hours(1), "id", std::string(kHub)};
  expect_every_flip_refused(mint_token(get_key(), claims), [](const std::string& token) {
    return read_token(get_key().public_key(), token, kHub, kNow);
  });
}

TEST(Auth, EveryFlippedByteOfAJoinTokenIsFound) {
  const JoinClaims claims{"join",   "ada", "nonce", kNow + core::hours(1), std::string(kHub),
                          "host:1", "00"};
  expect_every_flip_refused(mint_join_token(get_key(), claims), [](const std::string& token) {
    return read_join_token(get_key().public_key(), token, kHub, kNow);
  });
}

}  // namespace
}  // namespace intertie::api
