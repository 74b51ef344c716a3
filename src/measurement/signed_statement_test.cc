// Signing: what was signed comes back; anything else is refused.
#include "intertie/measurement/signed_statement.h"

#include <array>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

#include "statement_samples.h"

namespace intertie::measurement {
namespace {

using core::Reason;

crypto::KeyPair make_key(std::uint8_t seed) {
  std::array<std::uint8_t, crypto::KeyPair::kSeedLength> bytes{};
  bytes.fill(seed);
  return crypto::KeyPair::from_seed(bytes);
}

identity::KeyLookup only(const crypto::KeyPair& key) {
  return [known = key.public_key()](const crypto::Digest& id) {
    return id == crypto::compute_key_digest(known) ? std::optional(known) : std::nullopt;
  };
}

TEST(SignedStatement, ComesBackAsItWasSigned) {
  const crypto::KeyPair key = make_key(1);
  Statement statement = make_sample_statement();
  statement.devices.push_back({"ascend", "910B", 8, {64'000'000'000}, {}});
  statement.machine.disk = Disk{"ext4", {1000}, {10}};
  const auto sealed = sign_statement(statement, key);
  ASSERT_TRUE(sealed) << core::to_text(sealed.error());
  const auto opened = open_statement(sealed->envelope, only(key), kSampleEnd);
  ASSERT_TRUE(opened) << core::to_text(opened.error());
  EXPECT_EQ(opened->statement, statement);
  EXPECT_EQ(opened->hash, sealed->hash);
  EXPECT_EQ(opened->signers, std::vector{key.public_key()});
}

TEST(SignedStatement, EveryFlippedByteIsFound) {
  const crypto::KeyPair key = make_key(1);
  const auto sealed = sign_statement(make_sample_statement(), key);
  ASSERT_TRUE(sealed);
  for (std::size_t at = 0; at < sealed->envelope.size(); ++at) {
    std::string damaged = sealed->envelope;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(open_statement(damaged, only(key), kSampleEnd)) << at;
  }
}

TEST(SignedStatement, AFlippedPayloadByteIsABadSignature) {
  const crypto::KeyPair key = make_key(1);
  const auto sealed = sign_statement(make_sample_statement(), key);
  ASSERT_TRUE(sealed);
  auto envelope = codec::from_json<identity::Envelope>(sealed->envelope, codec::Boundary::strict);
  ASSERT_TRUE(envelope);
  envelope->payload[20] = envelope->payload[20] == 'A' ? 'B' : 'A';
  const auto opened = open_statement(codec::to_json(*envelope), only(key), kSampleEnd);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, Reason::bad_signature);
}

TEST(SignedStatement, AnotherKeyIsABadSignature) {
  const auto sealed = sign_statement(make_sample_statement(), make_key(1));
  const auto opened = open_statement(sealed->envelope, only(make_key(2)), kSampleEnd);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, Reason::bad_signature);
}

TEST(SignedStatement, AnotherPayloadTypeIsRefused) {
  const crypto::KeyPair key = make_key(1);
  const auto other = identity::seal_envelope("application/vnd.intertie.other+json",
                                             codec::to_json(make_sample_statement()), key);
  ASSERT_TRUE(other);
  EXPECT_FALSE(open_statement(*other, only(key), kSampleEnd));
}

TEST(SignedStatement, ExpiresAtItsTimeAndNotBefore) {
  const crypto::KeyPair key = make_key(1);
  const Statement statement = make_sample_statement();
  const auto sealed = sign_statement(statement, key);
  const core::Time last{statement.expires.micros - 1};
  EXPECT_TRUE(open_statement(sealed->envelope, only(key), last));
  const auto opened = open_statement(sealed->envelope, only(key), statement.expires);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, Reason::measurement_expired);
}

TEST(SignedStatement, OneFromTheFutureIsRefused) {
  const crypto::KeyPair key = make_key(1);
  const auto sealed = sign_statement(make_sample_statement(), key);
  const core::Time earliest = kSampleEnd - core::limits::clock_step_max;
  EXPECT_TRUE(open_statement(sealed->envelope, only(key), earliest));
  EXPECT_FALSE(open_statement(sealed->envelope, only(key), core::Time{earliest.micros - 1}));
}

TEST(SignedStatement, AContradictionIsNotSignedNorRead) {
  const crypto::KeyPair key = make_key(1);
  Statement lie = make_sample_statement();
  lie.figures[0].peak = lie.figures[0].per_cpu_second.median / 2;
  EXPECT_EQ(sign_statement(lie, key).error().reason, Reason::claim_above_measured);
  const auto forced = identity::seal_envelope(kStatementType, codec::to_json(lie), key);
  const auto opened = open_statement(*forced, only(key), kSampleEnd);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, Reason::claim_above_measured);
}

TEST(SignedStatement, FieldsOfLaterVersionsAreIgnored) {
  const crypto::KeyPair key = make_key(1);
  std::string payload = codec::to_json(make_sample_statement());
  payload.insert(1, "\"colour\":\"blue\",");
  const auto sealed = identity::seal_envelope(kStatementType, payload, key);
  const auto opened = open_statement(*sealed, only(key), kSampleEnd);
  ASSERT_TRUE(opened) << core::to_text(opened.error());
  EXPECT_EQ(opened->statement, make_sample_statement());
}

}  // namespace
}  // namespace intertie::measurement
