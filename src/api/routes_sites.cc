// Sites, their pools and measurements, and identifiers.
#include <algorithm>
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"
#include "intertie/identity/identifier.h"
#include "intertie/placement/pool_cards.h"

#include "fold_job.h"
#include "pool_figures.h"
#include "remote_sites.h"
#include "route.h"
#include "router_core.h"
#include "site_record.h"

namespace intertie::api {
namespace {

constexpr std::size_t kStatementsPerPool = 20;

PoolView make_pool_view(const topology::Pool& pool, const placement::PoolCapacity& capacity,
                        core::Time now) {
  auto view = make_shown_pool<PoolView>(pool, {capacity.total(), capacity.free()}, now);
  view.handle = pool.handle.index;
  view.authority = pool.authority;
  view.nodes = static_cast<std::int64_t>(pool.nodes.size());
  view.milli_cpus_per_node = pool.cpus_per_node;
  view.memory_bytes_per_node = pool.memory_per_node;
  if (!pool.devices_per_node.empty()) {
    view.fragmentation = make_fragmentation_view(placement::summarise_cards(capacity));
  }
  return view;
}

SiteView make_site_view(const hub::HubMachine& machine, const hub::SiteState& site,
                        core::Time now) {
  const hub::State& state = machine.state();
  SiteView view;
  view.name = site.site.name;
  view.handle = site.site.handle.index;
  view.identifier = site.site.identifier;
  view.region = site.site.region;
  view.operator_account = site.site.operator_account;
  view.status = site.status;
  view.is_drained = site.is_drained;
  view.heard = machine.get_heard(view.handle);
  view.is_connected = !site.incarnation.empty() && now - view.heard < core::limits::site_lost_after;
  view.rows_unacknowledged = site.outbox.size();
  if (site.record) {
    view.record_status = site.record->status;
    if (site.record->valid_until != core::Time{}) {
      view.record_valid_until = site.record->valid_until;
    }
  }
  for (const std::uint32_t pool : site.pools) {
    view.pools.push_back(
        make_pool_view(*state.topology->find_pool({pool}), state.capacities[pool], now));
  }
  return view;
}

const hub::SiteState* find_site(const hub::State& state, const std::string& name) {
  const auto found = state.site_handles.find(name);
  return found == state.site_handles.end() ? nullptr : &state.sites[found->second];
}

core::Error make_site_not_found(const std::string& name) {
  return {core::Reason::not_found, "site " + name};
}

void list_sites(const CallPointer& call) {
  const core::Time now = call->backend.now();
  look_then(
      call,
      [now](const hub::HubMachine& machine) {
        SiteList list;
        for (const hub::SiteState& site : machine.state().sites) {
          list.sites.push_back(make_site_view(machine, site, now));
        }
        list.remote = list_remote_sites(machine, now);
        return list;
      },
      [call](const SiteList& list) { respond_view(*call, list); });
}

std::optional<SiteChannelView> make_channel_view(const hub::HubMachine& machine,
                                                 std::uint32_t site) {
  const hub::SiteGreeting* greeting = machine.find_greeting(site);
  if (greeting == nullptr) return std::nullopt;
  SiteChannelView view;
  view.hello = greeting->hello;
  if (greeting->refusal) {
    view.reason = make_reason_view(greeting->refusal->reason);
    view.detail = greeting->refusal->detail;
  }
  return view;
}

// Answers with the site as it is now.
void respond_site(const CallPointer& call) {
  const std::string name = call->parameters.front();
  const core::Time now = call->backend.now();
  look_then(
      call,
      [name, now, is_operator = call->caller.is_operator()](
          const hub::HubMachine& machine) -> std::optional<SiteView> {
        const hub::SiteState* site = find_site(machine.state(), name);
        if (site == nullptr) return std::nullopt;
        SiteView view = make_site_view(machine, *site, now);
        if (is_operator) view.channel = make_channel_view(machine, view.handle);
        return view;
      },
      [call, name](const std::optional<SiteView>& view) {
        if (!view) return fail(*call, make_site_not_found(name));
        respond_view(*call, *view);
      });
}

// The handle of the site in the path, if the caller operates it; else answered. That a site exists
// is public, so a stranger is denied.
void use_own_site(const CallPointer& call, std::function<void(std::uint32_t)> then) {
  struct Found {
    std::uint32_t handle = 0;
    std::string operator_account;
  };
  const std::string name = call->parameters.front();
  look_then(
      call,
      [name](const hub::HubMachine& machine) -> std::optional<Found> {
        const hub::SiteState* site = find_site(machine.state(), name);
        if (site == nullptr) return std::nullopt;
        return Found{site->site.handle.index, site->site.operator_account};
      },
      [call, name, then = std::move(then)](const std::optional<Found>& found) {
        if (!found) return fail(*call, make_site_not_found(name));
        if (!call->caller.is_operator() && found->operator_account != call->caller.name) {
          return fail(*call, {core::Reason::denied, "site " + name + " has another operator"});
        }
        then(found->handle);
      });
}

void set_drained(const CallPointer& call, bool is_drained) {
  use_own_site(call, [call, is_drained](std::uint32_t handle) {
    submit_then(call, hub::SetSiteDrained{handle, is_drained},
                [call](const hub::Reply&) { respond_site(call); });
  });
}
void drain_site(const CallPointer& call) { set_drained(call, true); }
void resume_site(const CallPointer& call) { set_drained(call, false); }

void offer_pools(const CallPointer& call) {
  auto pools = read_body<PoolsRequest>(*call);
  if (!pools) return;
  use_own_site(call, [call, pools = std::move(*pools)](std::uint32_t handle) {
    submit_then(call, hub::OfferPools{handle, pools.pools},
                [call](const hub::Reply&) { respond_site(call); });
  });
}

void reconcile_site(const CallPointer& call) {
  auto hello = read_body<engine::ChannelHello>(*call);
  if (!hello) return;
  use_own_site(call, [call, hello = std::move(*hello)](std::uint32_t handle) {
    submit_then(call, hub::ReconcileSite{handle, hello},
                [call](const hub::Reply&) { respond_site(call); });
  });
}

struct PoolName {
  std::uint32_t handle = 0;
  std::string site;
  std::string pool;
};

core::Result<void> add_measurements(storage::Reader& reader, const PoolName& name,
                                    MeasurementList& list) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::statements);
  scan.prefix = hub::encode_number(name.handle);
  scan.limit = kStatementsPerPool;
  scan.direction = storage::Direction::descending;
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  for (const storage::IndexRow& row : *rows) {
    MeasurementView view;
    view.site = name.site;
    view.pool = name.pool;
    view.index = hub::decode_number(row.key, 8);
    const auto event = decode_event(row.value, view.at);
    if (!event) return event.error();
    if (const auto* refused = std::get_if<hub::MeasurementRefused>(&*event)) {
      view.reason = make_reason_view(refused->reason);
      view.detail = refused->detail;
    } else {
      view.is_accepted = true;
    }
    const auto body = reader.read_body(view.index);
    if (!body) return body.error();
    view.envelope = body->bytes;
    list.measurements.push_back(std::move(view));
  }
  return {};
}

