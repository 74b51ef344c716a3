// What a site accepts as the version of its record that it builds on.
#include "site_record.h"

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/identity/identifier.h"

namespace intertie::service {
namespace {

using identity::RecordStatus;

crypto::KeyPair make_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, seed));
}

class OwnRecord : public testing::Test {
 protected:
  OwnRecord() {
    const auto registry = identity::parse_registry_code("90").value();
    first.id = identity::create_identifier({registry, identity::EntityType::site, 1, 1}).value();
    first.holder =
        identity::create_identifier({registry, identity::EntityType::participant, 1, 0}).value();
    first.type = identity::EntityType::site;
    first.status = RecordStatus::active;
    first.keys = {identity::make_record_key(identity::KeyPurpose::sign, own.public_key())};
    first.next_key_hash = crypto::compute_key_digest(make_key(9).public_key());
    first.issued = core::Time{1'800'000'000'000'000};
    first.valid_until = first.issued + core::hours(1);
    known = seal(first);
  }
  identity::SignedRecord seal(const identity::RegistrationRecord& record, bool by_both = true) {
    auto sealed = identity::seal_record(record, hub, by_both ? &own : nullptr);
    EXPECT_TRUE(sealed.has_value()) << core::to_text(sealed.error());
    return *sealed;
  }
  core::Result<void> check(const identity::SignedRecord& shown) {
    return check_own_record(known, shown, own.public_key());
  }

  const crypto::KeyPair own = make_key(1);
  const crypto::KeyPair hub = make_key(2);
  identity::RegistrationRecord first;
  identity::SignedRecord known;
};

TEST_F(OwnRecord, AcceptsWhatItHasSignedAndAnotherStatusByTheHub) {
  EXPECT_TRUE(check(known).has_value());
  identity::RegistrationRecord next = make_next_version(known, first.issued + core::hours(1));
  EXPECT_EQ(next.seq, 2);
  EXPECT_EQ(next.prev_hash, known.hash);
  EXPECT_EQ(next.valid_until, next.issued + identity::record_lifetime_default);
  next.place = "440300";  // Its own, though the answer to it was lost.
  EXPECT_TRUE(check(seal(next)).has_value());
  next = make_next_version(known, first.issued);
  next.status = RecordStatus::stale;
  EXPECT_TRUE(check(seal(next, false)).has_value());
}

TEST_F(OwnRecord, RefusesWhatTheHubHasMadeUp) {
  identity::RegistrationRecord next = make_next_version(known, first.issued);
  next.status = RecordStatus::stale;
  next.next_key_hash = crypto::compute_key_digest(make_key(66).public_key());
  EXPECT_EQ(check(seal(next, false)).error().reason, core::Reason::bad_signature);
  next = make_next_version(known, first.issued);
  next.status = RecordStatus::suspended;
  next.claimed = {{core::Precision::fp64, 1}};
  EXPECT_EQ(check(seal(next, false)).error().reason, core::Reason::bad_signature);
  next = first;  // The same number, something else.
  next.place = "440300";
  EXPECT_EQ(check(seal(next)).error().reason, core::Reason::record_forked);
  const identity::SignedRecord old = known;
  known = seal(make_next_version(known, first.issued));
  EXPECT_EQ(check(old).error().reason, core::Reason::stale_sequence);
}

TEST_F(OwnRecord, OpensOnlyItsOwn) {
  SiteIdentity identity;
  identity.site = identity::to_text(first.id);
  identity.hub_sign_key = crypto::to_text(hub.public_key());
  EXPECT_TRUE(open_own_record(known.envelope, identity).has_value());
  identity.hub_sign_key = crypto::to_text(make_key(3).public_key());
  EXPECT_EQ(open_own_record(known.envelope, identity).error().reason, core::Reason::bad_signature);
  identity.hub_sign_key = crypto::to_text(hub.public_key());
  identity.site = "another";
  EXPECT_EQ(open_own_record(known.envelope, identity).error().reason, core::Reason::bad_field);
}

}  // namespace
}  // namespace intertie::service
