// Records with signatures: flipped bytes, who must sign, versions, rotation after theft.
#include "intertie/identity/signed_record.h"

#include <functional>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"

#include "record_test_kit.h"

namespace intertie::identity {
namespace {

using Change = std::function<void(RegistrationRecord&)>;

const crypto::KeyPair kRegistry = make_test_key(1);
const crypto::KeyPair kSite = make_test_key(10);
const crypto::KeyPair kNextSite = make_test_key(20);
const crypto::KeyPair kThief = make_test_key(66);

SignedRecord seal(const RegistrationRecord& record, const crypto::KeyPair* holder = &kSite) {
  auto sealed = seal_record(record, kRegistry, holder);
  EXPECT_TRUE(sealed.has_value()) << (sealed ? "" : to_text(sealed.error()));
  return *sealed;
}

RegistrationRecord make_next(const SignedRecord& older) {
  RegistrationRecord record = older.record;
  ++record.seq;
  record.prev_hash = older.hash;
  record.issued = record.issued + core::hours(1);
  record.valid_until = record.valid_until + core::hours(1);
  return record;
}

SignedRecord follow(const SignedRecord& older, const Change& change,
                    const crypto::KeyPair* holder = &kSite) {
  RegistrationRecord record = make_next(older);
  change(record);
  return seal(record, holder);
}

std::string reason_of(const core::Result<void>& result) {
  return result ? "ok" : std::string(core::reason_code(result.error().reason));
}

SignedRecord make_first(RecordStatus status = RecordStatus::active) {
  RegistrationRecord record = make_test_record();
  record.status = status;
  return seal(record);
}

TEST(SignedRecord, OpensAsItWasSealed) {
  const SignedRecord sealed = make_first();
  const auto opened = open_record(sealed.envelope, {kRegistry.public_key(), {}});
  ASSERT_TRUE(opened.has_value()) << to_text(opened.error());
  EXPECT_EQ(opened->record, sealed.record);
  EXPECT_EQ(opened->hash, sealed.hash);
  EXPECT_TRUE(opened->is_countersigned);
  EXPECT_EQ(opened->hash,
            crypto::compute_sha256(*read_unverified_payload(sealed.envelope, kRecordType)));
}

TEST(SignedRecord, NoticesEveryFlippedBit) {
  const SignedRecord sealed = make_first();
  const RecordSigners signers{kRegistry.public_key(), {}};
  for (std::size_t i = 0; i < sealed.envelope.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = sealed.envelope;
      other[i] = static_cast<char>(other[i] ^ (1 << bit));
      ASSERT_FALSE(open_record(other, signers).has_value()) << i << ": " << other;
    }
  }
}

TEST(SignedRecord, NeedsRegistryAndHolder) {
  const std::string payload = codec::to_json(make_test_record());
  const RecordSigners signers{kRegistry.public_key(), {}};
  const auto reason = [&](const std::string& envelope) {
    const auto opened = open_record(envelope, signers);
    return opened ? "ok" : std::string(core::reason_code(opened.error().reason));
  };
  const std::string by_registry = *seal_envelope(kRecordType, payload, kRegistry);
  EXPECT_EQ(reason(by_registry), "bad_signature");
  EXPECT_EQ(reason(*seal_envelope(kRecordType, payload, kSite)), "bad_signature");
  EXPECT_EQ(reason(*add_signature(by_registry, kThief)), "bad_signature");
  EXPECT_EQ(reason(*add_signature(by_registry, kSite)), "ok");
  const std::string by_site = *seal_envelope(kRecordType, payload, kSite);
  EXPECT_EQ(reason(*add_signature(by_site, kRegistry)), "ok");
  EXPECT_EQ(
      open_record(*add_signature(by_site, kRegistry), {kThief.public_key(), {}}).error().reason,
      core::Reason::bad_signature);
  EXPECT_EQ(seal_record(make_test_record(), kRegistry, nullptr).error().reason,
            core::Reason::bad_signature);
  EXPECT_EQ(seal_record(make_test_record(), kRegistry, &kThief).error().reason,
            core::Reason::bad_signature);
}

TEST(SignedRecord, WithoutOwnKeyIsSignedByTheHolder) {
  RegistrationRecord record = make_test_record();
  record.keys.clear();
  record.next_key_hash.reset();
  const crypto::KeyPair participant = make_test_key(30);
  const SignedRecord sealed = seal(record, &participant);
  EXPECT_TRUE(open_record(sealed.envelope, {kRegistry.public_key(), participant.public_key()}));
  EXPECT_FALSE(open_record(sealed.envelope, {kRegistry.public_key(), kThief.public_key()}));
  EXPECT_FALSE(open_record(sealed.envelope, {kRegistry.public_key(), {}}));
}

TEST(SignedRecord, OfARegistryNeedsItsKeyOnce) {
  RegistrationRecord record = make_test_record();
  record.id = record.holder = make_test_id(EntityType::registry, 1);
  record.type = EntityType::registry;
  record.keys = {make_record_key(KeyPurpose::sign, kRegistry.public_key())};
  const SignedRecord sealed = seal(record, &kRegistry);
  const auto opened = open_record(sealed.envelope, {kRegistry.public_key(), {}});
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->is_countersigned);
}

