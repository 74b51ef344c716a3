// Who may read what with which grant: each way to be wrong, one test.
#include "intertie/transfer/grant.h"

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"

namespace intertie::transfer {
namespace {

crypto::KeyPair make_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(crypto::ByteString(crypto::KeyPair::kSeedLength, seed));
}

class Grant : public testing::Test {
 protected:
  // Regions 22 and 42 have hubs; the holder knows both.
  RegionKeyLookup keys() const {
    return [this](const std::string& region) -> std::optional<crypto::PublicKey> {
      if (region == "22") return home_.public_key();
      if (region == "42") return other_.public_key();
      return std::nullopt;
    };
  }
  static std::string seal(const DataGrant& grant, const crypto::KeyPair& key) {
    return identity::seal_envelope(kGrantType, codec::to_json(grant), key).value();
  }
  core::Reason open_for_reason(const std::string& envelope) const {
    const auto opened = open_grant(envelope, keys());
    EXPECT_FALSE(opened.has_value());
    return opened ? core::Reason::internal : opened.error().reason;
  }
  core::Reason check_for_reason(const GrantUse& use) const {
    const auto checked = check_grant(grant_, use);
    EXPECT_FALSE(checked.has_value());
    return checked ? core::Reason::internal : checked.error().reason;
  }

  const crypto::KeyPair home_ = make_key(1);
  const crypto::KeyPair other_ = make_key(2);
  const DataGrant grant_{"data:aa", "22/alice", "42R", 7, core::Time{1'000}};
  const GrantUse use_{"data:aa", "42R", core::Time{999}};
};

TEST_F(Grant, OfTheReadersHubForThisUseCounts) {
  const auto opened = open_grant(seal(grant_, home_), keys());
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(*opened, grant_);
  EXPECT_TRUE(check_grant(*opened, use_).has_value());
}

TEST_F(Grant, ForgedByAnyOtherKeyIsRefused) {
  EXPECT_EQ(open_for_reason(seal(grant_, make_key(3))), core::Reason::bad_signature);
  // A true signature under another payload.
  std::string envelope = seal(grant_, home_);
  DataGrant changed = grant_;
  changed.audience = "99R";
  const auto encode = [](const DataGrant& one) {
    return crypto::encode_base64url(crypto::as_bytes(codec::to_json(one)));
  };
  const std::string before = encode(grant_);
  const std::size_t at = envelope.find(before);
  ASSERT_NE(at, std::string::npos);
  envelope.replace(at, before.size(), encode(changed));
  EXPECT_EQ(open_for_reason(envelope), core::Reason::bad_signature);
}

TEST_F(Grant, ForAUserOfAnotherRegionThanTheSignersIsRefused) {
  EXPECT_EQ(open_for_reason(seal(grant_, other_)), core::Reason::bad_signature);
  DataGrant unknown = grant_;
  unknown.reader = "62/alice";
  EXPECT_EQ(open_for_reason(seal(unknown, home_)), core::Reason::bad_signature);
}

TEST_F(Grant, WithoutARegionOfItsReaderIsRefused) {
  for (const char* reader : {"alice", "22/", "22", "222/alice", "/alice", "22/a/b", ""}) {
    DataGrant nobody = grant_;
    nobody.reader = reader;
    EXPECT_EQ(open_for_reason(seal(nobody, home_)), core::Reason::bad_field) << reader;
  }
}

TEST_F(Grant, ExpiredIsRefused) {
  GrantUse late = use_;
  late.now = grant_.expires;
  EXPECT_EQ(check_for_reason(late), core::Reason::token_expired);
}

TEST_F(Grant, ShownByAnotherHubIsRefused) {
  GrantUse other = use_;
  other.audience = "52R";
  EXPECT_EQ(check_for_reason(other), core::Reason::denied);
}

TEST_F(Grant, ForAnotherDatasetIsRefused) {
  GrantUse other = use_;
  other.dataset = "data:bb";
  EXPECT_EQ(check_for_reason(other), core::Reason::denied);
}

TEST_F(Grant, OfAnotherPayloadTypeIsRefused) {
  const auto envelope = identity::seal_envelope("application/vnd.intertie.receipt+json",
                                                codec::to_json(grant_), home_);
  EXPECT_EQ(open_for_reason(envelope.value()), core::Reason::bad_field);
}

TEST(RegionUser, HasOneNameInEachRegion) {
  EXPECT_EQ(translate_user("alice", "22", "52"), "22/alice");
  EXPECT_EQ(translate_user("alice", "22", "22"), "alice");
  EXPECT_EQ(translate_user("52/carol", "22", "52"), "carol");
  EXPECT_EQ(translate_user("62/dan", "22", "52"), "62/dan");
  // There and back again.
  for (const char* name : {"alice", "52/carol", "62/dan"}) {
    EXPECT_EQ(translate_user(translate_user(name, "22", "52"), "52", "22"), name);
  }
}

}  // namespace
}  // namespace intertie::transfer
