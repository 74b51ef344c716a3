// What other regions' hubs ask of this one (docs/formats/hub-channel.md): tolerant JSON,
// certificates instead of tokens.
#include <utility>

#include "intertie/api/peer_views.h"
#include "intertie/api/site_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"

#include "channel_body.h"
#include "clearing.h"
#include "fold_job.h"
#include "route.h"
#include "router_core.h"
#include "secret_boxes.h"

namespace intertie::api {
namespace {

void open_hub_channel(const CallPointer& call) {
  const auto hello = read_message<engine::ChannelHello>(*call);
  if (!hello) return;
  call->backend.submit(hub::OpenPeerChannel{call->peer, *hello},
                       [call](const core::Result<hub::Reply>& reply) {
                         if (reply)
                           return respond_view(*call, std::get<engine::ChannelHello>(*reply));
                         // A hub restored from a backup learns what it has forgotten from our hello
                         // alone.
                         if (reply.error().reason == core::Reason::channel_diverged) {
                           call->backend.greet_peer(call->peer);
                         }
                         fail(*call, reply.error());
                       });
}

void accept_hub_rows(const CallPointer& call) {
  const auto rows = read_message<PeerRowsRequest>(*call);
  if (!rows) return;
  if (rows->payloads.size() > core::limits::rows_per_request_max) {
    return fail(*call, {core::Reason::too_large, "payloads: at most rows_per_request_max"});
  }
  auto payloads = decode_rows(rows->payloads, "payloads");
  if (!payloads) return fail(*call, payloads.error());
  auto attachments = decode_rows(rows->attachments, "attachments");
  if (!attachments) return fail(*call, attachments.error());
  submit_then(call,
              hub::AcceptPeerRows{call->peer, rows->incarnation, rows->first, std::move(*payloads),
                                  std::move(*attachments)},
              [call](const hub::Reply& reply) {
                respond_view(*call, RowsAnswer{std::get<hub::RowsAccepted>(reply).received});
              });
}

void accept_beacon(const CallPointer& call) {
  auto beacon = read_message<hub::Beacon>(*call);
  if (!beacon) return;
  submit_then(
      call, hub::AcceptBeacon{call->peer, std::move(*beacon)},
      [call](const hub::Reply& reply) { respond_view(*call, std::get<hub::BeaconAnswer>(reply)); });
}

// The job here that an offer of the asking hub became. Its records outlive the guest.
core::Result<std::uint64_t> find_guest(const Call& call, std::uint64_t offer) {
  const auto row =
      call.backend.reader().read_index(static_cast<storage::TableId>(hub::Table::guests),
                                       hub::encode_number(call.peer) + hub::encode_number(offer));
  if (!row) return row.error();
  if (!*row || (*row)->size() != 8) {
    return core::Error{core::Reason::not_found, "offer " + std::to_string(offer)};
  }
  return hub::decode_number(**row, 0);
}

struct GuestFacts {
  std::optional<std::uint32_t> pool;
  std::uint32_t attempt = 0;
};

core::Result<GuestFacts> read_guest(const Call& call, std::uint64_t job) {
  const auto events = read_job_events(call.backend.reader(), job);
  if (!events) return events.error();
  GuestFacts facts;
  for (const JobEvent& one : *events) {
    if (const auto* event = std::get_if<hub::GuestReserved>(&one.event)) facts.pool = event->pool;
    if (const auto* event = std::get_if<hub::GuestCommitted>(&one.event)) {
      facts.attempt = event->attempt;
    }
  }
  if (!facts.pool || facts.attempt == 0) {
    return core::Error{core::Reason::not_found, "the offer has no attempt"};
  }
  return facts;
}

void read_guest_file(const CallPointer& call) {
  const auto asked = read_message<PeerFileRequest>(*call);
  if (!asked) return;
  if (asked->length > core::limits::relay_piece_bytes_max) {
    return fail(*call, {core::Reason::too_large, "length: relay_piece_bytes_max"});
  }
  const auto job = find_guest(*call, asked->offer);
  if (!job) return fail(*call, job.error());
  const auto facts = read_guest(*call, *job);
  if (!facts) return fail(*call, facts.error());
  call->core.use_directory(
      call, {*facts->pool + std::size_t{1}, 0, 0, 0},
      [call, facts = *facts, job = *job, asked = *asked](const DirectoryPointer& directory) {
        SiteFileRequest request;
        request.site = directory->topology->find_pool({*facts.pool})->site.index;
        request.job = job;
        request.attempt = facts.attempt;
        request.rank = asked.rank;
        request.file = asked.file;
        request.offset = asked.offset;
        request.length = asked.length;
        call->backend.read_site_file(request, [call](core::Result<SiteFilePiece> piece) {
          if (!piece) return fail(*call, piece.error());
          respond_view(*call, PeerFileAnswer{piece->size, crypto::encode_base64url(
                                                              crypto::as_bytes(piece->bytes))});
        });
      });
}

void show_clearing(const CallPointer& call) {
  look_then(
      call,
      [peer = call->peer](const hub::HubMachine& machine) {
        return make_clearing_view(machine.state(), peer);
      },
      [call](const ClearingView& view) { respond_view(*call, view); });
}

}  // namespace

void add_hub_channel_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/peer/v1/open",
                    "open_hub_channel",
                    "Opens the channel on which the caller sends.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<engine::ChannelHello>,
                    &codec::openapi_schema<engine::ChannelHello>,
                    200,
                    &open_hub_channel});
  routes.push_back({"POST",
                    "/peer/v1/rows",
                    "accept_hub_rows",
                    "Rows of the caller's outbox.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<PeerRowsRequest>,
                    &codec::openapi_schema<RowsAnswer>,
                    200,
                    &accept_hub_rows});
  routes.push_back({"POST",
                    "/peer/v1/beacon",
                    "accept_beacon",
                    "What the caller offers now.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<hub::Beacon>,
                    &codec::openapi_schema<hub::BeaconAnswer>,
                    200,
                    &accept_beacon});
  routes.push_back({"POST",
                    "/peer/v1/files",
                    "read_guest_file",
                    "A piece of a log or output of one of the caller's jobs here.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<PeerFileRequest>,
                    &codec::openapi_schema<PeerFileAnswer>,
                    200,
                    &read_guest_file});
  routes.push_back({"POST",
                    "/peer/v1/secrets",
                    "give_peer_secrets",
                    "The secrets of an attempt there, sealed to its site.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<PeerSecretsRequest>,
                    &codec::openapi_schema<SecretsAnswer>,
                    200,
                    &give_peer_secrets});
  routes.push_back({"GET",
                    "/peer/v1/clearing",
                    "show_clearing",
                    "How this hub's clearing account with the caller stands.",
                    Visibility::peer,
                    std::nullopt,
                    {},
                    nullptr,
                    &codec::openapi_schema<ClearingView>,
                    200,
                    &show_clearing});
}

}  // namespace intertie::api
