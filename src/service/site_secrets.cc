#include "site_secrets.h"

#include <string>
#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/hub/job_secret.h"

namespace intertie::service {
namespace {

core::Result<crypto::Secret> open_box(const SiteContext& context, const agent::AttemptId& attempt,
                                      const std::string& name, const api::SecretsAnswer& answer) {
  const auto box = answer.boxes.find(name);
  if (box == answer.boxes.end()) {
    return core::Error{core::Reason::secrets_refused, "secrets." + name + ": the hub sent no box"};
  }
  auto opened = open_bound_with(
      box->second, hub::make_attempt_secret_context(attempt.first, attempt.second, name),
      context.seal_key, context.former_seals);
  if (opened) return opened;
  return core::Error{
      core::Reason::secrets_refused,
      "secrets." + name + ": the site cannot open the hub's box (" + opened.error().detail + ")"};
}

}  // namespace

core::Result<void> bring_secrets(const SiteContext& context, net::HttpClient& client,
                                 const agent::AttemptId& attempt,
                                 const hub::JobDocument& document) {
  if (document.secrets.empty()) return {};
  if (context.options.slurm) {
    return {core::Reason::secrets_refused, "a task that waits in Slurm's queue can keep no secret"};
  }
  const auto text = post_json(client, "/site/v1/secrets",
                              codec::to_json(api::SecretsRequest{attempt.first, attempt.second}));
  if (!text) return text.error();
  const auto answer = codec::from_json<api::SecretsAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  for (const auto& [name, secret] : document.secrets) {
    if (const auto opened = open_box(context, attempt, name, *answer); !opened) {
      return opened.error();
    }
  }
  return context.tasks.keep_boxes(attempt, *text);
}

core::Result<void> add_secrets(const SiteContext& context, const agent::AttemptId& attempt,
                               const hub::JobDocument& document, execution::RunRequest& request) {
  if (document.secrets.empty()) return {};
  const auto text = context.tasks.read_boxes(attempt);
  if (!text) return text.error();
  const auto answer = codec::from_json<api::SecretsAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  for (const auto& [name, secret] : document.secrets) {
    const auto opened = open_box(context, attempt, name, *answer);
    if (!opened) return opened.error();
    request.environment[name] = opened->reveal_text();
  }
  return {};
}

void wipe_secrets(const hub::JobDocument& document, execution::RunRequest& request) {
  for (const auto& [name, secret] : document.secrets) {
    const auto found = request.environment.find(name);
    if (found == request.environment.end()) continue;
    std::string& value = found->second;
    crypto::wipe({reinterpret_cast<std::uint8_t*>(value.data()), value.size()});
  }
}

}  // namespace intertie::service
