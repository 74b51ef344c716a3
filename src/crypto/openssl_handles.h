// Owning handles for OpenSSL's objects.
#pragma once

#include <cstdint>
#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace intertie::crypto {

template <auto Function>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};

/// OpenSSL counts validity in seconds.
inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;

using BioHandle = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, FreeBy<X509_free>>;
using NameHandle = std::unique_ptr<X509_NAME, FreeBy<X509_NAME_free>>;
using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;

}  // namespace intertie::crypto