void list_measurements(const CallPointer& call) {
  const auto wanted = find_query(*call, "site");
  look_then(
      call,
      [wanted](const hub::HubMachine& machine) {
        std::vector<PoolName> names;
        for (const hub::SiteState& site : machine.state().sites) {
          if (wanted && site.site.name != *wanted) continue;
          for (const std::uint32_t pool : site.pools) {
            names.push_back(
                {pool, site.site.name, machine.state().topology->find_pool({pool})->name});
          }
        }
        return names;
      },
      [call, wanted](const std::vector<PoolName>& names) {
        if (names.empty() && wanted) return fail(*call, make_site_not_found(*wanted));
        MeasurementList list;
        for (const PoolName& name : names) {
          if (auto done = add_measurements(call->backend.reader(), name, list); !done) {
            return fail(*call, done.error());
          }
        }
        respond_view(*call, list);
      });
}

struct FoundRecord {
  RecordView view;
  std::optional<std::uint32_t> site;
  std::uint64_t record_index = 0;  // Of the version in force.
};

void find_record(const CallPointer& call) {
  const auto id = identity::parse_identifier(call->parameters.front());
  if (!id) return fail(*call, id.error());
  const std::string text = identity::to_text(*id);
  const std::string type(identity::entity_name(id->type()));
  look_then(
      call,
      [text, type](const hub::HubMachine& machine) -> std::optional<FoundRecord> {
        const hub::State& state = machine.state();
        if (state.facts.id == text) return FoundRecord{{text, type, state.facts.name, ""}, {}, 0};
        for (const hub::SiteState& site : state.sites) {
          if (site.site.identifier != text) continue;
          return FoundRecord{
              {text, type, site.site.name, ""}, site.site.handle.index, site.record_index};
        }
        return std::nullopt;
      },
      [call, text](std::optional<FoundRecord> found) {
        if (!found) return fail(*call, {core::Reason::unknown_identifier, text});
        if (found->site) {
          auto record = read_site_record(call->backend.reader(), *found->site, found->record_index);
          if (!record) return fail(*call, record.error());
          found->view.record = std::move(*record);
        }
        respond_view(*call, found->view);
      });
}

