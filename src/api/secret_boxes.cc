#include "secret_boxes.h"

#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bound_box.h"

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
                                                               const hub::AttemptSecrets& secrets,
                                                               std::uint64_t job,
                                                               std::uint32_t attempt) {
  const auto key = crypto::parse_seal_public_key(secrets.site_seal_key);
  if (!key) return core::Error{core::Reason::secrets_refused, "the site has no sealing key"};
  const auto body = backend.reader().read_body(secrets.document);
  if (!body) return body.error();
  const auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  if (!document) return document.error();
  std::map<std::string, std::string> boxes;
  for (const auto& [name, secret] : document->secrets) {
    const auto opened = open_box(backend, secrets.owner, name, secret);
    if (!opened) return opened.error();
    auto box = crypto::seal_bound(opened->reveal(),
                                  hub::make_attempt_secret_context(job, attempt, name), *key);
    if (!box) return core::Error{core::Reason::secrets_refused, box.error().detail};
    boxes.emplace(name, std::move(*box));
  }
  return boxes;
}

void give_secrets(const CallPointer& call) {
  const auto request =
      codec::from_json<SecretsRequest>(call->request.body, codec::Boundary::tolerant);
  if (!request) return fail(*call, request.error());
  look_then(
      call,
      [asked = *request, site = call->site](const hub::HubMachine& machine) {
        return hub::find_attempt_secrets(machine.state(), asked.job, asked.attempt, site);
      },
      [call, asked = *request](const std::optional<hub::AttemptSecrets>& found) {
        if (!found) {
          return fail(*call, {core::Reason::stale_epoch,
                              "job " + std::to_string(asked.job) + ", attempt " +
                                  std::to_string(asked.attempt) + ": not current at this site"});
        }
        auto boxes = seal_for_site(call->backend, *found, asked.job, asked.attempt);
        if (!boxes) return fail(*call, boxes.error());
        respond_view(*call, SecretsAnswer{std::move(*boxes)});
      });
}

}  // namespace intertie::api
