// The hash chain of the log: one pure definition for engine, adapters and verification.
#pragma once

#include <string_view>
#include <vector>

#include "intertie/storage/record.h"

namespace intertie::storage {

struct Batch;

/// The chain's digest before the first record: crypto::compute_chain_start(the 16 bytes).
crypto::Digest chain_genesis(const Incarnation& incarnation);

/// The digest that stands for a body: SHA-256 of its bytes; of the empty string for no body.
crypto::Digest digest_body(std::string_view body);

/// digest_body("") without computing it.
const crypto::Digest& empty_body_digest();

/// The chain's digest after `record`, whose `chain` field is not read:
///   crypto::compute_chain_link(previous, SHA-256(envelope || head), body digest)
///   envelope = index[8] time_micros[8] kind[2] version[2], little endian.
/// Covers the body only through its digest, so an erased body leaves the chain valid. The envelope
/// has a fixed size, so no two records share an input. About 0.6 us for 300 bytes.
crypto::Digest chain_record(const crypto::Digest& previous, const HeadView& record);

/// What the store adds to a record of a batch.
struct Link {
  crypto::Digest body_digest;
  crypto::Digest chain;
};

/// The digests of all records of a batch that follows `previous`. One Link per record.
std::vector<Link> chain_batch(const crypto::Digest& previous, const Batch& batch);

}  // namespace intertie::storage
