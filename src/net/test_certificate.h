// For tests: self-signed certificates, made with OpenSSL alone.
#pragma once

#include <cstddef>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace intertie::net {

struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
  std::string der;
  std::string fingerprint;      // SHA-256 of the certificate.
  std::string key_fingerprint;  // SHA-256 of the SubjectPublicKeyInfo.
};

inline std::string hash_to_hex(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

inline std::string read_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

enum class TestKey { p256, ed25519 };

inline TestCertificate make_certificate(TestKey kind) {
  EVP_PKEY* key = kind == TestKey::p256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, kind == TestKey::p256 ? EVP_sha256() : nullptr);

  TestCertificate made;
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  made.certificate_pem = read_bio(text);
  text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr);
  made.key_pem = read_bio(text);
  BIO* der = BIO_new(BIO_s_mem());
  i2d_X509_bio(der, certificate);
  made.der = read_bio(der);
  made.fingerprint = hash_to_hex(made.der);
  der = BIO_new(BIO_s_mem());
  i2d_PUBKEY_bio(der, key);
  made.key_fingerprint = hash_to_hex(read_bio(der));
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace intertie::net
