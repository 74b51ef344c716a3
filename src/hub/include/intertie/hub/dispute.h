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

/// What a disputed record asks for, and the most of it that could be due.
struct DisputedClaim {
  std::uint64_t record = 0;  // Its number.
  core::Time from;           // Its interval, and what its own figures would cost.
  core::Time to;
  core::Money claimed;
  execution::ReservedUse amounts;  // At most what was reserved.
  core::Time payable_from;         // Without what was charged before, or cannot have been used.
  core::Time payable_to;
  core::Money most;  // What is left of the attempt's hold.
};
BOOST_DESCRIBE_STRUCT(DisputedClaim, (),
                      (record, from, to, claimed, amounts, payable_from, payable_to, most))

/// Where this hub stands. site: it did not accept a record of a site of its own. payer: it has not
/// posted a charge of another region's hub. payee: another hub has not posted a charge of this one.
enum class DisputeSide : std::uint8_t { site, payer, payee };
BOOST_DESCRIBE_ENUM(DisputeSide, site, payer, payee)

/// An open dispute; its number is the log index of its UsageDisputed, RemoteUsageDisputed or
/// ChargeContested. What could be paid shrinks when a part of its interval, or of what the job may
/// cost, is charged otherwise.
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
  DisputeSide side = DisputeSide::site;
  // Between hubs: who the other one is, and what was charged. Nothing is in dispute with a site.
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Money charge;
  core::Money fee;        // payee: of the charge, what this hub's fees got.
  bool is_known = false;  // payee: this hub remembers that charge.
};
BOOST_DESCRIBE_STRUCT(OpenDispute, (),
                      (job, attempt, site, owner, payer, provider, is_over, amounts, price, from,
                       to, most, job_most, side, peer, offer, record, charge, fee, is_known))

/// Owner: a charge that a peer was told of, as long as it is remembered: what may be contested.
struct ToldCharge {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  std::uint64_t job = 0;
  std::uint32_t provider = 0;  // Account that got the charge without the fee.
  core::Money charge;
  core::Money fee;
};
BOOST_DESCRIBE_STRUCT(ToldCharge, (), (offer, record, job, provider, charge, fee))

/// What accepting it would pay now: amounts x (to - from) x price, without a minimum time, at most
/// `most` and `job_most`, and of a peer's charge not more than that. 0 if the record could not be
/// read, nothing of it is left, or others decide (payee). Pure.
core::Money compute_payable(const OpenDispute& dispute);

}  // namespace intertie::hub
