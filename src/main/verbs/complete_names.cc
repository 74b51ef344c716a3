// intertie __complete KIND: names for the shell's completion, or nothing at all.
#include "verbs/complete_names.h"

#include <string>

#include "intertie/api_client/client.h"

#include "session/context.h"

namespace intertie::cli {
namespace {

// Whoever presses the tab key waits for it.
constexpr core::Duration kPatience = core::milliseconds(200);
constexpr std::size_t kJobsNamed = 50;

std::string list_jobs(api_client::Client& client, bool are_open) {
  api_client::JobQuery query;
  query.limit = kJobsNamed;
  const auto list = client.list_jobs(query);
  std::string text;
  if (!list) return text;
  for (const api::JobView& job : list->jobs) {
    if (are_open && job.phase == api::Phase::ended) continue;
    text += std::to_string(job.number) + "\n";
  }
  return text;
}

}  // namespace

std::string list_names(std::string_view kind) {
  std::string text;
  if (kind == "contexts") {
    for (const NamedContext& context : list_contexts()) text += context.name + "\n";
    return text;
  }
  const core::Result<FoundContext> found = find_context(std::nullopt);
  if (!found) return {};
  const Context& context = found->context;
  core::Result<api_client::Client> client =
      api_client::Client::connect({context.address, context.fingerprint, context.token});
  if (!client) return {};
  client->set_timeout(kPatience);
  if (kind == "jobs") return list_jobs(*client, false);
  if (kind == "open-jobs") return list_jobs(*client, true);
  if (kind == "sites") {
    const auto list = client->list_sites();
    if (!list) return {};
    for (const api::SiteView& site : list->sites) text += site.name + "\n";
  } else if (kind == "accounts") {
    const auto list = client->list_accounts();
    if (!list) return {};
    for (const api::AccountView& account : list->accounts) text += account.name + "\n";
  } else if (kind == "disputes") {
    const auto list = client->list_disputes(true, {}, kJobsNamed);
    if (!list) return {};
    for (const api::DisputeView& dispute : list->disputes)
      text += std::to_string(dispute.id) + "\n";
  }
  return text;
}

}  // namespace intertie::cli
