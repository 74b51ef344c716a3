// For what a pass counts: each way to be wrong, one test.
#include "intertie/transfer/pass.h"

#include <string>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/identity/envelope.h"
#include "intertie/transfer/grant.h"

namespace intertie::transfer {
namespace {

crypto::KeyPair make_pass_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(crypto::ByteString(crypto::KeyPair::kSeedLength, seed));
}

class Pass : public testing::Test {
 protected:
  std::string seal(std::string_view type = kPassType) const {
    return identity::seal_envelope(type, codec::to_json(pass_), hub_).value();
  }
  core::Reason open_for_reason(const std::string& envelope, const PassUse& use) const {
    const auto opened = open_pass(envelope, hub_.public_key(), use);
    EXPECT_FALSE(opened.has_value());
    return opened ? core::Reason::internal : opened.error().reason;
  }

  const crypto::KeyPair hub_ = make_pass_key(1);
  const DataPass pass_{"42R",       "data:aa", "22/ada",          "22S",
                       "ed25519:k", "22",      core::Time{1'000}, "22/7"};
  const PassUse use_{"42R", "data:aa", "ed25519:k", core::Time{999}};
};

TEST_F(Pass, OfTheHubForThisUseCounts) {
  const auto opened = open_pass(seal(), hub_.public_key(), use_);
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(*opened, pass_);
}

TEST_F(Pass, ForgedOrOfAnotherKindIsRefused) {
  EXPECT_EQ(open_pass(seal(), make_pass_key(2).public_key(), use_).error().reason,
            core::Reason::bad_signature);
  EXPECT_FALSE(open_pass(seal(kGrantType), hub_.public_key(), use_).has_value());
  const std::string envelope = seal();
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    std::string flipped = envelope;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const auto opened = open_pass(flipped, hub_.public_key(), use_);
    EXPECT_TRUE(!opened || *opened == pass_) << i;
  }
}

TEST_F(Pass, OpensNothingElse) {
  PassUse use = use_;
  use.holder = "42S";
  EXPECT_EQ(open_for_reason(seal(), use), core::Reason::denied);
  use = use_;
  use.dataset = "data:ab";
  EXPECT_EQ(open_for_reason(seal(), use), core::Reason::denied);
  use = use_;
  use.key = "ed25519:l";
  EXPECT_EQ(open_for_reason(seal(), use), core::Reason::denied);
  use = use_;
  use.now = core::Time{1'000};
  EXPECT_EQ(open_for_reason(seal(), use), core::Reason::token_expired);
}

}  // namespace
}  // namespace intertie::transfer
