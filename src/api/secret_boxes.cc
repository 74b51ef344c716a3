#include "secret_boxes.h"

#include <algorithm>
#include <utility>

#include "intertie/api/peer_views.h"
#include "intertie/api/site_views.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/hub/job_secret.h"
#include "intertie/hub/site_record.h"

#include "channel_body.h"

namespace intertie::api {
namespace {

core::Result<crypto::Secret> open_box(const Backend& backend, const std::string& owner,
                                      const std::string& name, const hub::JobSecret& secret) {
  auto opened = backend.open_box(secret.box, hub::make_job_secret_context(owner, name));
  if (opened) return opened;
  std::string detail = "secrets." + name + ": " + opened.error().detail;
  const std::string id = hub::make_seal_key_id(backend.seal_key());
  if (!secret.key.empty() && secret.key != id) {
    detail = "secrets." + name + ": sealed to the key " + secret.key.substr(0, 2 * id.size()) +
             ", this hub has " + id;
  }
  return core::Error{core::Reason::secret_unreadable, std::move(detail)};
}

bool is_in_service(identity::RecordStatus status) {
  using identity::RecordStatus;
  return status == RecordStatus::registered || status == RecordStatus::measured ||
         status == RecordStatus::active || status == RecordStatus::stale;
}

}  // namespace

core::Result<void> check_boxes(const Backend& backend, const hub::JobDocument& document,
                               const std::string& owner) {
  std::size_t bytes = 0;
  for (const auto& [name, secret] : document.secrets) {
    if (secret.box.empty()) {
      return {core::Reason::bad_field,
              "secrets." + name + ": only the command line reads it; a hub takes a box"};
    }
    const auto opened = open_box(backend, owner, name, secret);
    if (!opened) return opened.error();
    bytes += opened->size();
  }
  if (bytes <= core::limits::job_secret_bytes_max) return {};
  return {core::Reason::too_large, "secrets: at most job_secret_bytes_max together"};
}

core::Result<std::map<std::string, std::string>> seal_for_site(Backend& backend,
                                                               const BoxTarget& target) {
  const auto key = crypto::parse_seal_public_key(target.site_seal_key);
  if (!key) return core::Error{core::Reason::secrets_refused, "the site has no sealing key"};
  const auto body = backend.reader().read_body(target.document);
  if (!body) return body.error();
  const auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  if (!document) return document.error();
  std::map<std::string, std::string> boxes;
  for (const auto& [name, secret] : document->secrets) {
    const auto opened = open_box(backend, target.owner, name, secret);
    if (!opened) return opened.error();
    auto box = crypto::seal_bound(
        opened->reveal(), hub::make_attempt_secret_context(target.job, target.attempt, name), *key);
    if (!box) return core::Error{core::Reason::secrets_refused, box.error().detail};
    boxes.emplace(name, std::move(*box));
  }
  return boxes;
}

core::Result<std::string> find_remote_seal_key(const hub::PeerAttempt& attempt,
                                               const std::string& record) {
  const auto hub_key = crypto::parse_public_key(attempt.peer_sign_key);
  if (!hub_key) return hub_key.error();
  const auto opened = hub::open_site_record(record, *hub_key);
  if (!opened) return opened.error();
  if (!is_in_service(opened->record.status)) {
    return core::Error{core::Reason::secrets_refused, "record: the site is out of service"};
  }
  const auto keys = hub::read_site_keys(opened->record);
  if (!keys) return keys.error();
  if (std::ranges::find(attempt.site_sign_keys, keys->sign) == attempt.site_sign_keys.end()) {
    return core::Error{core::Reason::secrets_refused,
                       "record: not of the site that the job was sent to"};
  }
  return keys->seal;
}

namespace {

// The owner's hub opens the boxes: here only what it has sealed to the site passes.
void ask_home(const CallPointer& call, const hub::SiteAttempt& running) {
  const auto record = call->backend.reader().read_body(running.site_record);
  if (running.site_record == 0 || !record) {
    return fail(*call, {core::Reason::secrets_refused, "the site has no record"});
  }
  const PeerSecretsRequest request{running.guest->offer, running.attempt, running.job,
                                   record->bytes};
  call->backend.ask_peer(running.guest->peer, {"POST", "/peer/v1/secrets", codec::to_json(request)},
                         [call](const core::Result<std::string>& body) {
                           if (!body) return fail(*call, body.error());
                           const auto answer =
                               codec::from_json<SecretsAnswer>(*body, codec::Boundary::tolerant);
                           if (!answer) return fail(*call, answer.error());
                           respond_view(*call, *answer);
                         });
}

void respond_boxes(const CallPointer& call, const BoxTarget& target) {
  auto boxes = seal_for_site(call->backend, target);
  if (!boxes) return fail(*call, boxes.error());
  respond_view(*call, SecretsAnswer{std::move(*boxes)});
}

}  // namespace

void give_secrets(const CallPointer& call) {
  const auto request =
      codec::from_json<SecretsRequest>(call->request.body, codec::Boundary::tolerant);
  if (!request) return fail(*call, request.error());
  look_then(
      call,
      [asked = *request, site = call->site](const hub::HubMachine& machine) {
        return hub::find_site_attempt(machine.state(), asked.job, asked.attempt, site);
      },
      [call, asked = *request](const std::optional<hub::SiteAttempt>& running) {
        if (!running) {
          return fail(*call, {core::Reason::stale_epoch,
                              "job " + std::to_string(asked.job) + ", attempt " +
                                  std::to_string(asked.attempt) + ": not current at this site"});
        }
        if (running->guest) return ask_home(call, *running);
        respond_boxes(call, {running->document, running->owner, running->job, running->attempt,
                             running->site_seal_key});
      });
}

void give_peer_secrets(const CallPointer& call) {
  auto request = read_message<PeerSecretsRequest>(*call);
  if (!request) return;
  look_then(
      call,
      [offer = request->offer, attempt = request->attempt,
       peer = call->peer](const hub::HubMachine& machine) {
        return hub::find_peer_attempt(machine, peer, offer, attempt);
      },
      [call, asked = std::move(*request)](const std::optional<hub::PeerAttempt>& running) {
        if (!running) {
          return fail(*call, {core::Reason::stale_epoch,
                              "offer " + std::to_string(asked.offer) + ", attempt " +
                                  std::to_string(asked.attempt) + ": not running there"});
        }
        auto seal_key = find_remote_seal_key(*running, asked.record);
        if (!seal_key) return fail(*call, seal_key.error());
        respond_boxes(call, {running->document, running->owner, asked.job, running->attempt,
                             std::move(*seal_key)});
      });
}

}  // namespace intertie::api
