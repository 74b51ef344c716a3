// What happens when an attempt is over: settle, free, try again or end.
#pragma once

#include <string>

#include "intertie/execution/site_messages.h"

#include "context.h"

namespace intertie::hub {

/// How an attempt ended.
struct AttemptEnding {
  std::uint64_t job = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;
  std::string message;  // Body: what the site said.
};

/// What follows when the job has no attempt any more: it is tried again, or it ends.
void continue_job(Context& context, const AttemptEnding& ending);

/// Ends the current attempt of the job, here; then continues it, or tells a guest's home.
void end_attempt(Context& context, AttemptEnding ending);

/// Whether the job's current attempt is this one.
bool is_current(const State& state, std::uint64_t job, std::uint32_t attempt, std::uint32_t site);

}  // namespace intertie::hub
