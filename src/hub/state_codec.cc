#include "state_codec.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/codec/cbor.h"
#include "intertie/engine/channel_dump.h"
#include "intertie/engine/fault.h"

#include "apply.h"

namespace intertie::hub {
namespace {

struct PrincipalRow {
  std::string name;
  Role role = Role::user;
  std::uint32_t account = 0;
  std::int64_t jobs_max = 0;
};
BOOST_DESCRIBE_STRUCT(PrincipalRow, (), (name, role, account, jobs_max))

struct SiteRow {
  topology::Site site;
  std::string sign_key;
  std::string tls_key;
  std::vector<std::uint32_t> pools;
  bool is_drained = false;
  topology::PoolStatus status = topology::PoolStatus::active;
  std::uint32_t faults_in_row = 0;
  core::Time failing_until;
  engine::ChannelDump channel;
  std::string incarnation;
  std::string seal_key;
  std::optional<RecordFacts> record;
  std::uint64_t record_index = 0;
  std::vector<std::string> former_sign_keys;
  std::uint64_t former_key_rows = 0;
  bool is_revoked = false;
  bool is_lapsed = false;
  bool is_reinstated = false;
  std::optional<std::uint64_t> signed_index;  // Absent: an older snapshot; as record_index.
};
BOOST_DESCRIBE_STRUCT(SiteRow, (),
                      (site, sign_key, tls_key, pools, is_drained, status, faults_in_row,
                       failing_until, channel, incarnation, seal_key, record, record_index,
                       former_sign_keys, former_key_rows, is_revoked, is_lapsed, is_reinstated,
                       signed_index))

struct PublicLogRow {
  std::uint64_t size = 0;
  std::vector<crypto::Digest> subtrees;
  core::Time time;
};
BOOST_DESCRIBE_STRUCT(PublicLogRow, (), (size, subtrees, time))

struct JobRow {
  std::uint64_t number = 0;
  std::uint64_t document = 0;
  std::uint64_t reservation = 0;
  core::Time submitted;
  core::Time not_before;
  core::Time deadline;
  core::Money charged;
  std::optional<Key128> idempotency;
  Key128 request_digest{};
  std::uint32_t owner = 0;
  std::uint32_t account = 0;
  std::uint32_t shape = 0;
  std::uint32_t attempt = 0;
  std::uint32_t retries_left = 0;
  std::uint32_t site_faults = 0;
  PriorityClass priority = PriorityClass::normal;
  OnLoss on_loss = OnLoss::wait;
  JobPhase phase = JobPhase::waiting;
  bool is_cancel_requested = false;
  bool is_out_of_money = false;
  core::Money money_needed;
  std::uint64_t offer = 0;
};
BOOST_DESCRIBE_STRUCT(JobRow, (),
                      (number, document, reservation, submitted, not_before, deadline, charged,
                       idempotency, request_digest, owner, account, shape, attempt, retries_left,
                       site_faults, priority, on_loss, phase, is_cancel_requested, is_out_of_money,
                       money_needed, offer))

struct ReservationRow {
  CapacityReserved terms;
  std::uint32_t attempt = 0;
  core::Time chosen_at;
  std::optional<core::Time> began_at;
  core::Time charged_from;
  std::optional<core::Time> settled_to;
  bool is_settled = false;
  ledger::EntryId hold;
  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  core::Money charged;
  std::optional<core::Time> orphaned_at;
  HubClock chosen_clock;
};
BOOST_DESCRIBE_STRUCT(ReservationRow, (),
                      (terms, attempt, chosen_at, began_at, charged_from, settled_to, is_settled,
                       hold, posts, records, charged, orphaned_at, chosen_clock))

struct DisputeRow {
  std::uint64_t number = 0;
  OpenDispute dispute;
};
BOOST_DESCRIBE_STRUCT(DisputeRow, (), (number, dispute))

struct ShareRow {
  std::uint32_t account = 0;
  std::int64_t micros = 0;
  std::int64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(ShareRow, (), (account, micros, epoch))

struct FinishedKeyRow {
  std::uint32_t owner = 0;
  Key128 key{};
  std::uint64_t job = 0;
  Key128 request_digest{};
};
BOOST_DESCRIBE_STRUCT(FinishedKeyRow, (), (owner, key, job, request_digest))

struct PeerRow {
  PeerAdded terms;
  engine::ChannelDump channel;
  std::string incarnation;
  core::Money contested;
  core::Money disputed;
  std::vector<ToldCharge> told;
  std::vector<NumberedProposal> payments;
  std::optional<NumberedProposal> adjustment;
  std::optional<NumberedProposal> asked;
  std::string refused;
};
BOOST_DESCRIBE_STRUCT(PeerRow, (),
                      (terms, channel, incarnation, contested, disputed, told, payments, adjustment,
                       asked, refused))

struct OfferRow {
  OfferAsked terms;
  core::Time asked_at;
  std::uint32_t attempt = 0;
  std::optional<core::Time> began_at;
  core::Time charged_from;
  std::optional<core::Time> settled_to;
  bool is_settled = false;
  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  core::Money charged;
  std::optional<core::Time> orphaned_at;
  core::Duration home_lease;
};
BOOST_DESCRIBE_STRUCT(OfferRow, (),
                      (terms, asked_at, attempt, began_at, charged_from, settled_to, is_settled,
                       posts, records, charged, orphaned_at, home_lease))

struct GuestRow {
  std::uint64_t job = 0;
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  std::string user;
  core::Duration home_lease;
  HubClock home_heard;
};
BOOST_DESCRIBE_STRUCT(GuestRow, (), (job, peer, offer, user, home_lease, home_heard))

struct HubDump {
  HubCreated facts;
  ledger::LedgerDump ledger;
  std::uint32_t bank = 0;
  std::uint32_t fees = 0;
  std::vector<PrincipalRow> principals;
  std::vector<SiteRow> sites;
  std::uint64_t topology_version = 0;
  std::vector<topology::Pool> pools;
  std::vector<JobShape> shapes;
  std::vector<JobRow> jobs;
  std::vector<ReservationRow> reservations;
  std::vector<std::string> used_nonces;
  std::vector<FinishedKeyRow> finished_keys;
  std::vector<ShareRow> shares;
  std::uint64_t next_job = 1;
  std::uint64_t next_reservation = 1;
  Counters counters;
  PublicLogRow public_log;
  std::vector<DisputeRow> disputes;
  std::vector<PeerRow> peers;
  std::vector<OfferRow> offers;
  std::vector<GuestRow> guests;
  std::uint64_t next_offer = 1;
  std::vector<LineRegistered> lines;
  std::vector<LineReserved> line_legs;
  std::uint64_t next_line_leg = 1;
  std::uint64_t next_peer_entry = 1;
  std::uint64_t next_clearing = 1;
  std::vector<DataCopyRow> copies;
};
BOOST_DESCRIBE_STRUCT(HubDump, (),
                      (facts, ledger, bank, fees, principals, sites, topology_version, pools,
                       shapes, jobs, reservations, used_nonces, finished_keys, shares, next_job,
                       next_reservation, counters, public_log, disputes, peers, offers, guests,
                       next_offer, lines, line_legs, next_line_leg, next_peer_entry, next_clearing,
                       copies))

SiteRow make_row(const SiteState& site) {
  return {site.site,          site.sign_key,         site.tls_key,
          site.pools,         site.is_drained,       site.status,
          site.faults_in_row, site.failing_until,    engine::dump_channel(site.outbox, site.inbox),
          site.incarnation,   site.seal_key,         site.record,
          site.record_index,  site.former_sign_keys, site.former_key_rows,
          site.is_revoked,    site.is_lapsed,        site.is_reinstated,
          site.signed_index};
}

core::Result<SiteState> restore_site(SiteRow row) {
  SiteState site;
  site.site = std::move(row.site);
  site.sign_key = std::move(row.sign_key);
  site.tls_key = std::move(row.tls_key);
  site.pools = std::move(row.pools);
  site.is_drained = row.is_drained;
  site.status = row.status;
  site.faults_in_row = row.faults_in_row;
  site.failing_until = row.failing_until;
  if (auto done = engine::restore_channel(row.channel, site.outbox, site.inbox); !done) {
    return done.error();
  }
  site.incarnation = std::move(row.incarnation);
  site.seal_key = std::move(row.seal_key);
  site.record = std::move(row.record);
  site.record_index = row.record_index;
  site.former_sign_keys = std::move(row.former_sign_keys);
  site.former_key_rows = row.former_key_rows;
  site.is_revoked = row.is_revoked;
  site.is_lapsed = row.is_lapsed;
  site.is_reinstated = row.is_reinstated;
  site.signed_index = row.signed_index.value_or(row.record_index);
  return site;
}

PublicLogRow make_row(const PublicLog& log) {
  const auto subtrees = log.frontier.subtrees();
  return {log.frontier.size(), {subtrees.begin(), subtrees.end()}, log.time};
}

core::Result<PublicLog> restore_public_log(PublicLogRow row) {
  if (std::popcount(row.size) != static_cast<int>(row.subtrees.size())) {
    return {core::Reason::store_damaged, "public log"};
  }
  return PublicLog{crypto::MerkleFrontier::restore(row.size, std::move(row.subtrees)), row.time};
}

JobRow make_row(const Job& job) {
  return {job.number,
          job.document,
          job.reservation,
          job.submitted,
          job.not_before,
          job.deadline,
          job.charged,
          job.has_idempotency ? std::optional(job.idempotency) : std::nullopt,
          job.request_digest,
          job.owner,
          job.account,
          job.shape,
          job.attempt,
          job.retries_left,
          job.site_faults,
          job.priority,
          job.on_loss,
          job.phase,
          job.is_cancel_requested,
          job.is_out_of_money,
          job.money_needed,
          job.offer};
}

Job restore_job(const JobRow& row) {
  Job job;
  job.number = row.number;
  job.document = row.document;
  job.reservation = row.reservation;
  job.submitted = row.submitted;
  job.not_before = row.not_before;
  job.deadline = row.deadline;
  job.charged = row.charged;
  job.has_idempotency = row.idempotency.has_value();
  job.idempotency = row.idempotency.value_or(Key128{});
  job.request_digest = row.request_digest;
  job.owner = row.owner;
  job.account = row.account;
  job.shape = row.shape;
  job.attempt = row.attempt;
  if (!engine::is_fault_planted(engine::Fault::snapshot_leaves_out)) {
    job.retries_left = row.retries_left;
  }
  job.site_faults = row.site_faults;
  job.priority = row.priority;
  job.on_loss = row.on_loss;
  job.phase = row.phase;
  job.is_cancel_requested = row.is_cancel_requested;
  job.is_out_of_money = row.is_out_of_money;
  job.money_needed = row.money_needed;
  job.offer = row.offer;
  return job;
}

ReservationRow make_row(const Reservation& reservation) {
  return {reservation.terms,       reservation.attempt,      reservation.chosen_at,
          reservation.began_at,    reservation.charged_from, reservation.settled_to,
          reservation.is_settled,  reservation.hold,         reservation.posts,
          reservation.records,     reservation.charged,      reservation.orphaned_at,
          reservation.chosen_clock};
}

Reservation restore_reservation(ReservationRow row) {
  Reservation reservation;
  reservation.terms = std::move(row.terms);
  reservation.attempt = row.attempt;
  reservation.chosen_at = row.chosen_at;
  reservation.began_at = row.began_at;
  reservation.charged_from = row.charged_from;
  reservation.settled_to = row.settled_to;
  reservation.is_settled = row.is_settled;
  reservation.hold = row.hold;
  reservation.posts = row.posts;
  reservation.records = row.records;
  reservation.orphaned_at = row.orphaned_at;
  reservation.chosen_clock = row.chosen_clock;
  reservation.charged = row.charged;
  return reservation;
}

void dump_peers(const State& state, HubDump& dump) {
  for (const PeerState& peer : state.peers) {
    PeerRow row{peer.terms,
                engine::dump_channel(peer.outbox, peer.inbox),
                peer.incarnation,
                peer.contested,
                peer.disputed,
                {peer.told.begin(), peer.told.end()},
                {},
                peer.adjustment,
                peer.asked,
                peer.refused};
    for (const auto& [id, payment] : peer.payments) row.payments.push_back({id, payment});
    dump.peers.push_back(std::move(row));
  }
  for (const auto& [number, offer] : state.offers) {
    dump.offers.push_back({offer.terms, offer.asked_at, offer.attempt, offer.began_at,
                           offer.charged_from, offer.settled_to, offer.is_settled, offer.posts,
                           offer.records, offer.charged, offer.orphaned_at, offer.home_lease});
  }
  std::ranges::sort(dump.offers, {}, [](const OfferRow& row) { return row.terms.offer; });
  for (const auto& [job, guest] : state.guests) {
    dump.guests.push_back(
        {job, guest.peer, guest.offer, guest.user, guest.home_lease, guest.home_heard});
  }
  std::ranges::sort(dump.guests, {}, &GuestRow::job);
  dump.next_offer = state.next_offer;
}

core::Result<void> restore_peers(HubDump& dump, State& state) {
  for (PeerRow& row : dump.peers) {
    PeerState peer;
    peer.terms = std::move(row.terms);
    peer.incarnation = std::move(row.incarnation);
    peer.contested = row.contested;
    peer.disputed = row.disputed;
    peer.told.assign(row.told.begin(), row.told.end());
    for (NumberedProposal& one : row.payments) peer.payments.emplace(one.id, std::move(one.terms));
    peer.adjustment = std::move(row.adjustment);
    peer.asked = std::move(row.asked);
    peer.refused = std::move(row.refused);
    if (auto done = engine::restore_channel(row.channel, peer.outbox, peer.inbox); !done) {
      return done.error();
    }
    state.peers.push_back(std::move(peer));
  }
  for (OfferRow& row : dump.offers) {
    if (engine::is_fault_planted(engine::Fault::snapshot_leaves_offers)) break;
    Offer offer{std::move(row.terms), row.asked_at,   row.attempt,     row.began_at,
                row.charged_from,     row.settled_to, row.is_settled,  row.posts,
                row.records,          row.charged,    row.orphaned_at, row.home_lease};
    const std::uint64_t number = offer.terms.offer;
    state.offers.emplace(number, std::move(offer));
  }
  for (GuestRow& row : dump.guests) {
    state.guests.emplace(
        row.job, Guest{row.peer, row.offer, std::move(row.user), row.home_lease, row.home_heard});
  }
  state.next_offer = dump.next_offer;
  return {};
}

HubDump dump_state(const State& state) {
  HubDump dump;
  dump.facts = state.facts;
  dump.ledger = ledger::dump_ledger(state.ledger);
  dump.bank = state.bank.index;
  dump.fees = state.fees.index;
  for (const Principal& principal : state.principals) {
    dump.principals.push_back(
        {principal.name, principal.role, principal.account.index, principal.jobs_max});
  }
  for (const SiteState& site : state.sites) dump.sites.push_back(make_row(site));
  dump.topology_version = state.topology->version();
  for (std::uint32_t pool = 0; pool < state.topology->pool_count(); ++pool) {
    dump.pools.push_back(*state.topology->find_pool({pool}));
  }
  dump.shapes = state.shapes;
  dump.jobs.reserve(state.jobs.size());
  for (const auto& [number, job] : state.jobs) dump.jobs.push_back(make_row(job));
  std::ranges::sort(dump.jobs, {}, &JobRow::number);
  for (const auto& [number, reservation] : state.reservations) {
    dump.reservations.push_back(make_row(reservation));
  }
  std::ranges::sort(dump.reservations, {},
                    [](const ReservationRow& row) { return row.terms.reservation; });
  dump.used_nonces.assign(state.used_nonces.begin(), state.used_nonces.end());
  for (const auto& [key, known] : state.finished_keys) {
    dump.finished_keys.push_back({key.owner, key.key, known.job, known.request_digest});
  }
  for (const auto& [account, row] : state.shares.rows()) {
    dump.shares.push_back({account, row.micros, row.epoch});
  }
  dump.next_job = state.next_job;
  dump.next_reservation = state.next_reservation;
  dump.counters = state.counters;
  dump.public_log = make_row(state.public_log);
  for (const auto& [number, dispute] : state.disputes) dump.disputes.push_back({number, dispute});
  dump_peers(state, dump);
  dump.lines = state.lines;
  for (const auto& [number, leg] : state.line_legs) dump.line_legs.push_back(leg);
  dump.next_line_leg = state.next_line_leg;
  dump.next_peer_entry = state.next_peer_entry;
  dump.next_clearing = state.next_clearing;
  dump.copies = state.copies.list();
  return dump;
}

}  // namespace

std::string encode_hub_state(const State& state) { return codec::to_cbor(dump_state(state)); }

core::Result<void> decode_hub_state(std::string_view bytes, State& state) {
  auto dump = codec::from_cbor<HubDump>(bytes, codec::Source::own);
  if (!dump) return {core::Reason::store_damaged, dump.error().detail};
  State restored;
  restored.facts = std::move(dump->facts);
  auto ledger = ledger::restore_ledger(dump->ledger);
  if (!ledger) return ledger.error();
  restored.ledger = std::move(*ledger);
  restored.bank = {dump->bank};
  restored.fees = {dump->fees};
  for (PrincipalRow& row : dump->principals) {
    restored.principals.push_back({std::move(row.name), row.role, {row.account}, row.jobs_max, 0});
  }
  const std::uint64_t changes = dump->sites.size() + dump->pools.size();
  if (dump->topology_version < changes) return {core::Reason::store_damaged, "topology version"};
  restored.topology = topology::Snapshot::make_empty(dump->topology_version - changes);
  for (SiteRow& row : dump->sites) {
    auto site = restore_site(std::move(row));
    if (!site) return site.error();
    restored.topology = restored.topology->with_site(site->site);
    restored.sites.push_back(std::move(*site));
  }
  for (topology::Pool& pool : dump->pools) {
    restored.topology = restored.topology->with_pool(std::move(pool));
  }
  restored.shapes = std::move(dump->shapes);
  restored.jobs.reserve(dump->jobs.size());
  for (const JobRow& row : dump->jobs) restored.jobs.emplace(row.number, restore_job(row));
  for (ReservationRow& row : dump->reservations) {
    const std::uint64_t number = row.terms.reservation;
    restored.reservations.emplace(number, restore_reservation(std::move(row)));
  }
  restored.used_nonces.insert(dump->used_nonces.begin(), dump->used_nonces.end());
  for (const FinishedKeyRow& row : dump->finished_keys) {
    restored.finished_keys.push_back({{row.owner, row.key}, {row.job, row.request_digest}});
  }
  for (const ShareRow& row : dump->shares) {
    restored.shares.restore(row.account, {row.micros, row.epoch});
  }
  restored.next_job = dump->next_job;
  restored.next_reservation = dump->next_reservation;
  restored.counters = dump->counters;
  auto public_log = restore_public_log(std::move(dump->public_log));
  if (!public_log) return public_log.error();
  restored.public_log = std::move(*public_log);
  for (const DisputeRow& row : dump->disputes) restored.disputes.emplace(row.number, row.dispute);
  if (auto done = restore_peers(*dump, restored); !done) return done.error();
  restored.lines = std::move(dump->lines);
  for (LineReserved& leg : dump->line_legs) {
    const std::uint64_t number = leg.leg;
    restored.line_legs.emplace(number, std::move(leg));
  }
  restored.next_line_leg = dump->next_line_leg;
  restored.next_peer_entry = dump->next_peer_entry;
  restored.next_clearing = dump->next_clearing;
  for (const DataCopyRow& row : dump->copies) {
    for (const std::uint32_t site : row.sites) restored.copies.add({row.dataset, row.owner}, site);
  }
  rebuild_derived(restored);
  state = std::move(restored);
  return {};
}

}  // namespace intertie::hub