void add_routes_of_sites(std::vector<Route>& routes) {
  const auto site = &codec::openapi_schema<SiteView>;
  routes.push_back(
      {"GET",
       "/v1/sites",
       "list_sites",
       "All sites with their pools, prices and measured rates; other regions' as announced.",
       Visibility::everybody,
       Scope::sites_read,
       {},
       nullptr,
       &codec::openapi_schema<SiteList>,
       200,
       &list_sites});
  routes.push_back({"GET",
                    "/v1/sites/{site}",
                    "get_site",
                    "One site.",
                    Visibility::everybody,
                    Scope::sites_read,
                    {},
                    nullptr,
                    site,
                    200,
                    &respond_site});
  routes.push_back({"POST",
                    "/v1/sites/{site}:drain",
                    "drain_site",
                    "The site takes no new jobs; what runs goes on.",
                    Visibility::owner,
                    Scope::sites_write,
                    {},
                    nullptr,
                    site,
                    200,
                    &drain_site});
  routes.push_back({"POST",
                    "/v1/sites/{site}:resume",
                    "resume_site",
                    "The site takes jobs again.",
                    Visibility::owner,
                    Scope::sites_write,
                    {},
                    nullptr,
                    site,
                    200,
                    &resume_site});
  routes.push_back({"PUT",
                    "/v1/sites/{site}/pools",
                    "offer_pools",
                    "Offers the site's pools under new terms, in their old order.",
                    Visibility::owner,
                    Scope::sites_write,
                    {},
                    &codec::openapi_schema<PoolsRequest>,
                    site,
                    200,
                    &offer_pools});
  routes.push_back({"POST",
                    "/v1/sites/{site}:reconcile",
                    "reconcile_site",
                    "Accepts that the site's history differs; its attempts count as lost.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<engine::ChannelHello>,
                    site,
                    200,
                    &reconcile_site});
}

void add_routes_of_records(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/measurements",
                    "list_measurements",
                    "Signed statements of measurement, newest first by pool.",
                    Visibility::everybody,
                    Scope::sites_read,
                    {{"site", "only of this site"}},
                    nullptr,
                    &codec::openapi_schema<MeasurementList>,
                    200,
                    &list_measurements});
  routes.push_back({"GET",
                    "/v1/ids/{id}",
                    "find_record",
                    "The registration record behind an identifier.",
                    Visibility::everybody,
                    Scope::sites_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<RecordView>,
                    200,
                    &find_record});
}

}  // namespace

void add_site_routes(std::vector<Route>& routes) {
  add_routes_of_sites(routes);
  add_routes_of_records(routes);
}

}  // namespace intertie::api
