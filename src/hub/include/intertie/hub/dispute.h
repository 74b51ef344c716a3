// A usage record that was not accepted, while somebody may still decide about it.
#pragma once

#include <cstdint>
#include <optional>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"
#include "intertie/execution/usage_record.h"
#include "intertie/topology/pool.h"

namespace intertie::hub {

/// An open dispute; its number is the log index of its UsageDisputed. What could be paid shrinks
/// when a part of its interval, or of what the job may cost, is charged otherwise.
struct OpenDispute {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t site = 0;
  std::uint32_t owner = 0;     // Of the job: a principal.
  std::uint32_t payer = 0;     // Account of the job.
  std::uint32_t provider = 0;  // Account of the site's operator.
  bool is_over = false;        // The attempt has ended: no record of it is charged any more.
  execution::ReservedUse amounts;
  topology::PriceTable price;
  core::Time from;  // The part of the record's interval that may still be paid.
  core::Time to;
  core::Money most;                     // What is left of the attempt's hold.
  std::optional<core::Money> job_most;  // What is left of the job's price limit, if it has one.
};
BOOST_DESCRIBE_STRUCT(OpenDispute, (),
                      (job, attempt, site, owner, payer, provider, is_over, amounts, price, from,
                       to, most, job_most))

/// What accepting it would pay now: amounts x (to - from) x price, without a minimum time, at most
/// `most` and `job_most`. 0 if the record could not be read or nothing of it is left. Pure.
core::Money compute_payable(const OpenDispute& dispute);

}  // namespace intertie::hub
