// Lines between regions as people see and register them.
#include <optional>
#include <utility>

#include "intertie/api/line_views.h"
#include "intertie/codec/json.h"
#include "intertie/codec/schema.h"
#include "intertie/hub/line_record.h"

#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

LineView make_line_view(const hub::HubMachine& machine, const topology::RegionLines::Ends& ends,
                        const topology::RegionLines::Row& row, core::Time now) {
  LineView view;
  view.from = ends.first;
  view.to = ends.second;
  view.is_own = ends.first == machine.state().facts.region;
  if (row.registered) {
    view.id = row.registered->identifier;
    view.owner = row.registered->owner;
    view.bandwidth_bits_per_second = row.registered->bandwidth_bits_per_second;
    view.latency_ms = row.registered->latency_ms;
    view.price_per_gigabyte_micros = row.registered->price_per_gigabyte;
    view.status = hub::kLineActive;
  }
  if (topology::is_rate_fresh(row.measured, now)) {
    view.measured_bits_per_second = row.measured.bits_per_second;
    view.measured_at = row.measured.rate_at;
  }
  if (row.measured.delay) view.measured_latency_us = row.measured.delay->count;
  if (!view.is_own) return view;
  for (const auto& [number, leg] : machine.state().line_legs) {
    if (leg.to == view.to) view.reserved_bits_per_second += leg.bits_per_second;
  }
  return view;
}

void list_lines(const CallPointer& call) {
  look_then(
      call,
      [now = call->backend.now()](const hub::HubMachine& machine) {
        LineList list;
        for (const auto& [ends, row] : machine.lines().rows()) {
          list.lines.push_back(make_line_view(machine, ends, row, now));
        }
        return list;
      },
      [call](LineList list) {
        for (LineView& line : list.lines) {
          if (line.is_own) line.sent_bytes = call->backend.count_sent(line.to);
        }
        respond_view(*call, list);
      });
}

// The next version of the line's record.
hub::LineRecord make_record(const hub::State& state, const LineRequest& request, core::Time now) {
  hub::LineRecord record;
  record.seq = 1;
  record.issued = now;
  record.line = {"",
                 state.facts.id,
                 state.facts.region,
                 request.to,
                 request.bandwidth_bits_per_second,
                 request.latency_ms,
                 request.price_per_gigabyte_micros};
  if (const hub::LineRegistered* known = state.find_line_version(request.to)) {
    record.seq = known->seq + 1;
    record.line.identifier = known->line.identifier;
  } else {
    record.line.identifier = hub::make_line_identifier(
        record.line.from, record.line.to, static_cast<std::uint32_t>(state.lines.size()));
  }
  return record;
}

void respond_line(const CallPointer& call, const topology::RegionLines::Ends& ends) {
  look_then(
      call,
      [ends, now = call->backend.now()](const hub::HubMachine& machine) {
        const topology::RegionLines::Row* row = machine.lines().find(ends);
        return make_line_view(machine, ends, row == nullptr ? topology::RegionLines::Row{} : *row,
                              now);
      },
      [call](const LineView& view) { respond_view(*call, view, 201); });
}

void add_line(const CallPointer& call) {
  const auto request = read_body<LineRequest>(*call);
  if (!request) return;
  look_then(
      call,
      [request = *request, now = call->backend.now()](const hub::HubMachine& machine) {
        return make_record(machine.state(), request, now);
      },
      [call](const hub::LineRecord& record) {
        if (const auto checked = topology::check_line(record.line); !checked) {
          return fail(*call, checked.error());
        }
        auto envelope = call->backend.sign_record(hub::kLineRecordType, codec::to_json(record));
        if (!envelope) return fail(*call, envelope.error());
        const topology::RegionLines::Ends ends{record.line.from, record.line.to};
        submit_then(call, hub::RegisterLine{std::move(*envelope)},
                    [call, ends](const hub::Reply&) { respond_line(call, ends); });
      });
}

// The version that says that the line is no more; nothing: there is none.
std::optional<hub::LineRecord> make_last_record(const hub::State& state, const std::string& to,
                                                core::Time now) {
  const hub::LineRegistered* known = state.find_line(to);
  if (known == nullptr) return std::nullopt;
  hub::LineRecord record;
  record.seq = known->seq + 1;
  record.line = known->line;
  record.issued = now;
  record.status = hub::kLineRetired;
  return record;
}

void respond_retired(const CallPointer& call, const topology::RegionLine& line) {
  LineView view;
  view.id = line.identifier;
  view.from = line.from;
  view.to = line.to;
  view.owner = line.owner;
  view.is_own = true;
  view.bandwidth_bits_per_second = line.bandwidth_bits_per_second;
  view.latency_ms = line.latency_ms;
  view.price_per_gigabyte_micros = line.price_per_gigabyte;
  view.sent_bytes = call->backend.count_sent(line.to);
  view.status = hub::kLineRetired;
  respond_view(*call, view);
}

void retire_line(const CallPointer& call) {
  const std::string to = call->parameters.front();
  look_then(
      call,
      [to, now = call->backend.now()](const hub::HubMachine& machine) {
        return make_last_record(machine.state(), to, now);
      },
      [call, to](const std::optional<hub::LineRecord>& record) {
        if (!record) {
          return fail(*call, {core::Reason::not_found, "a line from this region to " + to});
        }
        auto envelope = call->backend.sign_record(hub::kLineRecordType, codec::to_json(*record));
        if (!envelope) return fail(*call, envelope.error());
        submit_then(
            call, hub::RegisterLine{std::move(*envelope)},
            [call, line = record->line](const hub::Reply&) { respond_retired(call, line); });
      });
}

}  // namespace

void add_line_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/lines",
                    "list_lines",
                    "The lines between regions: as registered, and what was measured of them.",
                    Visibility::everybody,
                    Scope::sites_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<LineList>,
                    200,
                    &list_lines});
  routes.push_back({"POST",
                    "/v1/lines",
                    "add_line",
                    "Registers a line from this region, or other figures for it.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<LineRequest>,
                    &codec::openapi_schema<LineView>,
                    201,
                    &add_line});
  routes.push_back({"POST",
                    "/v1/lines/{to}:retire",
                    "retire_line",
                    "The line from this region to that one is no more.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<LineView>,
                    200,
                    &retire_line});
}

}  // namespace intertie::api