TEST(SignedRecord, IsCheckedWhenOpened) {
  RegistrationRecord record = make_test_record();
  record.place = "nowhere";
  EXPECT_FALSE(seal_record(record, kRegistry, &kSite).has_value());
  const std::string envelope =
      *add_signature(*seal_envelope(kRecordType, codec::to_json(record), kRegistry), kSite);
  EXPECT_EQ(open_record(envelope, {kRegistry.public_key(), {}}).error().reason,
            core::Reason::bad_field);
}

TEST(Successor, FollowsInOrder) {
  const SignedRecord first = make_first();
  const SignedRecord second = follow(first, [](auto&) {});
  EXPECT_EQ(reason_of(check_successor(first, second)), "ok");
  EXPECT_EQ(reason_of(check_successor(second, second)), "stale_sequence");
  EXPECT_EQ(reason_of(check_successor(second, first)), "stale_sequence");
  const SignedRecord third = follow(second, [](auto&) {});
  EXPECT_EQ(reason_of(check_successor(second, third)), "ok");
  EXPECT_EQ(reason_of(check_successor(first, third)), "stale_sequence");
}

TEST(Successor, MustContinueThisVeryHistory) {
  const SignedRecord first = make_first();
  RegistrationRecord changed = first.record;
  changed.place = "440100";
  const SignedRecord fork = seal(changed);
  EXPECT_EQ(reason_of(check_successor(first, follow(fork, [](auto&) {}))), "record_forked");
  const SignedRecord wrong = follow(first, [](auto& r) { r.prev_hash->bytes[31] ^= 1; });
  EXPECT_EQ(reason_of(check_successor(first, wrong)), "record_forked");
  const SignedRecord other =
      follow(first, [](auto& r) { r.id = make_test_id(EntityType::site, 3); });
  EXPECT_EQ(reason_of(check_successor(first, other)), "bad_field");
  const SignedRecord earlier = follow(first, [](auto& r) { r.issued = r.issued - core::hours(2); });
  EXPECT_EQ(reason_of(check_successor(first, earlier)), "bad_field");
}

/// A version-1 record in this status, and a second version in another.
std::string change_status(RecordStatus from, RecordStatus to,
                          std::optional<RecordStatus> returns_to = {}) {
  const auto prepare = [&](RegistrationRecord& r, RecordStatus status) {
    r.status = status;
    r.returns_to.reset();
    r.revocation_reason.reset();
    if (status == RecordStatus::transferring) {
      r.returns_to =
          returns_to.value_or(status == to && status != from ? from : RecordStatus::active);
    }
    if (status == RecordStatus::revoked) r.revocation_reason = RevocationReason::order;
  };
  RegistrationRecord record = make_test_record();
  prepare(record, from);
  const SignedRecord older = seal(record);
  RegistrationRecord next = make_next(older);
  prepare(next, to);
  if (!check_record(next)) return "illegal_transition";  // Cannot even be written down.
  return reason_of(check_successor(older, seal(next)));
}

