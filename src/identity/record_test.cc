// One version of a record: round trip, and each way it can be wrong.
#include "intertie/identity/record.h"

#include <functional>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

#include "record_test_kit.h"

namespace intertie::identity {
namespace {

using Change = std::function<void(RegistrationRecord&)>;

/// The detail of the refusal; "" if the changed record is right.
std::string fault_of(const Change& change) {
  RegistrationRecord record = make_test_record();
  change(record);
  const auto checked = check_record(record);
  return checked ? "" : checked.error().detail;
}

TEST(Record, SurvivesJson) {
  const RegistrationRecord record = make_test_record();
  ASSERT_TRUE(check_record(record).has_value()) << to_text(check_record(record).error());
  const std::string json = codec::to_json(record);
  const auto decoded = codec::from_json<RegistrationRecord>(json, codec::Boundary::strict);
  ASSERT_TRUE(decoded.has_value()) << to_text(decoded.error());
  EXPECT_EQ(*decoded, record);
  EXPECT_EQ(codec::to_json(*decoded), json);
}

TEST(Record, RefusesEachWrongField) {
  struct Case {
    const char* field;  // What the detail begins with.
    Change change;
  };
  const std::vector<Case> cases = {
      {"id:", [](auto& r) { r.id = Identifier(); }},
      {"type:", [](auto& r) { r.type = EntityType::pool; }},
      {"seq:", [](auto& r) { r.seq = 0; }},
      {"prev_hash:", [](auto& r) { r.seq = 2; }},
      {"prev_hash:", [](auto& r) { r.prev_hash = crypto::Digest(); }},
      {"holder:", [](auto& r) { r.holder = Identifier(); }},
      {"holder:", [](auto& r) { r.holder = r.id; }},
      {"holder:",
       [](auto& r) {
         r.id = make_test_id(EntityType::participant, 5);
         r.type = EntityType::participant;
       }},
      {"keys[0].alg:", [](auto& r) { r.keys[0].alg = ""; }},
      {"keys[0].alg:", [](auto& r) { r.keys[0].alg = "Ed 25519"; }},
      {"keys[0].public_key:", [](auto& r) { r.keys[0].public_key = "AAAA"; }},
      {"keys[0].public_key:", [](auto& r) { r.keys[0].public_key += "="; }},
      {"keys[0].public_key:", [](auto& r) { r.keys[0].public_key = ""; }},
      {"keys[0]:", [](auto& r) { r.keys[0].purpose = KeyPurpose::seal; }},
      {"keys[2]:", [](auto& r) { r.keys[2].purpose = KeyPurpose::tls; }},
      {"keys[1]:", [](auto& r) { r.keys[1].public_key = r.keys[0].public_key; }},
      {"keys: two", [](auto& r) { r.keys[1].purpose = KeyPurpose::sign; }},
      {"next_key_hash:", [](auto& r) { r.next_key_hash.reset(); }},
      {"next_key_hash:", [](auto& r) { r.keys.erase(r.keys.begin()); }},
      {"next_key_hash: commits",
       [](auto& r) {
         r.next_key_hash = crypto::compute_key_digest(make_test_key(10).public_key());
       }},
      {"returns_to:", [](auto& r) { r.returns_to = RecordStatus::active; }},
      {"returns_to:", [](auto& r) { r.status = RecordStatus::transferring; }},
      {"returns_to:",
       [](auto& r) {
         r.status = RecordStatus::transferring;
         r.returns_to = RecordStatus::retired;
       }},
      {"returns_to:",
       [](auto& r) {
         r.status = RecordStatus::transferring;
         r.returns_to = RecordStatus::reserved;
       }},
      {"successor:", [](auto& r) { r.successor = make_test_id(EntityType::site, 9); }},
      {"successor:",
       [](auto& r) {
         r.status = RecordStatus::retired;
         r.successor = r.id;
       }},
      {"revocation_reason:", [](auto& r) { r.revocation_reason = RevocationReason::order; }},
      {"revocation_reason:", [](auto& r) { r.status = RecordStatus::revoked; }},
      {"place:", [](auto& r) { r.place = "44030"; }},
      {"place:", [](auto& r) { r.place = "44030a"; }},
      {"place:", [](auto& r) { r.place = "470300"; }},
      {"place:", [](auto& r) { r.place = "000000"; }},
      {"place:", [](auto& r) { r.place = "990000"; }},
      {"point:", [](auto& r) { r.point->latitude_microdegrees = 90'000'001; }},
      {"point:", [](auto& r) { r.point->longitude_microdegrees = -180'000'001; }},
      {"claimed[0]:", [](auto& r) { r.claimed[0].ops_per_second = 0; }},
      {"claimed[1]:", [](auto& r) { r.claimed.push_back(r.claimed[0]); }},
      {"parts[1].count:", [](auto& r) { r.parts[1].count = 0; }},
      {"parts[0].kind:", [](auto& r) { r.parts[0].kind = "a\nb"; }},
      {"lines[0]:", [](auto& r) { r.lines[0] = r.id; }},
      {"lines[0]:", [](auto& r) { r.lines[0] = Identifier(); }},
      {"endpoints[0].url:", [](auto& r) { r.endpoints[0].url = "file:///etc/passwd"; }},
      {"endpoints[0].url:", [](auto& r) { r.endpoints[0].url += "\r\nX: y"; }},
      {"endpoints[0].purpose:", [](auto& r) { r.endpoints[0].purpose = ""; }},
      {"aka[0].scheme:", [](auto& r) { r.aka[0].scheme = "A"; }},
      {"aka[0].value:", [](auto& r) { r.aka[0].value = std::string(1'025, 'x'); }},
      {"issued:", [](auto& r) { r.issued = core::Time{-1}; }},
      {"valid_until:", [](auto& r) { r.valid_until = r.issued; }},
      {"keys: more", [](auto& r) { r.keys.resize(core::limits::record_keys_max + 1); }},
      {"parts: more", [](auto& r) { r.parts.resize(core::limits::record_parts_max + 1); }},
      {"lines: more", [](auto& r) { r.lines.resize(core::limits::record_lines_max + 1); }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(fault_of(cases[i].change).rfind(cases[i].field, 0), 0u)
        << i << ": expected " << cases[i].field << " got " << fault_of(cases[i].change);
  }
}

TEST(Record, AcceptsItsVariants) {
  const std::vector<Change> changes = {
      [](auto& r) {  // Without keys of its own.
        r.keys.clear();
        r.next_key_hash.reset();
      },
      [](auto& r) {  // A registry holds itself and has no place.
        r.id = make_test_id(EntityType::registry, 1);
        r.type = EntityType::registry;
        r.holder = r.id;
        r.place.clear();
        r.point.reset();
        r.compute_class.reset();
      },
      [](auto& r) {
        r.keys.push_back({KeyPurpose::sign, "sm2", "AAAA"});
      },
      [](auto& r) {
        r.status = RecordStatus::transferring;
        r.returns_to = RecordStatus::stale;
      },
      [](auto& r) {
        r.status = RecordStatus::retired;
        r.successor = make_test_id(EntityType::site, 9);
      },
      [](auto& r) {
        r.status = RecordStatus::revoked;
        r.revocation_reason = RevocationReason::key_lost;
      },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(fault_of(changes[i]), "") << i;
}

TEST(Record, FindsKeysByPurposeOnly) {
  const RegistrationRecord record = make_test_record();
  EXPECT_EQ(*find_key(record, KeyPurpose::sign), make_test_key(10).public_key());
  EXPECT_EQ(*find_key(record, KeyPurpose::tls), make_test_key(11).public_key());
  EXPECT_EQ(find_key(record, KeyPurpose::token).error().reason, core::Reason::bad_key);
  EXPECT_TRUE(find_seal_key(record).has_value());
  EXPECT_TRUE(has_key(record, KeyPurpose::tls, make_test_key(11).public_key()));
  EXPECT_FALSE(has_key(record, KeyPurpose::tls, make_test_key(10).public_key()));
  EXPECT_FALSE(has_key(record, KeyPurpose::token, make_test_key(11).public_key()));
}

TEST(Record, HoldsUntilItExpires) {
  const RegistrationRecord record = make_test_record();
  const core::Duration margin = core::seconds(5);
  const auto reason = [&](core::Time now) { return check_record_time(record, now, margin); };
  EXPECT_TRUE(reason(record.issued).has_value());
  EXPECT_TRUE(reason(record.issued - margin).has_value());
  EXPECT_TRUE(reason(record.valid_until).has_value());
  EXPECT_FALSE(reason(record.issued - margin - core::microseconds(1)).has_value());
  EXPECT_EQ(reason(record.valid_until + core::microseconds(1)).error().reason,
            core::Reason::record_expired);
}

}  // namespace
}  // namespace intertie::identity
