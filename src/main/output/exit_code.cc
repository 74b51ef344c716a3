// Which reasons mean which exit code.
#include "output/exit_code.h"

namespace intertie::cli {

int get_exit_code(core::Reason reason) {
  using enum core::Reason;
  switch (reason) {
    case bad_syntax:
    case bad_field:
    case unknown_field:
    case missing_field:
    case duplicate_field:
    case too_deep:
    case too_large:
    case out_of_range:
    case bad_argument:
    case bad_identifier:
    case idempotency_conflict:
      return kBadInput;
    case bad_token:
    case token_expired:
    case not_signed_in:
    case denied:
    case certificate_refused:
      return kDenied;
    case budget_exceeded:
    case insufficient_funds:
    case account_closed:
      return kBudget;
    case price_above_limit:
    case no_sites:
    case class_missing:
    case unmeasured:
    case rate_too_low:
    case cpus_too_few:
    case memory_too_small:
    case devices_too_few:
    case software_missing:
    case isolation_too_weak:
    case region_excluded:
    case latency_too_high:
    case scratch_too_small:
    case line_full:
    case network_refused:
    case secrets_refused:
    case data_policy:
    case busy:
    case site_drained:
    case site_unreachable:
    case site_failing:
    case deadline_impossible:
    case unplaceable:
    case waiting:
    case start_later:
      return kNotPlaced;
    case timed_out:
    case time_limit:
      return kTimedOut;
    default:
      return kFailed;
  }
}

}  // namespace intertie::cli
