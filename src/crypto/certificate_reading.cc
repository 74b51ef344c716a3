// Reading peers' certificates: key, names, times, fingerprint.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "intertie/core/limits.h"
#include "intertie/crypto/certificate.h"

#include "openssl_handles.h"

namespace intertie::crypto {
namespace {

core::Error refuse_certificate(const char* detail) {
  ERR_clear_error();
  return {core::Reason::certificate_refused, detail};
}

core::Result<core::Time> read_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1)
    return refuse_certificate("certificate: unreadable time");
  return core::Time{static_cast<std::int64_t>(timegm(&fields)) * kMicrosPerSecond};
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

/// The common name; a zero byte or a second name is the classic way to show two faces.
core::Result<std::string> read_subject(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return std::string();
  if (X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0) {
    return refuse_certificate("certificate: two common names");
  }
  unsigned char* utf8 = nullptr;
  const int length =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (length < 0) return refuse_certificate("certificate: unreadable subject");
  std::string subject(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  if (!is_plain(subject)) return refuse_certificate("certificate: control character in subject");
  return subject;
}

std::string write_address(const ASN1_OCTET_STRING* bytes) {
  const int length = ASN1_STRING_length(bytes);
  if (length != 4 && length != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(),
            static_cast<socklen_t>(text.size()));
  return text.data();
}

core::Result<void> read_names(const X509* certificate, CertificateFacts& facts) {
  int critical = 0;
  const GeneralNamesHandle names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!names) {  // -1: there is none; anything else: it cannot be read, or there are two.
    if (critical == -1) return {};
    return refuse_certificate("certificate: unreadable alternative names");
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_IPADD) {
      facts.addresses.push_back(write_address(name->d.iPAddress));
    } else if (name->type == GEN_DNS) {
      std::string dns(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                      static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
      if (!is_plain(dns)) return refuse_certificate("certificate: control character in a name");
      facts.dns.push_back(std::move(dns));
    }
  }
  return {};
}

std::optional<PublicKey> find_ed25519_key(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
  PublicKey public_key;
  std::size_t length = public_key.bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, public_key.bytes.data(), &length) != 1) return std::nullopt;
  return public_key;
}

core::Result<CertificateHandle> parse_certificate(ByteView der) {
  if (der.size() > core::limits::certificate_bytes_max) {
    return refuse_certificate("certificate: above 64 KiB");
  }
  const std::uint8_t* position = der.data();
  CertificateHandle certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (!certificate) return refuse_certificate("certificate: not X.509");
  if (position != der.data() + der.size()) {
    return refuse_certificate("certificate: bytes after its end");
  }
  return certificate;
}

core::Result<CertificateFacts> read_facts(const X509* certificate, ByteView der) {
  CertificateFacts facts;
  auto subject = read_subject(certificate);
  if (!subject) return subject.error();
  facts.subject = std::move(*subject);
  const auto not_before = read_time(X509_get0_notBefore(certificate));
  if (!not_before) return not_before.error();
  const auto not_after = read_time(X509_get0_notAfter(certificate));
  if (!not_after) return not_after.error();
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  if (const auto names = read_names(certificate, facts); !names) return names.error();
  facts.key = find_ed25519_key(certificate);
  facts.fingerprint = compute_sha256(der);
  return facts;
}

bool is_self_issued(const X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

bool is_self_signed(X509* certificate) {
  return is_self_issued(certificate) &&
         X509_verify(certificate, X509_get0_pubkey(certificate)) == 1;
}

}  // namespace

core::Result<CertificateFacts> read_certificate_der(ByteView der) {
  const auto certificate = parse_certificate(der);
  if (!certificate) return certificate.error();
  if (is_self_issued(certificate->get()) && !is_self_signed(certificate->get())) {
    return refuse_certificate("certificate: its own signature does not verify");
  }
  return read_facts(certificate->get(), der);
}

core::Result<CertificateFacts> read_certificate_pem(std::string_view pem) {
  const auto der = convert_certificate_to_der(pem);
  if (!der) return refuse_certificate("certificate: no PEM certificate in the text");
  return read_certificate_der(*der);
}

core::Result<ByteString> convert_certificate_to_der(std::string_view pem) {
  if (pem.size() > core::limits::document_bytes_max) {
    return {core::Reason::too_large, "certificate: PEM above 4 MiB"};
  }
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const CertificateHandle certificate(PEM_read_bio_X509(
      bio.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  if (!certificate) {
    ERR_clear_error();
    return {core::Reason::bad_syntax, "no PEM certificate in the text"};
  }
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  if (length < 0) return refuse_certificate("certificate: cannot be encoded");
  ByteString bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

core::Result<PeerIdentity> check_process_certificate(ByteView der, core::Time now) {
  const auto certificate = parse_certificate(der);
  if (!certificate) return certificate.error();
  auto facts = read_facts(certificate->get(), der);
  if (!facts) return facts.error();
  if (!facts->key) return refuse_certificate("certificate: expected an Ed25519 key");
  if (!is_self_signed(certificate->get())) {
    return refuse_certificate("certificate: not signed by its own key");
  }
  if (now < facts->not_before) return refuse_certificate("certificate: not yet valid");
  if (now > facts->not_after) return refuse_certificate("certificate: expired");
  return PeerIdentity{*facts->key, std::move(facts->subject)};
}

}  // namespace intertie::crypto
