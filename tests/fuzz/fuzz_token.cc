// PASETO tokens of users and of joining sites.
#include "intertie/api/auth.h"
#include "intertie/api/site_views.h"
#include "intertie/crypto/token.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

constexpr core::Time kNow{1'800'000'000'000'000};
constexpr std::string_view kHub = "22R00000000001XX";

const crypto::KeyPair& get_key() {
  static const crypto::KeyPair key =
      crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, 7));
  return key;
}

const std::vector<std::string>& get_genuine() {
  static const std::vector<std::string> genuine = {
      api::mint_token(get_key(),
                      {"ada", {"admin"}, kNow, kNow + core::hours(1), "id", std::string(kHub)}),
      api::mint_join_token(get_key(), {"join", "ada", "nonce", kNow + core::hours(1),
                                       std::string(kHub), "host:1", "00"})};
  return genuine;
}

}  // namespace

void take_input(std::string_view input) {
  const crypto::PublicKey& key = get_key().public_key();
  const bool is_genuine = input == get_genuine()[0] || input == get_genuine()[1];
  // Nobody else has the key, so nothing else verifies: no second text of a token does either.
  check(!api::read_token(key, input, kHub, kNow) || is_genuine, "only minted tokens verify");
  check(!api::read_join_token(key, input, kHub, kNow) || is_genuine, "only minted tokens join");
  (void)crypto::verify_token(key, input, kHub);
  (void)crypto::read_token_footer(input);
}

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds = get_genuine();
  seeds.push_back(crypto::sign_token(get_key(), "{}", "footer", kHub));
  seeds.push_back("v4.public.");
  seeds.push_back("v4.public.AAAA.AAAA");
  return seeds;
}

}  // namespace intertie::fuzz
