// Keys, identifiers and a valid record for the tests of records.
#pragma once

#include <string>

#include "intertie/identity/signed_record.h"

namespace intertie::identity {

inline crypto::KeyPair make_test_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(crypto::ByteString(32, seed));
}

inline Identifier make_test_id(EntityType type, std::uint32_t serial) {
  return *create_identifier({*parse_registry_code("44"), type, 7, serial});
}

/// An active site in version 1 with a key of every purpose: signing key 10, next signing key 20.
inline RegistrationRecord make_test_record() {
  RegistrationRecord record;
  record.id = make_test_id(EntityType::site, 1);
  record.type = EntityType::site;
  record.status = RecordStatus::active;
  record.holder = make_test_id(EntityType::participant, 0);
  record.keys = {
      make_record_key(KeyPurpose::sign, make_test_key(10).public_key()),
      make_record_key(KeyPurpose::tls, make_test_key(11).public_key()),
      make_record_key(crypto::SealKeyPair::from_seed(crypto::ByteString(32, 12)).public_key())};
  record.next_key_hash = crypto::compute_key_digest(make_test_key(20).public_key());
  record.compute_class = core::ComputeClass::intelligent;
  record.place = "440300";
  record.point = Point{22'540'000, 114'060'000};
  record.commissioned = core::Time{1'700'000'000'000'000};
  record.claimed = {{core::Precision::bf16, 312'000'000'000'000}};
  record.parts = {{"nodes", 128}, {"cards", 1'024}};
  record.lines = {make_test_id(EntityType::line, 2)};
  record.endpoints = {{"api", "https://site.example:8443"}};
  record.aka = {{"handle", "20.500.12345/678"}};
  record.policy = crypto::compute_sha256("policy");
  record.issued = core::Time{1'790'000'000'000'000};
  record.valid_until = record.issued + record_lifetime_default;
  return record;
}

}  // namespace intertie::identity
