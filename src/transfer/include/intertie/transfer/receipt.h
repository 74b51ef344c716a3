// What a finished transfer leaves behind: who moved what where, how, and how fast. The destination
// signs it (docs/formats/dataset.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/envelope.h"

namespace intertie::transfer {

/// The payload type of a receipt's envelope.
inline constexpr std::string_view kReceiptType = "application/vnd.intertie.receipt+json";

struct Receipt {
  std::string dataset;  // "data:<hex>"
  core::Bytes size;
  std::string source;       // Who held it: identifier of a hub or site.
  std::string destination;  // Who has it now, and signs.
  core::Time started;       // Of the pull that completed it.
  core::Time ended;
  core::Bytes received;  // By that pull over the wire, repeats included.
  std::uint32_t cuts = 0;
  std::uint64_t job = 0;  // What it was for, as the destination's hub counts.
  std::uint32_t attempt = 0;
  core::Bytes direct;  // Of `received`, what came from the source itself; the rest through a hub.
  core::Bytes kept;    // Of the dataset, what earlier pulls had brought.
  std::optional<core::Reason> fallback;  // Why a source that was tried first was given up.

  friend bool operator==(const Receipt&, const Receipt&) = default;
};
BOOST_DESCRIBE_STRUCT(Receipt, (),
                      (dataset, size, source, destination, started, ended, received, cuts, job,
                       attempt, direct, kept, fallback))

/// That it is plausible in itself: it ended after it started, all parts are there and none is below
/// zero or larger than the whole. bad_field. Pure.
core::Result<void> check_receipt(const Receipt& receipt);

/// Cannot be refused: a receipt is far below the limit of an envelope. 50 us.
std::string sign_receipt(const Receipt& receipt, const crypto::KeyPair& key);

/// Verifies that one of these keys has signed, then check_receipt. bad_signature, bad_field,
/// bad_syntax and the like. 70 us.
core::Result<Receipt> open_receipt(std::string_view envelope, const identity::KeyLookup& find_key);

/// Bytes per second between `started` and `ended`, of what that pull brought; 0 if it took no time.
std::int64_t compute_rate(core::Bytes received, core::Duration took);

}  // namespace intertie::transfer
