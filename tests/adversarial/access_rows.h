// Who may do what: one row a route, one cell for each caller and whose object it asks for.
//
// Written by hand and independent of the routes' own declarations; access_test.cc drives every cell
// and renders docs/authorisation.md from it. A route without a row fails the test.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace intertie::adversarial {

/// What a route is about, if not the hub as a whole.
enum class Subject : std::uint8_t {
  none,
  job,
  account,
  dataset,
  site,
  dispute,
  peer,
  principal,
  owner_query,  // A list with ?owner=.
  attempt,      // Site listener: a job that runs at the calling site, or at another.
  offer,        // Site listener: an offer of the calling hub, or of another.
  region_user,  // Site listener: a user of the calling hub's region, or of this hub's.
};

/// User listener: nobody (no token), then user, provider and operator. With a subject each of the
/// three has three cells: their own object, another user's, another region's.
/// Site listener: nobody (no certificate), a stranger's key, a site about its own and another's, a
/// hub about its own and another's.
///   +  it is done             -  403, denied       0  404, as if there were none
///   !  401, not signed in     s  409, as if there were none      .  there is no such case
///   b  400, no grant is shown
struct AccessRow {
  std::string_view route;  // "GET /v1/jobs"
  Subject subject = Subject::none;
  std::string_view cells;
};

std::span<const AccessRow> list_user_rows();
std::span<const AccessRow> list_site_rows();

std::string_view get_subject_name(Subject subject);

}  // namespace intertie::adversarial
