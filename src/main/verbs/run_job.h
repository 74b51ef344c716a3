// What run and submit --wait have in common.
#pragma once

#include <string>
#include <string_view>

#include "intertie/hub/job_document.h"

#include "output/complaint.h"
#include "session/hub_session.h"
#include "session/terminal.h"

namespace intertie::cli {

struct RunSettings {
  std::string base = ".";  // The folder that relative inputs are below.
  std::string key;         // Idempotency key.
  std::string fetch;       // Folder for outputs; empty: they stay.
  bool detaches = false;
  bool shows_plan = true;
  bool is_meant = false;  // Nobody is asked.
};

/// Sends, submits, follows and ends as the program did.
Outcome run_job(hub::JobDocument document, const RunSettings& settings,
                const Invocation& invocation, const Terminal& terminal);

/// The candidates of a job; kNotPlaced if none fits now.
Outcome show_plan(const hub::JobDocument& document, HubSession& session, const Terminal& terminal);

}  // namespace intertie::cli
