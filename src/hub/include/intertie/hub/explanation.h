// Why a job went where it went: the body of AttemptChosen and OfferAsked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/placement/card_choice.h"
#include "intertie/placement/placer.h"

namespace intertie::hub {

/// Pool handles with this bit are announced by other regions, not of the hub's own topology.
inline constexpr std::uint32_t kRemotePools = std::uint32_t{1} << 31;

/// What a candidate's handle meant: announced pools are known by beacons only, which pass.
struct RemotePoolName {
  std::uint32_t pool = 0;  // As in the candidates.
  std::string region;      // Of its hub.
  std::string site;
  std::string name;
  std::string identifier;
};
BOOST_DESCRIBE_STRUCT(RemotePoolName, (), (pool, region, site, name, identifier))

/// What was reserved of a line for the inputs.
struct ReservedLine {
  std::string to;  // Region.
  std::int64_t bits_per_second = 0;
  core::Time until;
};
BOOST_DESCRIBE_STRUCT(ReservedLine, (), (to, bits_per_second, until))

/// A placement (placement::Placement, field by field) whose candidates may lie in other regions.
struct Explanation {
  std::optional<topology::PoolHandle> chosen;
  std::optional<core::Reason> verdict;
  std::int64_t pools = 0;
  std::int64_t fitting = 0;
  std::vector<placement::Candidate> candidates;
  std::vector<placement::ReasonCount> refused;
  std::vector<RemotePoolName> remote;
  std::optional<ReservedLine> line = std::nullopt;
  /// What the card engine saw in the chosen pool. Nothing: it was not asked.
  std::optional<placement::CardChoice> cards = std::nullopt;
};
BOOST_DESCRIBE_STRUCT(Explanation, (),
                      (chosen, verdict, pools, fitting, candidates, refused, remote, line, cards))

}  // namespace intertie::hub
