// What a receipt may say, and who may have signed it: each way to be wrong, one test.
#include "intertie/transfer/receipt.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"

namespace intertie::transfer {
namespace {

crypto::KeyPair make_receipt_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(crypto::ByteString(crypto::KeyPair::kSeedLength, seed));
}

identity::KeyLookup only(const crypto::KeyPair& key) {
  return [known = key.public_key()](const crypto::Digest& id) {
    return id == crypto::compute_key_digest(known) ? std::optional(known) : std::nullopt;
  };
}

Receipt make_receipt() {
  Receipt receipt;
  receipt.dataset = "data:" + std::string(64, 'a');
  receipt.size = {7};
  receipt.source = "42R";
  receipt.destination = "22S";
  receipt.started = {1'000'000};
  receipt.ended = {3'000'000};
  receipt.received = {6};
  receipt.kept = {2};
  receipt.direct = {5};
  receipt.job = 3;
  receipt.attempt = 1;
  receipt.fallback = core::Reason::unreachable;
  return receipt;
}

TEST(Receipt, MustBePlausible) {
  EXPECT_TRUE(check_receipt(make_receipt()).has_value());
  for (const auto change :
       {+[](Receipt& r) { r.size = {9}; }, +[](Receipt& r) { r.received = {4}; },
        +[](Receipt& r) { r.ended = {0}; }, +[](Receipt& r) { r.kept = {8}; },
        +[](Receipt& r) { r.direct = {7}; }, +[](Receipt& r) { r.direct = {-1}; },
        +[](Receipt& r) { r.size = {-1}; }, +[](Receipt& r) { r.kept = {-1}; },
        +[](Receipt& r) { r.source.assign(300, 'x'); }}) {
    Receipt other = make_receipt();
    change(other);
    EXPECT_EQ(check_receipt(other).error().reason, core::Reason::bad_field);
  }
  Receipt other = make_receipt();
  other.dataset = "data:12";
  EXPECT_FALSE(check_receipt(other).has_value());
}

TEST(Receipt, CountsOnlyAsItsDestinationHasSignedIt) {
  const crypto::KeyPair key = make_receipt_key(1);
  const std::string envelope = sign_receipt(make_receipt(), key);
  const auto opened = open_receipt(envelope, only(key));
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(*opened, make_receipt());
  EXPECT_EQ(open_receipt(envelope, only(make_receipt_key(2))).error().reason,
            core::Reason::bad_signature);
  // Another payload under the same signature.
  const auto encode = [](const Receipt& one) {
    return crypto::encode_base64url(crypto::as_bytes(codec::to_json(one)));
  };
  Receipt changed = make_receipt();
  changed.size = {6};
  const std::string text = encode(make_receipt());
  const auto at = envelope.find(text);
  ASSERT_NE(at, std::string::npos);
  std::string forged = envelope;
  forged.replace(at, text.size(), encode(changed));
  EXPECT_EQ(open_receipt(forged, only(key)).error().reason, core::Reason::bad_signature);
  // Every byte of it matters.
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    std::string flipped = envelope;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const auto read = open_receipt(flipped, only(key));
    EXPECT_TRUE(!read || *read == make_receipt()) << i;
  }
  // What is signed and impossible is refused, too.
  Receipt impossible = make_receipt();
  impossible.ended = {0};
  EXPECT_EQ(open_receipt(sign_receipt(impossible, key), only(key)).error().reason,
            core::Reason::bad_field);
}

TEST(Receipt, TheRateIsOfWhatCame) {
  EXPECT_EQ(compute_rate({6}, {2'000'000}), 3);
  EXPECT_EQ(compute_rate({6}, {0}), 0);
  EXPECT_EQ(compute_rate({std::int64_t{1} << 60}, {1'000'000}), std::int64_t{1} << 60);
}

}  // namespace
}  // namespace intertie::transfer
