// An attempt's outputs on their way to the datasets that the job file names.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/agent/state.h"
#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"
#include "intertie/net/http_client.h"

#include "site_context.h"
#include "site_tasks.h"

namespace intertie::service {

/// Brings outputs to the site's hub, which knows where they belong (docs/formats/job.md). What has
/// arrived there is not sent again, whatever was interrupted. One thread, except that its client
/// can be interrupted.
class SitePush {
 public:
  /// Waits before a further try; false: the agent stops.
  using Wait = std::function<bool(core::Duration pause)>;
  SitePush(const SiteContext& context, net::HttpClient& client, Wait wait)
      : context_(context), client_(client), wait_(std::move(wait)) {}

  /// All of them, and only then their names. Failures of connections are tried again, for as long
  /// as something moves. What the hub refuses names the output; stopping.
  core::Result<void> push(const agent::AttemptId& attempt, const hub::JobDocument& document,
                          const CollectedOutputs& collected);

 private:
  struct Output {
    std::string name;
    std::string path;   // At the hub.
    std::string query;  // Job, attempt, which output.
    SiteContent::Output content;
  };
  core::Result<std::vector<Output>> find_outputs(const hub::JobDocument& document,
                                                 const CollectedOutputs& collected);
  core::Result<void> bring_once(const Output& output);
  core::Result<void> give_name(const Output& output);
  core::Result<void> try_patiently(const std::function<core::Result<void>()>& step);

  const SiteContext& context_;
  net::HttpClient& client_;
  const Wait wait_;
  agent::AttemptId attempt_;
  std::uint64_t chunks_sent_ = 0;
};

}  // namespace intertie::service
