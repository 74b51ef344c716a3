// The table of arrows.
#include "intertie/identity/life_cycle.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <vector>

namespace intertie::identity {
namespace {

using enum RecordStatus;

struct StatusRow {
  RecordStatus status;
  std::string_view name;
  std::string_view rdap_name;
  std::vector<RecordStatus> next;
};

const std::array<StatusRow, kRecordStatusCount>& get_rows() {
  static const std::array<StatusRow, kRecordStatusCount> rows = {{
      {reserved, "reserved", "pending create", {registered, retired, revoked}},
      {registered, "registered", "inactive", {measured, transferring, retired, revoked}},
      {measured, "measured", "validated", {active, stale, transferring, retired, revoked}},
      {active, "active", "active", {suspended, stale, transferring, retired, revoked}},
      {suspended, "suspended", "locked", {active, transferring, retired, revoked}},
      {stale, "stale", "inactive", {measured, active, transferring, retired, revoked}},
      {transferring,
       "transferring",
       "pending transfer",
       {registered, measured, active, suspended, stale, revoked}},
      {retired, "retired", "removed", {}},
      {revoked, "revoked", "removed", {}},
  }};
  return rows;
}

const StatusRow& get_row(RecordStatus status) {
  const StatusRow& row = get_rows().at(static_cast<std::size_t>(status));
  assert(row.status == status);
  return row;
}

}  // namespace

std::string_view status_name(RecordStatus status) { return get_row(status).name; }

std::string_view rdap_status_name(RecordStatus status) { return get_row(status).rdap_name; }

std::span<const RecordStatus> allowed_transitions(RecordStatus from) { return get_row(from).next; }

core::Result<void> check_transition(RecordStatus from, RecordStatus to) {
  const auto allowed = allowed_transitions(from);
  if (std::find(allowed.begin(), allowed.end(), to) != allowed.end()) return {};
  std::string detail =
      std::string(status_name(from)) + " -> " + std::string(status_name(to)) + "; ";
  if (allowed.empty()) detail += std::string(status_name(from)) + " is final";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    detail += (i == 0 ? "allowed: " : ", ") + std::string(status_name(allowed[i]));
  }
  return {core::Reason::illegal_transition, std::move(detail)};
}

bool may_sell(RecordStatus status) { return status == active; }
bool may_be_listed(RecordStatus status) { return status == measured || status == active; }
bool is_final(RecordStatus status) { return status == retired || status == revoked; }

}  // namespace intertie::identity
