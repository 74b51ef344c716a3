#include "intertie/api/request.h"

#include <string>

#include "intertie/api/views.h"
#include "intertie/codec/json.h"

namespace intertie::api {

using core::Reason;

namespace {

// Why a pool does not fit, or no pool does.
bool is_of_placement(Reason reason) {
  switch (reason) {
    case Reason::no_sites:
    case Reason::class_missing:
    case Reason::unmeasured:
    case Reason::rate_too_low:
    case Reason::cpus_too_few:
    case Reason::memory_too_small:
    case Reason::devices_too_few:
    case Reason::software_missing:
    case Reason::isolation_too_weak:
    case Reason::region_excluded:
    case Reason::latency_too_high:
    case Reason::scratch_too_small:
    case Reason::line_full:
    case Reason::network_refused:
    case Reason::secrets_refused:
    case Reason::busy:
    case Reason::site_drained:
    case Reason::site_unreachable:
    case Reason::site_failing:
    case Reason::deadline_impossible:
    case Reason::price_above_limit:
    case Reason::unplaceable:
      return true;
    default:
      return false;
  }
}

}  // namespace

int get_status(Reason reason) {
  if (is_of_placement(reason)) return 422;
  switch (reason) {
    case Reason::bad_token:
    case Reason::token_expired:
    case Reason::not_signed_in:
      return 401;
    case Reason::budget_exceeded:
    case Reason::insufficient_funds:
      return 402;
    case Reason::denied:
    case Reason::certificate_refused:
    case Reason::data_policy:
    case Reason::account_closed:
      return 403;
    case Reason::not_found:
    case Reason::unknown_identifier:
    case Reason::unknown_registry:
    case Reason::unknown_account:
    case Reason::unknown_hold:
      return 404;
    case Reason::already_exists:
    case Reason::in_use:
    case Reason::idempotency_conflict:
    case Reason::already_final:
    case Reason::stale_epoch:
    case Reason::stale_sequence:
    case Reason::record_forked:
    case Reason::illegal_transition:
    case Reason::channel_diverged:
      return 409;
    case Reason::too_large:
      return 413;
    case Reason::too_many_jobs:
      return 429;
    case Reason::unreachable:
      return 502;
    case Reason::store_unavailable:
    case Reason::overloaded:
    case Reason::stopping:
      return 503;
    case Reason::timed_out:
      return 504;
    case Reason::store_damaged:
    case Reason::io_failed:
    case Reason::internal:
      return 500;
    case Reason::not_supported:
      return 501;
    default:
      return 400;
  }
}

ProblemView make_problem_view(const core::Error& error) {
  ProblemView view;
  view.code = core::reason_code(error.reason);
  view.type = "urn:intertie:problem:" + view.code;
  view.title = core::reason_sentence(error.reason);
  view.status = get_status(error.reason);
  view.detail = error.detail;
  view.fix = core::reason_fix(error.reason);
  return view;
}

ReasonView make_reason_view(Reason reason) {
  return {std::string(core::reason_code(reason)), std::string(core::reason_sentence(reason)),
          std::string(core::reason_fix(reason))};
}

Response make_problem(const core::Error& error) {
  return make_problem(error, get_status(error.reason));
}

Response make_problem(const core::Error& error, int status) {
  ProblemView view = make_problem_view(error);
  view.status = status;
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = codec::to_json(view);
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace intertie::api
