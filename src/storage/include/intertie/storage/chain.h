// The hash chain of the log: one pure definition for engine, adapters and verification.
#pragma once

#include <string_view>

#include "intertie/storage/record.h"

namespace intertie::storage {

/// The chain's digest before the first record:
///   SHA-256("intertie log chain 1" 0x00 incarnation[16]).
crypto::Digest chain_genesis(const Incarnation& incarnation);

/// The digest that stands for a body: SHA-256 of its bytes, or all zero for no (empty) body.
crypto::Digest digest_body(std::string_view body);

/// The chain's digest after `record` (whose `chain` field is not read), numbers little endian:
///   SHA-256(previous[32] body_digest[32] index[8] time_micros[8] kind[2] version[2] head).
/// Covers the body only through its digest, so an erased body leaves the chain valid. The fields
/// before the head have a fixed size, so no two records share an input. About 0.5 us for 300 bytes.
crypto::Digest chain_record(const crypto::Digest& previous, const HeadView& record);

/// The same for a record that was not stored yet; digests the body.
crypto::Digest chain_record(const crypto::Digest& previous, const Record& record);

}  // namespace intertie::storage
