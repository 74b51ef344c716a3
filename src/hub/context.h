// What a decision sees: the state, the soft state, the time, and where its events go.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/core/time.h"
#include "intertie/engine/state_machine.h"
#include "intertie/hub/events.h"
#include "intertie/hub/machine.h"
#include "intertie/hub/state.h"
#include "intertie/placement/placer.h"

#include "card_places.h"
#include "fit_table.h"
#include "grid.h"
#include "pool_loads.h"

namespace intertie::hub {

/// What a peer was last told about our pools.
struct BeaconsSent {
  struct Told {
    topology::Pool terms;
    std::size_t former_keys = 0;  // How often its site had changed its signing key.
  };
  std::uint64_t number = 0;
  std::uint64_t applied = 0;    // Soft::applied then: if it is the same, nothing has changed.
  std::uint64_t topology = 0;   // Version of the topology then: terms have not changed since.
  std::size_t former_keys = 0;  // Of all sites together.
  std::vector<Told> pools;
  std::vector<std::uint64_t> capacities;  // Versions, by pool.
  std::uint64_t lines_noted = 0;          // Soft::lines_noted then.
  std::vector<std::int64_t> lines;        // Versions, by position in State::lines.
  std::map<std::string, topology::LineMeasurement> measured;  // By sending region.
};

/// What a peer's answers say about its life (home_leases.h). Boot times of this hub's machine.
struct PeerWord {
  struct Unread {
    core::Duration sent;
    std::uint64_t rows = 0;  // Counts once its rows up to here have been taken in.
  };
  std::optional<core::Duration>
      answered;  // When what it answered was sent; empty: not since start.
  std::optional<Unread> unread;
  core::Time heard;  // When it last spoke to us, or when we started; log time.
};

/// Has a sender and an expiry, is never logged, starts anew with the hub (ARCHITECTURE.md, idea 4).
struct Soft {
  std::vector<core::Time> heard;  // By site: when its last heartbeat came, or when we started.
  std::set<std::uint32_t> woken_shapes;
  std::set<std::uint32_t> woken_pools;
  HubClock clock;  // As the last command or the start brought it.
  core::Time last_work;
  core::Time next_check;  // Of liveness.
  FitTable fits;
  placement::PlacementCache cache;
  std::vector<placement::PoolView> views;
  Grid grid;
  bool is_grid_woken = false;                            // Another region has announced something.
  std::vector<BeaconsSent> beacons;                      // By peer.
  std::map<std::uint32_t, SiteGreeting> greetings;       // By site: how its channel opened last.
  std::map<std::uint32_t, SiteGreeting> peer_greetings;  // By peer, likewise.
  std::map<std::uint32_t, std::string> data_addresses;   // By site: where it gives out datasets.
  std::map<std::uint32_t, core::Money> floors;           // By shape: the least it costs here.
  std::uint64_t applied = 0;                             // Events of this life.
  std::uint64_t lines_noted = 0;                         // Measurements of lines, likewise.
  std::vector<PeerWord> peer_words;                      // By peer.
  core::Duration started;                                // Boot time.
  std::optional<core::Duration> leases_checked;          // Home leases; boot time.
  std::set<std::uint32_t> sites_held;                    // Start nothing before a home answers.
  PoolLoads loads;
  CardPlaces places;
  core::Time records_from;  // No record lapses or goes stale before: sites get the time to renew.
};

struct Context {
  const State& state;
  Soft& soft;
  core::Time now;
  engine::EventSink<Event>& sink;

  storage::LogIndex emit(Event event, std::string body = {}) {
    return sink.emit(std::move(event), std::move(body));
  }
};

/// The site that runs a job's current attempt.
inline std::uint32_t get_site(const State& state, const Reservation& reservation) {
  return state.topology->find_pool({reservation.terms.pool})->site.index;
}

/// A handle for a new shape.
inline std::uint32_t find_free_shape(const State& state) {
  return state.free_shapes.empty() ? static_cast<std::uint32_t>(state.shapes.size())
                                   : *state.free_shapes.begin();
}

/// not_found if there is no such site. O(1).
inline core::Result<const SiteState*> get_site_state(const State& state, std::uint32_t site) {
  if (site >= state.sites.size()) {
    return {core::Reason::not_found, "site " + std::to_string(site)};
  }
  return &state.sites[site];
}

}  // namespace intertie::hub
