// Ed25519 against RFC 8032, key files against what OpenSSL's tool writes, sealed boxes.
#include "intertie/crypto/signature.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "intertie/crypto/sealed_box.h"

namespace intertie::crypto {
namespace {

ByteString from_hex(std::string_view text) { return *decode_hex(text); }

// RFC 8032 section 7.1, tests 1 to 3.
struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Signature, GivesTheVectorsOfRfc8032) {
  for (const Vector& vector : kVectors) {
    const KeyPair key = KeyPair::from_seed(from_hex(vector.seed));
    EXPECT_EQ(encode_hex(key.public_key().bytes), vector.public_key);
    const ByteString message = from_hex(vector.message);
    const Signature signature = key.sign(message);
    EXPECT_EQ(encode_hex(signature.bytes), vector.signature);
    EXPECT_TRUE(verify_signature(key.public_key(), message, signature));
  }
}

TEST(Signature, NoticesEveryFlippedBit) {
  const KeyPair key = KeyPair::from_seed(ByteString(32, 7));
  const std::string message = "attempt 3 of job 44J";
  const Signature signature = key.sign(message);
  ASSERT_TRUE(verify_signature(key.public_key(), message, signature));
  for (std::size_t i = 0; i < Signature::kLength * 8; ++i) {
    Signature other = signature;
    other.bytes[i / 8] = static_cast<std::uint8_t>(other.bytes[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(verify_signature(key.public_key(), message, other)) << i;
  }
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string other = message;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(verify_signature(key.public_key(), other, signature)) << i;
  }
  EXPECT_FALSE(
      verify_signature(KeyPair::from_seed(ByteString(32, 8)).public_key(), message, signature));
}

TEST(Signature, RefusesTheTwinAboveTheGroupOrder) {
  // S + L would verify without the range check of RFC 8032 section 5.1.7.
  const KeyPair key = KeyPair::from_seed(ByteString(32, 1));
  Signature twin = key.sign("x");
  const ByteString order =
      from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += twin.bytes[32 + i] + order[i];
    twin.bytes[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(verify_signature(key.public_key(), "x", twin));
}

TEST(Signature, RefusesAKeyOfSmallOrder) {
  PublicKey identity;  // The neutral element: (0, 1).
  identity.bytes[0] = 1;
  Signature forged;  // R = neutral element, S = 0 satisfies the bare equation for any message.
  forged.bytes[0] = 1;
  EXPECT_FALSE(verify_signature(identity, "anything", forged));
}

TEST(KeyText, ReadsBackAndNamesItsAlgorithm) {
  const KeyPair key = KeyPair::from_seed(ByteString(32, 3));
  const Signature signature = key.sign("m");
  EXPECT_EQ(*parse_public_key(to_text(key.public_key())), key.public_key());
  EXPECT_EQ(*parse_signature(to_text(signature)), signature);
  EXPECT_EQ(to_text(key.public_key()).rfind("ed25519:", 0), 0u);
  EXPECT_EQ(parse_public_key("sm2:AAAA").error().reason, core::Reason::not_supported);
  EXPECT_EQ(parse_public_key("ed25519:AAAA").error().reason, core::Reason::bad_syntax);
  EXPECT_EQ(parse_public_key("AAAA").error().reason, core::Reason::bad_syntax);
  using KeyCodec = codec::Text<PublicKey>;
  EXPECT_EQ(*KeyCodec::from_binary(KeyCodec::to_binary(key.public_key())), key.public_key());
  EXPECT_EQ(compute_key_digest(key.public_key()), compute_sha256(to_text(key.public_key())));
}

TEST(KeyPair, IsNeitherCopiedNorTheSameTwice) {
  static_assert(!std::is_copy_constructible_v<KeyPair> && !std::is_copy_assignable_v<KeyPair>);
  static_assert(!std::is_copy_constructible_v<SealKeyPair> &&
                !std::is_copy_constructible_v<Secret>);
  EXPECT_NE(KeyPair::generate().public_key(), KeyPair::generate().public_key());
  KeyPair a = KeyPair::from_seed(ByteString(32, 9));
  const PublicKey expected = a.public_key();
  const KeyPair b = std::move(a);
  EXPECT_TRUE(verify_signature(expected, "m", b.sign("m")));
}

// The key of the PASETO test vectors, in the PEM form printed there (written by OpenSSL).
constexpr const char* kSeed = "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774";
constexpr const char* kPrivatePem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEILTL+0PfTOIQcn2VPkpxMwf6Gbt9n4UEFDjZ4RuUKjd0\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kPublicPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAHrnbu7wEfAP9cGBOAHHwmH4Wsot1ciXBHwBBXQ4gsaI=\n"
    "-----END PUBLIC KEY-----\n";
// A key of another kind (P-256), made by `openssl genpkey`.
constexpr const char* kOtherPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxXC0PVUEEw0Gnf0J\n"
    "-----END PRIVATE KEY-----\n";

TEST(KeyFiles, ArePkcs8AndSpki) {
  const KeyPair key = KeyPair::from_seed(from_hex(kSeed));
  EXPECT_EQ(key.export_private_pem().reveal_text(), kPrivatePem);
  EXPECT_EQ(export_public_pem(key.public_key()), kPublicPem);
  EXPECT_EQ(import_private_pem(kPrivatePem)->public_key(), key.public_key());
  EXPECT_EQ(import_private_der(key.export_private_der().reveal())->public_key(), key.public_key());
  EXPECT_EQ(*import_public_pem(kPublicPem), key.public_key());
  EXPECT_EQ(*import_public_der(export_public_der(key.public_key())), key.public_key());
  EXPECT_EQ(import_private_pem(kPrivatePem)->sign("m"), key.sign("m"));
}

TEST(KeyFiles, RefuseWhatIsNotExactlyOneKey) {
  const KeyPair key = KeyPair::from_seed(from_hex(kSeed));
  for (const std::string& wrong :
       {std::string(), std::string("no key"), std::string(kPublicPem), std::string(kOtherPem),
        std::string(kPrivatePem) + kPrivatePem, std::string(kPrivatePem).substr(0, 60),
        std::string(20 << 10, ' ')}) {
    const auto imported = import_private_pem(wrong);
    ASSERT_FALSE(imported.has_value()) << wrong;
    EXPECT_EQ(imported.error().reason, core::Reason::bad_key);
  }
  EXPECT_FALSE(import_public_pem(kPrivatePem).has_value());
  ByteString der = export_public_der(key.public_key());
  der.push_back(0);
  EXPECT_FALSE(import_public_der(der).has_value());
  der.resize(10);
  EXPECT_FALSE(import_public_der(der).has_value());
  EXPECT_FALSE(import_public_der({}).has_value());
  EXPECT_FALSE(import_private_der({}).has_value());
}

TEST(SealedBox, OpensOnlyForItsReceiver) {
  const SealKeyPair receiver = SealKeyPair::from_seed(ByteString(32, 1));
  const SealKeyPair other = SealKeyPair::from_seed(ByteString(32, 2));
  const std::string content = "TOKEN=abc";
  const std::string box = *seal(as_bytes(content), receiver.public_key());
  EXPECT_EQ(open_sealed(box, receiver)->reveal_text(), content);
  EXPECT_EQ(open_sealed(box, other).error().reason, core::Reason::bad_key);
  EXPECT_NE(box, *seal(as_bytes(content), receiver.public_key()));
  EXPECT_EQ(box.find(content), std::string::npos);
  EXPECT_EQ(open_sealed(*seal({}, receiver.public_key()), receiver)->size(), 0u);
  const auto restored = SealKeyPair::from_private_key(receiver.reveal_private_key());
  EXPECT_EQ(restored->public_key(), receiver.public_key());
  EXPECT_EQ(open_sealed(box, *restored)->reveal_text(), content);
  EXPECT_FALSE(SealKeyPair::from_private_key(ByteString(31)).has_value());
}

TEST(SealedBox, NoticesEveryFlippedBit) {
  const SealKeyPair receiver = SealKeyPair::generate();
  const std::string box = *seal(as_bytes("secret"), receiver.public_key());
  for (std::size_t i = 0; i < box.size() * 8; ++i) {
    std::string other = box;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(open_sealed(other, receiver).has_value()) << i;
  }
  EXPECT_FALSE(open_sealed(box.substr(0, 60), receiver).has_value());
  EXPECT_EQ(open_sealed("other:AAAA", receiver).error().reason, core::Reason::not_supported);
}

TEST(SealedBox, RefusesAReceiverOfSmallOrder) {
  EXPECT_EQ(seal(as_bytes("x"), SealPublicKey{}).error().reason, core::Reason::bad_key);
}

TEST(SealKeyText, ReadsBack) {
  const SealKeyPair key = SealKeyPair::from_seed(ByteString(32, 5));
  EXPECT_EQ(*parse_seal_public_key(to_text(key.public_key())), key.public_key());
  EXPECT_FALSE(parse_seal_public_key("ed25519:AAAA").has_value());
}

}  // namespace
}  // namespace intertie::crypto
