#include "heart.h"

#include <chrono>
#include <optional>

#include "connection.h"

namespace intertie::storage_postgres {
namespace {

constexpr Statement kBeat{"beat",
                          "UPDATE intertie.leader SET beat = beat + 1, address = $2::text"
                          " WHERE epoch = $1 RETURNING 1"};

}  // namespace

Heart::Heart(const PostgresOptions& options, std::int64_t epoch)
    : options_(options), epoch_(epoch), thread_([this] { run(); }) {}

Heart::~Heart() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Heart::announce(const std::string& address) {
  {
    const std::lock_guard lock(mutex_);
    address_ = address;
  }
  changed_.notify_one();
}

void Heart::depose() {
  if (is_deposed_.exchange(true)) return;
  if (options_.on_deposed) options_.on_deposed();
}

void Heart::run() {
  std::optional<Connection> connection;
  std::unique_lock lock(mutex_);
  while (!is_stopping_ && !is_deposed_) {
    const std::string address = address_;
    lock.unlock();
    if (!connection) {
      auto opened = Connection::open(options_.connection, options_.patience);
      // What a beat says need not outlive the server.
      if (opened && opened->execute("SET synchronous_commit = off")) {
        connection.emplace(*std::move(opened));
      }
    }
    if (connection) {
      Values values;
      values.add(epoch_).add_text(address);
      const core::Result<Rows> beaten = connection->query(kBeat, values);
      if (!beaten) connection.reset();
      if (beaten && beaten->size() == 0) depose();
    }
    lock.lock();
    changed_.wait_for(lock, std::chrono::microseconds(beat_interval.count),
                      [&] { return is_stopping_ || address_ != address; });
  }
}

}  // namespace intertie::storage_postgres
