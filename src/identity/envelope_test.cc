// Envelopes: who must have signed, and that no changed byte passes.
#include "intertie/identity/envelope.h"

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

namespace intertie::identity {
namespace {

constexpr std::string_view kType = "application/vnd.intertie.test+json";

crypto::KeyPair make_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(crypto::ByteString(32, seed));
}

KeyLookup know(std::vector<crypto::PublicKey> keys) {
  return [keys = std::move(keys)](const crypto::Digest& id) -> std::optional<crypto::PublicKey> {
    for (const crypto::PublicKey& key : keys) {
      if (crypto::compute_key_digest(key) == id) return key;
    }
    return std::nullopt;
  };
}

const crypto::KeyPair kKey = make_key(1);
const crypto::KeyPair kOther = make_key(2);

TEST(Envelope, SignsTheDocumentedBytes) {
  EXPECT_EQ(encode_for_signing("text/x", "hello world"),
            "intertie-envelope/1 6 text/x 11 hello world");
  EXPECT_EQ(encode_for_signing("", ""), "intertie-envelope/1 0  0 ");
  const std::string sealed = *seal_envelope(kType, "{}", kKey);
  const crypto::Signature signature =
      kKey.sign("intertie-envelope/1 34 application/vnd.intertie.test+json 2 {}");
  EXPECT_EQ(sealed, R"({"payload_type":"application/vnd.intertie.test+json","payload":"e30",)"
                    R"("signatures":[{"alg":"ed25519","key_id":")" +
                        to_text(crypto::compute_key_digest(kKey.public_key())) +
                        R"(","signature":")" + crypto::encode_base64url(signature.bytes) +
                        R"("}]})");
}

TEST(Envelope, OpensWithAKnownKey) {
  const std::string sealed = *seal_envelope(kType, R"({"a": 1})", kKey);
  const auto opened = open_envelope(sealed, kType, know({kKey.public_key()}));
  ASSERT_TRUE(opened.has_value()) << to_text(opened.error());
  EXPECT_EQ(opened->payload, R"({"a": 1})");
  EXPECT_EQ(opened->signers, std::vector{kKey.public_key()});
  EXPECT_EQ(*read_unverified_payload(sealed, kType), R"({"a": 1})");
}

TEST(Envelope, NoticesEveryFlippedBit) {
  const std::string sealed = *seal_envelope(kType, R"({"seq":12,"free":8})", kKey);
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string other = sealed;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(open_envelope(other, kType, know({kKey.public_key()})).has_value())
        << i << ": " << other;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(
        open_envelope(std::string_view(sealed).substr(0, length), kType, know({kKey.public_key()}))
            .has_value());
  }
}

TEST(Envelope, NeedsAKnownSignerAndRefusesAWrongOne) {
  const std::string sealed = *seal_envelope(kType, "{}", kKey);
  EXPECT_EQ(open_envelope(sealed, kType, know({})).error().reason, core::Reason::bad_signature);
  EXPECT_EQ(open_envelope(sealed, kType, know({kOther.public_key()})).error().reason,
            core::Reason::bad_signature);
  EXPECT_EQ(open_envelope(sealed, "text/other", know({kKey.public_key()})).error().reason,
            core::Reason::bad_field);
  const KeyLookup careless = [](const crypto::Digest&) { return kOther.public_key(); };
  EXPECT_FALSE(open_envelope(sealed, kType, careless).has_value());
  // A right signature under a wrong name of its key.
  auto renamed = *codec::from_json<Envelope>(sealed, codec::Boundary::strict);
  renamed.signatures[0].key_id = to_text(crypto::compute_key_digest(kOther.public_key()));
  const KeyLookup always = [](const crypto::Digest&) { return kKey.public_key(); };
  EXPECT_FALSE(open_envelope(codec::to_json(renamed), kType, always).has_value());
}

TEST(Envelope, CarriesSeveralSignatures) {
  const std::string sealed = *add_signature(*seal_envelope(kType, "{}", kKey), kOther);
  const auto both = open_envelope(sealed, kType, know({kKey.public_key(), kOther.public_key()}));
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->signers, (std::vector{kKey.public_key(), kOther.public_key()}));
  const auto one = open_envelope(sealed, kType, know({kOther.public_key()}));
  EXPECT_EQ(one->signers, std::vector{kOther.public_key()});
  EXPECT_EQ(add_signature(sealed, kKey).error().reason, core::Reason::already_exists);
}

