// Reasons as they are read, and how inputs came to a site (see views.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"

namespace intertie::api {

/// A reason of the catalogue, ready to be read.
struct ReasonView {
  std::string code;
  std::string sentence;
  std::string fix;
};
BOOST_DESCRIBE_STRUCT(ReasonView, (), (code, sentence, fix))
ReasonView make_reason_view(core::Reason reason);

/// straight: from the hub or site that held it; relayed: through the site's own hub; both: it began
/// straight and went on through the hub.
enum class MoveWay : std::uint8_t { straight, relayed, both };
BOOST_DESCRIBE_ENUM(MoveWay, straight, relayed, both)

/// An input that was brought to the site, by the site's signed receipt.
struct MoveView {
  std::uint64_t index = 0;  // Of the record; its body is the receipt.
  std::uint32_t attempt = 0;
  std::string dataset;  // "data:<hex>"
  core::Bytes size_bytes;
  std::string source;  // Identifier of the hub or site that held it.
  MoveWay way = MoveWay::relayed;
  core::Time started;
  core::Time ended;
  core::Bytes received_bytes;
  core::Bytes straight_bytes;         // Of those received.
  std::int64_t bytes_per_second = 0;  // Achieved.
  std::uint32_t cuts = 0;
  std::optional<ReasonView> reason;  // Why a source that was tried first was given up.
  bool is_input = true;              // False: the job names no such input, whatever the site says.
};
BOOST_DESCRIBE_STRUCT(MoveView, (),
                      (index, attempt, dataset, size_bytes, source, way, started, ended,
                       received_bytes, straight_bytes, bytes_per_second, cuts, reason, is_input))

}  // namespace intertie::api
