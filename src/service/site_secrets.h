// The secrets of an attempt at its site: boxes until the moment the task starts.
#pragma once

#include "intertie/agent/state.h"
#include "intertie/core/result.h"
#include "intertie/execution/task.h"
#include "intertie/hub/job_document.h"
#include "intertie/net/http_client.h"

#include "site_context.h"

namespace intertie::service {

/// Asks the hub for the boxes of the attempt, checks that each opens, and keeps them, closed, in
/// the attempt's folder. Does nothing for a job without secrets. secret_unreadable: the hub cannot
/// open one; secrets_refused: this site cannot, its key is not the one it registered; unreachable
/// and the like; io_failed.
core::Result<void> bring_secrets(const SiteContext& context, net::HttpClient& client,
                                 const agent::AttemptId& attempt, const hub::JobDocument& document);

/// Opens the kept boxes into the request's environment. Whoever calls this calls wipe_secrets when
/// the request has been handed over. secrets_refused; io_failed.
core::Result<void> add_secrets(const SiteContext& context, const agent::AttemptId& attempt,
                               const hub::JobDocument& document, execution::RunRequest& request);

/// Overwrites the values that add_secrets put into the request.
void wipe_secrets(const hub::JobDocument& document, execution::RunRequest& request);

}  // namespace intertie::service