TEST(Envelope, OneWrongKnownSignatureSpoilsAll) {
  auto envelope = *codec::from_json<Envelope>(
      *add_signature(*seal_envelope(kType, "{}", kKey), kOther), codec::Boundary::strict);
  std::swap(envelope.signatures[0].signature, envelope.signatures[1].signature);
  const KeyLookup know_both = know({kKey.public_key(), kOther.public_key()});
  EXPECT_FALSE(open_envelope(codec::to_json(envelope), kType, know_both).has_value());
  envelope.signatures[0] = envelope.signatures[1];
  EXPECT_FALSE(open_envelope(codec::to_json(envelope), kType, know_both).has_value());
}

TEST(Envelope, IgnoresUnknownAlgorithmsButNotAlone) {
  auto envelope =
      *codec::from_json<Envelope>(*seal_envelope(kType, "{}", kKey), codec::Boundary::strict);
  const KeyLookup lookup = know({kKey.public_key()});
  envelope.signatures.insert(envelope.signatures.begin(), {"sm2-sm3", "sm3:00", "abc"});
  const auto opened = open_envelope(codec::to_json(envelope), kType, lookup);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->signers.size(), 1u);
  envelope.signatures.pop_back();
  EXPECT_FALSE(open_envelope(codec::to_json(envelope), kType, lookup).has_value());
  envelope.signatures.clear();
  EXPECT_FALSE(open_envelope(codec::to_json(envelope), kType, lookup).has_value());
}

TEST(Envelope, CountsOneKeyOnce) {
  auto envelope =
      *codec::from_json<Envelope>(*seal_envelope(kType, "{}", kKey), codec::Boundary::strict);
  envelope.signatures.push_back(envelope.signatures.front());
  EXPECT_FALSE(
      open_envelope(codec::to_json(envelope), kType, know({kKey.public_key()})).has_value());
}

TEST(Envelope, CannotMoveBytesBetweenTypeAndPayload) {
  EXPECT_NE(encode_for_signing("a", "1 b"), encode_for_signing("a 1", "b"));
  EXPECT_NE(encode_for_signing("a 3 b", ""), encode_for_signing("a", "b 0 "));
}

TEST(Envelope, HasLimits) {
  const std::size_t payload_max = core::limits::envelope_payload_bytes_max;
  const auto largest = seal_envelope(kType, std::string(payload_max, 'x'), kKey);
  ASSERT_TRUE(largest.has_value());
  EXPECT_TRUE(open_envelope(*largest, kType, know({kKey.public_key()})).has_value());
  EXPECT_EQ(seal_envelope(kType, std::string(payload_max + 1, 'x'), kKey).error().reason,
            core::Reason::too_large);
  const std::string huge(core::limits::envelope_bytes_max + 1, ' ');
  EXPECT_EQ(open_envelope(huge, kType, know({})).error().reason, core::Reason::too_large);
  std::string sealed = *seal_envelope(kType, "{}", make_key(100));
  for (std::uint8_t seed = 101; seed < 100 + core::limits::envelope_signatures_max; ++seed) {
    sealed = *add_signature(sealed, make_key(seed));
  }
  EXPECT_EQ(add_signature(sealed, kKey).error().reason, core::Reason::too_large);
}

TEST(Envelope, IgnoresUnknownFieldsUnlessTheyMustBeUnderstood) {
  std::string sealed = *seal_envelope(kType, "{}", kKey);
  sealed.pop_back();
  const KeyLookup lookup = know({kKey.public_key()});
  EXPECT_TRUE(open_envelope(sealed + R"(,"note":1})", kType, lookup).has_value());
  EXPECT_EQ(open_envelope(sealed + R"(,"note":1,"must_understand":["note"]})", kType, lookup)
                .error()
                .reason,
            core::Reason::must_understand);
}

}  // namespace
}  // namespace intertie::identity
