// What a finished transfer leaves behind: who moved what where, and how fast. The destination signs
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/transfer/manifest.h"

namespace intertie::transfer {

/// The payload type of a receipt's envelope (docs/formats/dataset.md).
inline constexpr std::string_view kReceiptType = "application/vnd.intertie.receipt+json";

struct Receipt {
  std::string dataset;  // "data:<hex>"
  core::Bytes size;
  std::string source;       // Who sent it: identifiers of hub or site.
  std::string destination;  // Who has it now, and signs.
  core::Time started;
  core::Time ended;
  core::Bytes received;  // Bytes over the wire, repeats included.
  std::uint32_t cuts = 0;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
BOOST_DESCRIBE_STRUCT(Receipt, (),
                      (dataset, size, source, destination, started, ended, received, cuts))

/// That the receipt is about this dataset, complete, and plausible in itself: identity and size
/// agree, it ended after it started, and no less was received than the dataset has. bad_field.
core::Result<void> check_receipt(const Receipt& receipt, const Manifest& manifest);

/// Achieved bytes per second; 0 if it took no time.
std::int64_t compute_rate(const Receipt& receipt);

}  // namespace intertie::transfer
