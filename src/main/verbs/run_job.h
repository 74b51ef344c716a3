// What run and submit --wait have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/hub/job_document.h"

#include "output/complaint.h"
#include "session/hub_session.h"
#include "session/stop_signal.h"
#include "session/terminal.h"

namespace intertie::cli {

struct RunSettings {
  std::string base = ".";  // The folder that relative inputs are below.
  std::string key;         // Idempotency key.
  std::string fetch;       // Folder for outputs; empty: they stay.
  bool detaches = false;
  bool shows_plan = true;
  bool is_meant = false;   // Nobody is asked.
  std::int64_t count = 1;  // So many of the same job.
};

/// Sends, submits, follows and ends as the program did.
Outcome run_job(hub::JobDocument document, const RunSettings& settings,
                const Invocation& invocation, const Terminal& terminal);

/// Says where the jobs would run and for how much, and asks where there is somebody to ask: false
/// after a no. What the hub would not take is said when it is submitted.
bool confirm_spending(const hub::JobDocument& document, const RunSettings& settings,
                      HubSession& session, const Terminal& terminal, const StopSignal& stop);

/// The candidates of a job; kNotPlaced if none fits now.
Outcome show_plan(const hub::JobDocument& document, HubSession& session, const Terminal& terminal);

}  // namespace intertie::cli
