#include "intertie/storage_postgres/lead_watch.h"

#include <chrono>
#include <utility>

#include "schema.h"

namespace intertie::storage_postgres {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Statement kLook{
    "look",
    "SELECT leader.epoch, leader.beat, leader.address, EXISTS (SELECT FROM pg_locks AS locks"
    " WHERE locks.locktype = 'advisory' AND locks.classid = 1230263124 AND locks.objid = 1"
    " AND locks.granted AND locks.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " FROM intertie.leader"};
// Only while the beat is still the one that was seen for so long.
constexpr Statement kEndLeader{
    "end_leader",
    "SELECT pg_terminate_backend(locks.pid) FROM pg_locks AS locks, intertie.leader"
    " WHERE locks.locktype = 'advisory' AND locks.classid = 1230263124 AND locks.objid = 1"
    " AND locks.granted AND locks.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND leader.epoch = $1 AND leader.beat = $2"};

}  // namespace

struct LeadWatch::Parts {
  PostgresOptions options;
  std::optional<Connection> connection;
  std::int64_t epoch = -1;
  std::int64_t beat = -1;
  Clock::time_point seen;  // When the beat was new.

  core::Result<void> connect() {
    if (connection) return {};
    core::Result<Connection> opened = Connection::open(options.connection, options.patience);
    if (!opened) return opened.error();
    const auto found = read_incarnation(*opened);
    if (!found) return found.error();
    if (!found->has_value()) {
      return {core::Reason::not_found, "no store in " + describe_connection(options.connection)};
    }
    if (auto done = opened->execute("LISTEN intertie_log"); !done) return done;
    connection.emplace(*std::move(opened));
    // The leader's beats may have been lost with the connection.
    seen = Clock::now();
    return {};
  }

  core::Result<void> end_if_silent() {
    if (Clock::now() - seen < std::chrono::microseconds(leader_silence_max.count)) return {};
    Values values;
    values.add(epoch).add(beat);
    const core::Result<Rows> ended = connection->query(kEndLeader, values);
    if (!ended) return ended.error();
    return {};
  }

  core::Result<LeaderFacts> look() {
    if (auto done = connect(); !done) return done.error();
    const core::Result<Rows> row = connection->query(kLook);
    if (!row) return row.error();
    if (row->size() != 1) {
      return {core::Reason::store_damaged, "the store's row of the leader is missing"};
    }
    LeaderFacts facts{row->integer(0, 0), std::string(row->bytes(0, 2)), row->boolean(0, 3)};
    if (facts.epoch != epoch || row->integer(0, 1) != beat) {
      epoch = facts.epoch;
      beat = row->integer(0, 1);
      seen = Clock::now();
    } else if (facts.has_leader) {
      if (auto done = end_if_silent(); !done) return done.error();
    }
    return facts;
  }
};

LeadWatch::LeadWatch(PostgresOptions options)
    : parts_(std::make_unique<Parts>(Parts{std::move(options), {}, -1, -1, {}})) {}

LeadWatch::~LeadWatch() = default;

core::Result<LeaderFacts> LeadWatch::look() {
  core::Result<LeaderFacts> facts = parts_->look();
  if (!facts) parts_->connection.reset();
  return facts;
}

core::Result<bool> LeadWatch::wait_for_log(core::Duration wait) {
  if (auto done = parts_->connect(); !done) return done.error();
  core::Result<bool> grew = parts_->connection->wait_notification(wait);
  if (!grew) parts_->connection.reset();
  return grew;
}

}  // namespace intertie::storage_postgres
