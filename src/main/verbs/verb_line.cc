// intertie line: what connects the regions.
#include <optional>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "command_line/bandwidth.h"
#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

Cell make_rate_cell(std::int64_t bits_per_second) {
  if (bits_per_second == 0) return Cell("-", "0");
  return Cell(short_rate(bits_per_second, "bit"), std::to_string(bits_per_second));
}

Cell make_delay_cell(const api::LineView& line) {
  if (!line.measured_latency_us) return Cell("-", "");
  const core::Duration delay{*line.measured_latency_us};
  return Cell(short_duration(delay), std::to_string(delay.count));
}

Listing make_line_listing(const std::vector<api::LineView>& lines, const std::string& currency) {
  Listing listing;
  listing.columns = {{"from", "FROM"},
                     {"to", "TO"},
                     {"id", "LINE"},
                     {"bandwidth_bits_per_second", "BANDWIDTH", Align::right},
                     {"latency_ms", "LATENCY", Align::right},
                     {"price_per_gigabyte_micros", "PRICE/GB", Align::right},
                     {"reserved_bits_per_second", "RESERVED", Align::right},
                     {"measured_bits_per_second", "ACHIEVED", Align::right},
                     {"measured_latency_us", "DELAY", Align::right},
                     {"sent_bytes", "SENT", Align::right}};
  for (const api::LineView& line : lines) {
    const bool is_registered = !line.id.empty();
    const std::string latency = std::to_string(line.latency_ms);
    const std::string price = std::to_string(line.price_per_gigabyte_micros.count);
    listing.rows.push_back(
        {Cell(line.from), Cell(line.to), Cell(is_registered ? line.id : "-", line.id),
         make_rate_cell(line.bandwidth_bits_per_second),
         Cell(is_registered ? latency + " ms" : "-", latency),
         Cell(is_registered ? money_text(line.price_per_gigabyte_micros, currency) : "-", price),
         make_rate_cell(line.reserved_bits_per_second),
         make_rate_cell(line.measured_bits_per_second), make_delay_cell(line),
         Cell(line.sent_bytes == 0 ? "-" : short_bytes({line.sent_bytes}),
              std::to_string(line.sent_bytes))});
  }
  return listing;
}

/// The line that this hub's operator has registered to a region.
core::Result<std::optional<api::LineView>> find_own_line(HubSession& session,
                                                         const std::string& to) {
  const core::Result<api::LineList> list = session.client().list_lines();
  if (!list) return list.error();
  for (const api::LineView& line : list->lines) {
    if (line.is_own && line.to == to) return std::optional(line);
  }
  return std::optional<api::LineView>();
}

}  // namespace

Outcome run_line_add(const Invocation& invocation, const Terminal& terminal) {
  for (const char* needed : {"to", "bandwidth"}) {
    if (invocation.has(needed)) continue;
    return make_complaint({core::Reason::bad_argument, "--" + std::string(needed) + ": missing"},
                          "intertie line add --to 52 --bandwidth 100mbit --latency 20ms");
  }
  api::LineRequest request;
  request.to = invocation.get("to", "");
  // The parser has checked that these can be read.
  request.bandwidth_bits_per_second = *parse_bandwidth(invocation.get("bandwidth", ""));
  const core::Duration latency = *core::parse_duration(invocation.get("latency", "0"));
  request.latency_ms = (latency.count + 999) / 1'000;
  request.price_per_gigabyte_micros = *core::parse_money(invocation.get("price", "0"));
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) {
    const core::Result<std::optional<api::LineView>> known = find_own_line(*session, request.to);
    if (!known) return session->complain(known.error());
    return tell_rehearsal(terminal, (*known ? "change the line " + (*known)->id + " to region "
                                            : "register a line to region ") +
                                        request.to);
  }
  const core::Result<api::LineView> line = session->client().add_line(request);
  if (!line) {
    return session->complain(line.error(), "use the operator's context: --context FILE");
  }
  boost::json::array objects = {codec::encode(*line)};
  return terminal.show(make_line_listing({*line}, session->currency()), objects, "");
}

Outcome run_line_list(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<api::LineList> list = session->client().list_lines();
  if (!list) return session->complain(list.error(), "intertie doctor checks the context");
  boost::json::array objects;
  for (const api::LineView& line : list->lines) objects.push_back(codec::encode(line));
  return terminal.show(make_line_listing(list->lines, session->currency()), objects,
                       "No lines are known. Register one: intertie line add --to REGION "
                       "--bandwidth RATE");
}

Outcome run_line_rm(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const std::string& to = invocation.operands[0];
  if (invocation.has("dry-run")) {
    const core::Result<std::optional<api::LineView>> known = find_own_line(*session, to);
    if (!known) return session->complain(known.error());
    if (*known) return tell_rehearsal(terminal, "retire the line " + (*known)->id);
    return make_complaint({core::Reason::not_found, "line to " + to},
                          "intertie line list shows the lines there are");
  }
  const core::Result<api::LineView> line = session->client().retire_line(to);
  if (!line) {
    return session->complain(line.error(), line.error().reason == core::Reason::not_found
                                               ? "intertie line list shows the lines there are"
                                               : "use the operator's context: --context FILE");
  }
  return terminal.show_object(codec::encode(*line),
                              "The line " + line->id + " to " + line->to + " is retired.\n",
                              line->id);
}

}  // namespace intertie::cli