TEST(Successor, MovesAlongTheArrows) {
  for (int a = 0; a < kRecordStatusCount; ++a) {
    for (int b = 0; b < kRecordStatusCount; ++b) {
      const auto from = static_cast<RecordStatus>(a);
      const auto to = static_cast<RecordStatus>(b);
      bool is_legal = from == to || check_transition(from, to).has_value();
      // The helper's transfers come from `active`, so they lead back there only.
      if (from == RecordStatus::transferring && from != to) {
        is_legal = to == RecordStatus::active || to == RecordStatus::revoked;
      }
      EXPECT_EQ(change_status(from, to), is_legal ? "ok" : "illegal_transition")
          << status_name(from) << " -> " << status_name(to);
    }
  }
}

TEST(Successor, ATransferReturnsWhereItCameFrom) {
  using enum RecordStatus;
  EXPECT_EQ(change_status(suspended, transferring), "ok");
  EXPECT_EQ(change_status(suspended, transferring, active), "illegal_transition");
  EXPECT_EQ(change_status(transferring, suspended, suspended), "ok");
  EXPECT_EQ(change_status(transferring, active, suspended), "illegal_transition");
  const SignedRecord first = make_first();
  const SignedRecord second = follow(first, [](auto& r) {
    r.status = transferring;
    r.returns_to = active;
  });
  const SignedRecord third = follow(second, [](auto& r) { r.returns_to = measured; });
  EXPECT_EQ(reason_of(check_successor(second, third)), "illegal_transition");
}

TEST(Successor, ChangesTheHolderOnlyByTransfer) {
  const auto move = [](RegistrationRecord& r) {
    r.holder = make_test_id(EntityType::participant, 99);
    r.status = RecordStatus::active;
    r.returns_to.reset();
  };
  const SignedRecord first = make_first();
  EXPECT_EQ(reason_of(check_successor(first, follow(first, move))), "bad_field");
  const SignedRecord second = follow(first, [](auto& r) {
    r.status = RecordStatus::transferring;
    r.returns_to = RecordStatus::active;
  });
  EXPECT_EQ(reason_of(check_successor(second, follow(second, move))), "ok");
}

TEST(Successor, TheRegistryAloneMaySuspendButChangeNothingElse) {
  const SignedRecord first = make_first();
  const auto suspend = [](RegistrationRecord& r) { r.status = RecordStatus::suspended; };
  const SignedRecord second = follow(first, suspend, nullptr);
  const auto opened = open_record(second.envelope, {kRegistry.public_key(), {}});
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(opened->is_countersigned);
  EXPECT_EQ(reason_of(check_successor(first, *opened)), "ok");
  const std::vector<Change> tricks = {
      [](auto& r) { r.keys.pop_back(); },
      [](auto& r) { r.endpoints[0].url = "https://thief.example"; },
      [](auto& r) { r.next_key_hash = crypto::compute_key_digest(kThief.public_key()); },
      [](auto& r) { r.claimed.clear(); }, [](auto& r) { r.place = "110000"; }};
  for (const Change& trick : tricks) {
    const SignedRecord tricked = follow(
        first,
        [&](RegistrationRecord& r) {
          suspend(r);
          trick(r);
        },
        nullptr);
    EXPECT_EQ(reason_of(check_successor(first, tricked)), "bad_signature");
  }
  const SignedRecord revoked = follow(
      first,
      [](auto& r) {
        r.status = RecordStatus::revoked;
        r.revocation_reason = RevocationReason::key_lost;
      },
      nullptr);
  EXPECT_EQ(reason_of(check_successor(first, revoked)), "ok");
}

/// What a correct rotation does: the next key takes over and commits to another.
void rotate(RegistrationRecord& record) {
  record.keys[0] = make_record_key(KeyPurpose::sign, kNextSite.public_key());
  record.next_key_hash = crypto::compute_key_digest(make_test_key(21).public_key());
}

