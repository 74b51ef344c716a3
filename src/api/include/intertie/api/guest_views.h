// Jobs of other regions that run or ran at this hub's sites, as its operator sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/views.h"

namespace intertie::api {

/// One of them. Whose it is beyond `user`, and what it does, its home hub knows.
struct GuestView {
  std::uint64_t job = 0;  // This hub's number.
  std::string region;     // Of its home hub, and that hub's number for the offer.
  std::uint64_t offer = 0;
  std::string user;  // As the home hub calls its owner.
  std::string site;
  std::string pool;
  Phase phase = Phase::waiting;  // waiting: reserved, and not committed.
  core::Time reserved;
  std::optional<core::Time> started;
  std::optional<core::Time> ended;
  std::optional<std::int32_t> exit_code;
  std::optional<ReasonView> reason;  // Why it failed, or never ran.
  core::Money charged_micros;        // To its home hub, without what went back.
  core::Money contested_micros;      // Of it, what the home hub disputes.
};
BOOST_DESCRIBE_STRUCT(GuestView, (),
                      (job, region, offer, user, site, pool, phase, reserved, started, ended,
                       exit_code, reason, charged_micros, contested_micros))

struct GuestList {
  std::vector<GuestView> guests;  // Newest first.
  std::optional<std::string> next;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(GuestList, (), (guests, next, currency))

}  // namespace intertie::api
