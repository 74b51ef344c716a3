// Making self-signed certificates with OpenSSL.
#include "intertie/crypto/certificate.h"

#include <array>
#include <cassert>
#include <ctime>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "intertie/core/limits.h"

#include "openssl_handles.h"

namespace intertie::crypto {
namespace {

constexpr core::Time kTimeMax{253'402'300'799 * kMicrosPerSecond};  // 9999-12-31T23:59:59Z
constexpr std::size_t kCommonNameMax = 64;                          // RFC 5280 appendix A.1
constexpr std::size_t kDnsNameMax = 253;
constexpr std::size_t kSerialLength = 16;
constexpr long kVersion3 = 2;

core::Error refuse_field(std::string detail) {
  ERR_clear_error();
  return {core::Reason::bad_field, std::move(detail)};
}

void check_encoding_call(int succeeded) {
  // Encoding checked values into memory fails only when OpenSSL is broken or misused.
  assert(succeeded > 0);
  static_cast<void>(succeeded);
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kDnsNameMax) return false;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit && c != '-' && c != '.' && c != '*' && c != '_') return false;
  }
  return true;
}

core::Result<void> check_validity(const Validity& validity) {
  const bool is_in_range = validity.not_before >= core::Time{} && validity.not_after <= kTimeMax;
  if (!is_in_range || validity.not_before >= validity.not_after) {
    return {core::Reason::out_of_range,
            "certificate validity: expected 1970 <= not_before < not_after <= 9999"};
  }
  return {};
}

core::Result<void> check_common_name(std::string_view name) {
  if (name.empty() || name.size() > kCommonNameMax || !is_printable(name)) {
    return refuse_field("certificate subject: expected 1 to 64 printable ASCII characters");
  }
  return {};
}

/// 128 bits that differ whenever the certificate differs, so that no browser meets one issuer and
/// serial twice; and no randomness is needed.
void set_serial(X509* certificate, ByteView public_key, const Validity& validity,
                std::string_view names) {
  Sha256 sha256;
  sha256.update(public_key).update(std::to_string(validity.not_before.micros) + "/");
  sha256.update(std::to_string(validity.not_after.micros) + "/").update(names);
  Digest digest = sha256.finish();
  digest.bytes[0] = static_cast<std::uint8_t>((digest.bytes[0] & 0x7f) | 0x40);  // Positive.
  BIGNUM* number = BN_bin2bn(digest.bytes.data(), kSerialLength, nullptr);
  check_encoding_call(number != nullptr);
  check_encoding_call(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  check_encoding_call(extension != nullptr);
  check_encoding_call(X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

/// Everything but the names and the signature.
CertificateHandle make_certificate(EVP_PKEY* key, std::string_view subject,
                                   const Validity& validity, const char* usages) {
  CertificateHandle certificate(X509_new());
  check_encoding_call(X509_set_version(certificate.get(), kVersion3));
  check_encoding_call(ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                                    validity.not_before.micros / kMicrosPerSecond) != nullptr);
  check_encoding_call(ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                                    validity.not_after.micros / kMicrosPerSecond) != nullptr);
  NameHandle name(X509_NAME_new());
  check_encoding_call(X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8,
                                                 as_bytes(subject).data(),
                                                 static_cast<int>(subject.size()), -1, 0));
  check_encoding_call(X509_set_subject_name(certificate.get(), name.get()));
  check_encoding_call(X509_set_issuer_name(certificate.get(), name.get()));
  check_encoding_call(X509_set_pubkey(certificate.get(), key));
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), NID_ext_key_usage, usages);
  return certificate;
}

std::string write_pem(X509* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  check_encoding_call(PEM_write_bio_X509(bio.get(), certificate));
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

ByteString write_public_der(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  check_encoding_call(length);
  ByteString bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

void add_name(GENERAL_NAMES* names, int type, void* value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  check_encoding_call(name != nullptr);
  GENERAL_NAME_set0_value(name, type, value);
  check_encoding_call(sk_GENERAL_NAME_push(names, name));
}

/// Built by hand, not from OpenSSL's configuration text, so that no name can smuggle another in.
core::Result<GeneralNamesHandle> make_names(const ServerNames& names) {
  GeneralNamesHandle list(sk_GENERAL_NAME_new_null());
  const std::size_t count = names.dns.size() + names.addresses.size();
  if (count == 0 || count > core::limits::certificate_names_max) {
    return refuse_field("certificate names: expected 1 to 100 names and addresses");
  }
  for (std::size_t i = 0; i < names.dns.size(); ++i) {
    if (!is_dns_name(names.dns[i])) {
      return refuse_field("dns[" + std::to_string(i) + "]: not a host name");
    }
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    check_encoding_call(
        ASN1_STRING_set(text, names.dns[i].data(), static_cast<int>(names.dns[i].size())));
    add_name(list.get(), GEN_DNS, text);
  }
  for (std::size_t i = 0; i < names.addresses.size(); ++i) {
    const std::string& address = names.addresses[i];
    ASN1_OCTET_STRING* bytes = is_printable(address) ? a2i_IPADDRESS(address.c_str()) : nullptr;
    if (bytes == nullptr) {
      return refuse_field("addresses[" + std::to_string(i) + "]: not an IPv4 or IPv6 address");
    }
    add_name(list.get(), GEN_IPADD, bytes);
  }
  return list;
}

Secret write_private_pem(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  check_encoding_call(
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr));
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return Secret(ByteString(data, data + length));
}

}  // namespace

core::Result<std::string> create_process_certificate(const KeyPair& key, std::string_view subject,
                                                     const Validity& validity) {
  if (auto valid = check_validity(validity); !valid) return valid.error();
  if (auto valid = check_common_name(subject); !valid) return valid.error();
  const Secret der = key.export_private_der();
  const std::uint8_t* position = der.reveal().data();
  const KeyHandle handle(
      d2i_PrivateKey(EVP_PKEY_ED25519, nullptr, &position, static_cast<long>(der.size())));
  check_encoding_call(handle != nullptr);
  const CertificateHandle certificate =
      make_certificate(handle.get(), subject, validity, "serverAuth,clientAuth");
  set_serial(certificate.get(), key.public_key().bytes, validity, subject);
  check_encoding_call(X509_sign(certificate.get(), handle.get(), nullptr));
  return write_pem(certificate.get());
}

core::Result<ServerCertificate> create_server_certificate(const ServerNames& names,
                                                          const Validity& validity) {
  if (auto valid = check_validity(validity); !valid) return valid.error();
  if (auto valid = check_common_name(names.common_name); !valid) return valid.error();
  const auto list = make_names(names);
  if (!list) return list.error();
  const KeyHandle key(EVP_EC_gen("P-256"));
  check_encoding_call(key != nullptr);
  const CertificateHandle certificate =
      make_certificate(key.get(), names.common_name, validity, "serverAuth");
  check_encoding_call(
      X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, list->get(), 0, 0));
  // The key is new, so key and times alone make the serial unique.
  set_serial(certificate.get(), write_public_der(key.get()), validity, names.common_name);
  check_encoding_call(X509_sign(certificate.get(), key.get(), EVP_sha256()));
  return ServerCertificate{write_pem(certificate.get()), write_private_pem(key.get())};
}

}  // namespace intertie::crypto
