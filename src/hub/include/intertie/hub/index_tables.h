// The hub's index: which tables there are and how their keys are built (docs/formats/hub-index.md).
//
// Numbers in keys are 8 bytes big endian, so byte order is numeric order. Every table can be
// rebuilt from the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/time.h"
#include "intertie/hub/events.h"
#include "intertie/storage/index.h"

namespace intertie::hub {

enum class Table : storage::TableId {
  job_events = 1,      // job | log index -> IndexedEvent: a job's history, from which views fold.
  jobs_by_owner = 2,   // owner | job -> ""
  jobs_by_phase = 3,   // owner | phase ('w', 'r', 'e') | job -> ""
  jobs_by_tag = 4,     // owner | tag 0x00 value 0x00 | job -> ""
  idempotency = 5,     // owner | key (16) -> IndexedKey
  postings = 6,        // account | log index | position -> IndexedPosting
  unmet = 7,           // log index -> IndexedEvent
  statements = 8,      // pool | log index -> IndexedEvent
  site_events = 9,     // site | log index -> IndexedEvent
  public_leaves = 10,  // number -> IndexedLeaf (public_log.h)
  public_nodes = 11,   // level | position -> the 32 bytes of a complete subtree's root
  disputes = 12,       // log index of UsageDisputed -> IndexedEvent of it
  dispute_ends = 13,   // the same -> IndexedEvent of DisputeResolved
  disputes_by_party = 14,  // principal, or all_parties | 'o' open, 'r' resolved | log index -> ""
  guests = 20,             // peer | offer -> the guest's job number (8 bytes)
  guest_jobs = 21,         // the guest's job number -> ""
};

/// In disputes_by_party: everybody's.
inline constexpr std::uint64_t all_parties = UINT64_MAX;

struct IndexedEvent {
  std::uint16_t kind = 0;
  core::Time time;
  std::vector<std::uint8_t> head;  // CBOR, as in the log. Bytes: a text would be mended.
};
BOOST_DESCRIBE_STRUCT(IndexedEvent, (), (kind, time, head))

struct IndexedKey {
  std::uint64_t job = 0;
  Key128 request_digest{};
};
BOOST_DESCRIBE_STRUCT(IndexedKey, (), (job, request_digest))

struct IndexedPosting {
  core::Time time;
  core::Money amount;
  ledger::Memo memo = ledger::Memo::usage;
  std::uint64_t job = 0;  // 0: not about a job.
};
BOOST_DESCRIBE_STRUCT(IndexedPosting, (), (time, amount, memo, job))

/// 8 bytes, big endian.
std::string encode_number(std::uint64_t number);
/// level | position: the key of public_nodes.
std::string make_node_key(int level, std::uint64_t position);
/// The number at `offset` of a key; asserts that it is there.
std::uint64_t decode_number(std::string_view key, std::size_t offset);

/// party | phase: the prefix of disputes_by_party.
std::string make_dispute_prefix(std::uint64_t party, bool is_open);
/// owner | phase: the prefix of jobs_by_phase.
std::string make_phase_prefix(std::uint32_t owner, char phase);
/// owner | tag | value: the prefix of jobs_by_tag.
std::string make_tag_prefix(std::uint32_t owner, std::string_view tag, std::string_view value);
/// owner | key: the key of idempotency.
std::string make_idempotency_key(std::uint32_t owner, const Key128& key);

}  // namespace intertie::hub
