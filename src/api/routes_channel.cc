// The site channel (docs/formats/site-channel.md): tolerant JSON, certificates instead of tokens.
#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"

#include "channel_body.h"
#include "content_answer.h"
#include "join.h"
#include "route.h"
#include "router_core.h"
#include "secret_boxes.h"
#include "site_amend.h"
#include "site_keys.h"

namespace intertie::api {
namespace {

void open_channel(const CallPointer& call) {
  const auto hello = read_message<engine::ChannelHello>(*call);
  if (!hello) return;
  submit_then(call, hub::OpenSiteChannel{call->site, *hello}, [call](const hub::Reply& reply) {
    respond_view(*call, std::get<engine::ChannelHello>(reply));
  });
}

void stream_rows(const CallPointer& call) {
  const auto after = read_number(*call, "after", 0);
  if (!after) return fail(*call, after.error());
  call->backend.attach_site_stream(call->site, *after, call->answer->start_stream());
}

void accept_rows(const CallPointer& call) {
  const auto rows = read_message<RowsRequest>(*call);
  if (!rows) return;
  if (rows->payloads.size() > core::limits::rows_per_request_max) {
    return fail(*call, {core::Reason::too_large, "payloads: at most rows_per_request_max"});
  }
  hub::AcceptSiteRows command;
  command.site = call->site;
  command.incarnation = rows->incarnation;
  command.first = rows->first;
  command.acknowledged = rows->acknowledged;
  command.clock = call->backend.read_hub_clock();
  auto payloads = decode_rows(rows->payloads, "payloads");
  if (!payloads) return fail(*call, payloads.error());
  command.payloads = std::move(*payloads);
  submit_then(call, std::move(command), [call](const hub::Reply& reply) {
    respond_view(*call, RowsAnswer{std::get<hub::RowsAccepted>(reply).received});
  });
}

void accept_beat(const CallPointer& call) {
  const auto beat = read_message<execution::Heartbeat>(*call);
  if (!beat) return;
  submit_then(call, hub::BeatSite{call->site, *beat, call->backend.read_hub_clock()},
              [call](const hub::Reply& reply) {
                respond_view(*call, std::get<execution::HeartbeatAnswer>(reply));
              });
}

void take_answer(const CallPointer& call) {
  const auto ask = parse_number(call->parameters.front(), "id");
  if (!ask) return fail(*call, ask.error());
  const auto answer = read_message<AskAnswer>(*call);
  if (!answer) return;
  Response done;
  done.status = 204;
  done.content_type.clear();
  if (answer->error) {
    call->backend.take_site_answer(call->site, *ask,
                                   core::Error{answer->error->reason, answer->error->detail});
    return respond(*call, std::move(done));
  }
  const auto bytes = crypto::decode_base64url(answer->bytes);
  if (!bytes) return fail(*call, {core::Reason::bad_field, "bytes: " + bytes.error().detail});
  call->backend.take_site_answer(call->site, *ask,
                                 SiteFilePiece{std::string(crypto::as_text(*bytes)), answer->size});
  respond(*call, std::move(done));
}

// Row by row both ways, and that the site lives.
void add_message_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/site/v1/beat",
                    "beat",
                    "A heartbeat.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<execution::Heartbeat>,
                    &codec::openapi_schema<execution::HeartbeatAnswer>,
                    200,
                    &accept_beat});
  routes.push_back({"POST",
                    "/site/v1/rows",
                    "accept_rows",
                    "Rows of the site's outbox.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<RowsRequest>,
                    &codec::openapi_schema<RowsAnswer>,
                    200,
                    &accept_rows});
  routes.push_back({"GET",
                    "/site/v1/rows",
                    "stream_rows",
                    "The stream of the hub's rows.",
                    Visibility::owner,
                    std::nullopt,
                    {{"after", "the last row that is durable"}},
                    nullptr,
                    nullptr,
                    200,
                    &stream_rows});
  routes.push_back({"POST",
                    "/site/v1/open",
                    "open_channel",
                    "Opens the channel.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<engine::ChannelHello>,
                    &codec::openapi_schema<engine::ChannelHello>,
                    200,
                    &open_channel});
}

// The later versions of its record.
void add_record_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/site/v1/keys",
                    "rotate_site_keys",
                    "The next version of the site's record, with new keys.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<KeysRequest>,
                    &codec::openapi_schema<KeysAnswer>,
                    200,
                    &rotate_site_keys});
  routes.push_back({"GET",
                    "/site/v1/record",
                    "give_site_record",
                    "The site's record in force, and what the site is to sign now.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    nullptr,
                    &codec::openapi_schema<RecordDue>,
                    200,
                    &give_site_record});
  routes.push_back({"POST",
                    "/site/v1/record",
                    "amend_site_record",
                    "The next version of the site's record, with the same keys.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<AmendRequest>,
                    &codec::openapi_schema<KeysAnswer>,
                    200,
                    &amend_site_record});
}

// How a site comes in, and the bytes that are no rows.
void add_join_and_content_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/site/v1/join:propose",
                    "propose_site",
                    "The record that a joining site is to countersign.",
                    Visibility::open,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<JoinRequest>,
                    &codec::openapi_schema<JoinProposal>,
                    200,
                    &propose_site});
  routes.push_back({"POST",
                    "/site/v1/join",
                    "join_site",
                    "A site joins.",
                    Visibility::open,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<JoinRequest>,
                    &codec::openapi_schema<JoinAnswer>,
                    201,
                    &join_site});
  add_record_routes(routes);
  add_site_content_routes(routes);
  routes.push_back({"POST",
                    "/site/v1/secrets",
                    "give_secrets",
                    "The secrets of a current attempt, sealed to the site.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<SecretsRequest>,
                    &codec::openapi_schema<SecretsAnswer>,
                    200,
                    &give_secrets});
  routes.push_back({"POST",
                    "/site/v1/answers/{id}",
                    "take_answer",
                    "An answer to an ask.",
                    Visibility::owner,
                    std::nullopt,
                    {},
                    &codec::openapi_schema<AskAnswer>,
                    nullptr,
                    204,
                    &take_answer});
}

}  // namespace

void add_channel_routes(std::vector<Route>& routes) {
  add_message_routes(routes);
  add_join_and_content_routes(routes);
}

}  // namespace intertie::api
