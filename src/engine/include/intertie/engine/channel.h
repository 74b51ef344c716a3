// A channel between two logs: numbered rows one way, acknowledged (ARCHITECTURE.md, idea 5).
//
// The sender keeps every row until the receiver has acknowledged its number. Each row's hash covers
// the row and its predecessor's hash, so equal hashes mean equal history. A channel opens by an
// exchange of hellos: a sender whose log remembers less than its receiver (a restored backup) must
// not number new rows over old ones, so that direction stops until it is reconciled.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

namespace intertie::engine {

/// One message that must reach the other side. `attachment` is the index of the log record whose
/// body travels with the row (0: none); it is read from the log when the row is sent.
struct ChannelRow {
  std::uint64_t number = 0;
  std::uint64_t log_index = 0;  // The row may be sent once the log is durable up to here.
  std::uint64_t attachment = 0;
  std::string payload;
  crypto::Digest hash;
};

/// What each side says when a channel opens, about both directions.
struct ChannelHello {
  std::string incarnation;  // Of the speaker's log.
  std::uint64_t sent = 0;   // Last number it has given out, and the hash there.
  std::string sent_hash;
  std::uint64_t received = 0;  // Last number it has accepted, and the hash there.
  std::string received_hash;
};
BOOST_DESCRIBE_STRUCT(ChannelHello, (), (incarnation, sent, sent_hash, received, received_hash))

/// hash_n = SHA-256(hash_{n-1} || payload). The number is implied by the position in the chain.
crypto::Digest compute_row_hash(const crypto::Digest& previous, std::string_view payload);

/// Rows on their way out. Part of a state machine's state: changes only in apply().
class Outbox {
 public:
  /// Appends a row under the next number and returns that number. O(1) and one SHA-256.
  std::uint64_t push(std::string payload, std::uint64_t log_index, std::uint64_t attachment);

  /// Drops everything up to and including `number`. Numbers at or below the last acknowledged one
  /// change nothing. Asserts that the number was given out.
  void acknowledge(std::uint64_t number);

  /// Rows after `number` whose log index is at most `durable`, at most `limit`. O(rows returned).
  std::vector<const ChannelRow*> find_rows(std::uint64_t number, std::uint64_t durable,
                                           std::size_t limit) const;

  std::uint64_t last_number() const { return acknowledged_ + rows_.size(); }
  /// The last number that may be sent once the log is durable up to `durable`. O(rows beyond it).
  std::uint64_t find_last_durable(std::uint64_t durable) const;
  std::uint64_t acknowledged() const { return acknowledged_; }
  const crypto::Digest& last_hash() const;
  std::size_t size() const { return rows_.size(); }
  const std::deque<ChannelRow>& rows() const { return rows_; }

  /// Whether a receiver that says `received` with `hash` has the same history as this outbox.
  /// Refuses with channel_diverged: it remembers more than was sent, or something else.
  core::Result<void> check_receiver(std::uint64_t received, const crypto::Digest& hash) const;

  /// After a reconciliation: numbering goes on above everything the receiver remembers.
  void restart_after(std::uint64_t number, const crypto::Digest& hash);

  static Outbox restore(std::uint64_t acknowledged, const crypto::Digest& acknowledged_hash,
                        std::deque<ChannelRow> rows);
  const crypto::Digest& acknowledged_hash() const { return acknowledged_hash_; }

 private:
  std::deque<ChannelRow> rows_;
  std::uint64_t acknowledged_ = 0;
  crypto::Digest acknowledged_hash_;
};

/// What has been accepted from the other side.
struct Inbox {
  std::uint64_t received = 0;
  crypto::Digest hash;

  enum class Arrival : std::uint8_t { next, repeated, gap };
  /// Where a row with this number stands: to be accepted now, known already, or too early.
  Arrival classify(std::uint64_t number) const {
    if (number <= received) return Arrival::repeated;
    return number == received + 1 ? Arrival::next : Arrival::gap;
  }
  /// Counts the next row. Asserts its number.
  void accept(std::uint64_t number, std::string_view payload);
};

}  // namespace intertie::engine