TEST(Rotation, GoesToTheKeyCommittedTo) {
  const SignedRecord first = make_first();
  const SignedRecord second = follow(first, rotate, &kNextSite);
  EXPECT_EQ(reason_of(check_successor(first, second)), "ok");
  EXPECT_TRUE(open_record(second.envelope, {kRegistry.public_key(), {}}).has_value());
  // The same version may bring other new keys.
  const SignedRecord with_keys = follow(
      first,
      [](auto& r) {
        rotate(r);
        r.keys[1] = make_record_key(KeyPurpose::tls, make_test_key(40).public_key());
        r.keys.push_back(make_record_key(KeyPurpose::token, make_test_key(41).public_key()));
      },
      &kNextSite);
  EXPECT_EQ(reason_of(check_successor(first, with_keys)), "ok");
  // And on to the third key.
  const crypto::KeyPair third_key = make_test_key(21);
  const SignedRecord third = follow(
      second,
      [&](auto& r) {
        r.keys[0] = make_record_key(KeyPurpose::sign, third_key.public_key());
        r.next_key_hash = crypto::compute_key_digest(make_test_key(22).public_key());
      },
      &third_key);
  EXPECT_EQ(reason_of(check_successor(second, third)), "ok");
}

TEST(Rotation, AThiefOfTheCurrentKeyGainsNothing) {
  const SignedRecord first = make_first();
  const std::vector<Change> with_current_key = {
      [](auto& r) { r.next_key_hash = crypto::compute_key_digest(kThief.public_key()); },
      [](auto& r) { r.keys[1] = make_record_key(KeyPurpose::tls, kThief.public_key()); },
      [](auto& r) { r.keys.push_back(make_record_key(KeyPurpose::token, kThief.public_key())); },
      [](auto& r) {
        r.keys.push_back({KeyPurpose::sign, "sm2", "AAAA"});
      },
      // The same bytes for another purpose.
      [](auto& r) { r.keys[1].purpose = KeyPurpose::token; },
  };
  for (const Change& change : with_current_key) {
    EXPECT_EQ(reason_of(check_successor(first, follow(first, change))), "bad_key");
  }
  const SignedRecord taken = follow(
      first, [](auto& r) { r.keys[0] = make_record_key(KeyPurpose::sign, kThief.public_key()); },
      &kThief);
  EXPECT_EQ(reason_of(check_successor(first, taken)), "bad_key");
}

TEST(Rotation, LeavesNoWayBack) {
  const SignedRecord first = make_first();
  const auto reason = [&](const Change& change) {
    return reason_of(check_successor(first, follow(
                                                first,
                                                [&](RegistrationRecord& r) {
                                                  rotate(r);
                                                  change(r);
                                                },
                                                &kNextSite)));
  };
  EXPECT_EQ(
      reason([](auto& r) { r.next_key_hash = crypto::compute_key_digest(kSite.public_key()); }),
      "bad_key");
  EXPECT_EQ(reason([](auto& r) {
              r.keys.push_back(make_record_key(KeyPurpose::token, kSite.public_key()));
            }),
            "bad_key");
  EXPECT_EQ(reason([](auto& r) { r.status = RecordStatus::retired; }), "bad_key");
  EXPECT_EQ(reason([](auto&) {}), "ok");
}

TEST(Rotation, KeysMayGoButTheSigningKeyStays) {
  const SignedRecord first = make_first();
  EXPECT_EQ(reason_of(check_successor(first, follow(first, [](auto& r) { r.keys.pop_back(); }))),
            "ok");
  const crypto::KeyPair holder = make_test_key(30);
  const SignedRecord bare = follow(
      first,
      [](auto& r) {
        r.keys.clear();
        r.next_key_hash.reset();
      },
      &holder);
  EXPECT_EQ(reason_of(check_successor(first, bare)), "bad_key");
}

TEST(Rotation, AFirstSigningKeyComesWithRegistrationOnly) {
  RegistrationRecord record = make_test_record();
  record.keys.clear();
  record.next_key_hash.reset();
  const auto add_key = [](RegistrationRecord& r) {
    r.keys = make_test_record().keys;
    r.next_key_hash = make_test_record().next_key_hash;
  };
  record.status = RecordStatus::reserved;
  const SignedRecord reserved = seal(record, nullptr);
  const SignedRecord registered = follow(reserved, [&](auto& r) {
    add_key(r);
    r.status = RecordStatus::registered;
  });
  EXPECT_EQ(reason_of(check_successor(reserved, registered)), "ok");
  const crypto::KeyPair holder = make_test_key(30);
  record.status = RecordStatus::active;
  const SignedRecord active = seal(record, &holder);
  EXPECT_EQ(reason_of(check_successor(active, follow(active, add_key))), "bad_key");
}

}  // namespace
}  // namespace intertie::identity
