#include "site_journal.h"

#include "intertie/agent/machine.h"
#include "intertie/engine/replay.h"
#include "intertie/storage_sqlite/sqlite_store.h"

namespace intertie::service {

core::Result<std::uint64_t> read_last_row(const std::string& folder, const crypto::KeyPair& key) {
  auto store = storage_sqlite::open_sqlite_store({folder + "/journal"});
  if (!store) return store.error();
  auto reader = (*store)->open_reader();
  if (!reader) return reader.error();
  auto snapshots = (*store)->open_snapshots();
  if (!snapshots) return snapshots.error();
  agent::AgentMachine machine(key);
  auto replayed = engine::replay_store(machine, **reader, **snapshots);
  if (!replayed) return replayed.error();
  return machine.state().outbox.last_number();
}

}  // namespace intertie::service
