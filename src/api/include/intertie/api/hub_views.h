// What a hub says of itself. views.h says what holds for all fields.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/hub/events.h"

namespace intertie::api {

struct HubView {
  std::string id;
  std::string name;
  std::string region;
  std::string currency;
  std::string sign_key;
  std::int64_t fee_per_mille = 0;
  std::int64_t sites = 0;
  std::uint64_t jobs_waiting = 0;
  std::uint64_t jobs_running = 0;  // Placed or running.
  std::string principal;           // Who asks, and what the token allows.
  hub::Role role = hub::Role::user;
  std::vector<std::string> scopes;
  std::string seal_key;     // "x25519:...": secrets in jobs are sealed to it.
  std::string seal_key_id;  // hub::make_seal_key_id() of it.
};
BOOST_DESCRIBE_STRUCT(HubView, (),
                      (id, name, region, currency, sign_key, fee_per_mille, sites, jobs_waiting,
                       jobs_running, principal, role, scopes, seal_key, seal_key_id))

struct HealthCheckView {
  std::string name;
  bool is_good = false;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(HealthCheckView, (), (name, is_good, detail))

struct HealthView {
  std::string status;  // "ok" or "failing"
  std::vector<HealthCheckView> checks;
};
BOOST_DESCRIBE_STRUCT(HealthView, (), (status, checks))

}  // namespace intertie::api
