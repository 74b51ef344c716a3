// Finding the job that a route is about, if the caller may know of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "call.h"
#include "fold_job.h"

namespace intertie::api {

/// The job named by the first parameter of the path, if it is the caller's or the caller is an
/// operator. Otherwise the request has been answered with not_found.
std::optional<JobFacts> find_job(const CallPointer& call);

/// Whether the caller may know of it.
bool is_visible(const Caller& caller, const JobFacts& facts);

core::Error make_job_not_found(const std::string& number);

}  // namespace intertie::api
