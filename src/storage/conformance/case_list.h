// The conformance cases, one function each.
#pragma once

#include <string>

#include "intertie/storage/conformance.h"

namespace intertie::storage::conformance {

std::string run_new_store(StoreHost& host);
std::string run_records_come_back(StoreHost& host);
std::string run_ranges(StoreHost& host);
std::string run_failed_appends(StoreHost& host);
std::string run_limits(StoreHost& host);
std::string run_bodies(StoreHost& host);
std::string run_damage(StoreHost& host);
std::string run_reader_beside_writer(StoreHost& host);
std::string run_newer_format(StoreHost& host);
std::string run_index_order(StoreHost& host);
std::string run_index_writes(StoreHost& host);
std::string run_index_rebuild(StoreHost& host);
std::string run_snapshots(StoreHost& host);
std::string run_foreign_snapshots(StoreHost& host);
std::string run_random_steps(StoreHost& host);

}  // namespace intertie::storage::conformance
