// Certificates: what is written is what is read, and what must be refused.
#include "intertie/crypto/certificate.h"

#include <gtest/gtest.h>

namespace intertie::crypto {
namespace {

const Validity kValidity{*core::parse_rfc3339("2026-11-21T00:00:00Z"),
                         *core::parse_rfc3339("2027-11-21T00:00:00Z")};
const core::Time kNow = *core::parse_rfc3339("2026-12-01T00:00:00Z");
constexpr std::string_view kSubject = "44S7K3QF00M2T9QP";

KeyPair make_key() { return KeyPair::from_seed(ByteString(32, 4)); }

ByteString make_der() {
  return *convert_certificate_to_der(*create_process_certificate(make_key(), kSubject, kValidity));
}

TEST(ProcessCertificate, CarriesKeySubjectAndTimes) {
  const auto peer = check_process_certificate(make_der(), kNow);
  ASSERT_TRUE(peer.has_value()) << to_text(peer.error());
  EXPECT_EQ(peer->key, make_key().public_key());
  EXPECT_EQ(peer->subject, kSubject);
  const auto facts = read_certificate_der(make_der());
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->not_before, kValidity.not_before);
  EXPECT_EQ(facts->not_after, kValidity.not_after);
  EXPECT_EQ(facts->fingerprint, compute_sha256(ByteView(make_der())));
  EXPECT_TRUE(facts->dns.empty());
}

TEST(ProcessCertificate, IsDeterministic) { EXPECT_EQ(make_der(), make_der()); }

TEST(ProcessCertificate, HoldsOnlyInItsTime) {
  using core::seconds;
  EXPECT_TRUE(check_process_certificate(make_der(), kValidity.not_before).has_value());
  EXPECT_TRUE(check_process_certificate(make_der(), kValidity.not_after).has_value());
  for (const core::Time now :
       {kValidity.not_before - seconds(1), kValidity.not_after + seconds(1), core::Time{}}) {
    const auto peer = check_process_certificate(make_der(), now);
    ASSERT_FALSE(peer.has_value());
    EXPECT_EQ(peer.error().reason, core::Reason::certificate_refused);
  }
}

TEST(ProcessCertificate, NoticesEveryFlippedBit) {
  const ByteString der = make_der();
  for (std::size_t i = 0; i < der.size() * 8; ++i) {
    ByteString other = der;
    other[i / 8] = static_cast<std::uint8_t>(other[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(check_process_certificate(other, kNow).has_value()) << i;
  }
  for (std::size_t length = 0; length < der.size(); ++length) {
    EXPECT_FALSE(check_process_certificate(ByteView(der).first(length), kNow).has_value());
  }
  ByteString longer = der;
  longer.push_back(0);
  EXPECT_FALSE(check_process_certificate(longer, kNow).has_value());
}

TEST(ProcessCertificate, RefusesBadArguments) {
  const auto create = [](std::string_view subject, const Validity& validity) {
    return create_process_certificate(make_key(), subject, validity);
  };
  EXPECT_FALSE(create("", kValidity).has_value());
  EXPECT_FALSE(create(std::string(65, 'x'), kValidity).has_value());
  EXPECT_TRUE(create(std::string(64, 'x'), kValidity).has_value());
  EXPECT_FALSE(create(std::string_view("a\0b", 3), kValidity).has_value());
  EXPECT_FALSE(create("x", {kValidity.not_after, kValidity.not_before}).has_value());
  EXPECT_FALSE(create("x", {core::Time{-1}, kNow}).has_value());
  EXPECT_FALSE(create("x", {kNow, core::kNever}).has_value());
}

TEST(ServerCertificate, CarriesItsNamesAndIsNoPeer) {
  const ServerNames names{
      "Intertie hub", {"hub.example", "localhost"}, {"127.0.0.1", "::1", "2001:db8::7"}};
  const auto made = create_server_certificate(names, kValidity);
  ASSERT_TRUE(made.has_value()) << to_text(made.error());
  EXPECT_EQ(made->private_key_pem.reveal_text().rfind("-----BEGIN PRIVATE KEY-----\n", 0), 0u);
  const auto facts = read_certificate_pem(made->certificate_pem);
  ASSERT_TRUE(facts.has_value()) << to_text(facts.error());
  EXPECT_EQ(facts->subject, "Intertie hub");
  EXPECT_EQ(facts->dns, names.dns);
  EXPECT_EQ(facts->addresses, names.addresses);
  EXPECT_FALSE(facts->key.has_value());
  const auto der = convert_certificate_to_der(made->certificate_pem);
  EXPECT_FALSE(check_process_certificate(*der, kNow).has_value());
  EXPECT_NE(create_server_certificate(names, kValidity)->certificate_pem, made->certificate_pem);
}

TEST(ServerCertificate, RefusesNamesThatAreNone) {
  const auto create = [](std::vector<std::string> dns, std::vector<std::string> addresses) {
    return create_server_certificate({"hub", std::move(dns), std::move(addresses)}, kValidity);
  };
  EXPECT_FALSE(create({}, {}).has_value());
  EXPECT_FALSE(create({""}, {}).has_value());
  EXPECT_FALSE(create({"a,IP:1.2.3.4"}, {}).has_value());
  EXPECT_FALSE(create({std::string("a\0b", 3)}, {}).has_value());
  EXPECT_FALSE(create({}, {"1.2.3"}).has_value());
  EXPECT_FALSE(create({}, {"hub.example"}).has_value());
  EXPECT_FALSE(create(std::vector<std::string>(101, "a"), {}).has_value());
  EXPECT_TRUE(create({"*.hub.example"}, {}).has_value());
  EXPECT_EQ(create({"ok", "not ok"}, {}).error().detail, "dns[1]: not a host name");
}

TEST(Certificate, RefusesWhatIsNone) {
  EXPECT_FALSE(read_certificate_pem("").has_value());
  EXPECT_FALSE(read_certificate_der({}).has_value());
  EXPECT_FALSE(read_certificate_der(ByteString(100'000, 0x30)).has_value());
  EXPECT_EQ(convert_certificate_to_der("x").error().reason, core::Reason::bad_syntax);
}

}  // namespace
}  // namespace intertie::crypto
