// The bill: charges computed again from signed usage records, by code that shares nothing with the
// settlement and does not read the ledger.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/result.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/events.h"

namespace intertie::api {

/// The exact price of holding what a record says from the attempt's start to `elapsed`, rounded
/// down to a micro: cpus * price an hour and core + GiB * ... + devices * ..., at least for the
/// minimum time once it has begun. In 256-bit integers, so nothing overflows. Nothing if the result
/// is beyond Money.
std::optional<core::Money> compute_price_until(const execution::ReservedUse& reserved,
                                               const topology::PriceTable& price,
                                               core::Duration elapsed);

/// Verifies a usage envelope against the signing keys (text form) that the site has had: whether
/// the right one signed at its time was decided when the record was charged.
core::Result<execution::UsageRecord> verify_usage(const std::string& envelope,
                                                  const std::vector<std::string>& sign_keys);

/// What an attempt's records are held against.
struct AttemptTerms {
  std::uint32_t attempt = 0;
  std::optional<std::uint64_t> job;  // Nothing: another region's number of it, which is not known.
  std::string site;                  // Identifier.
  execution::ReservedUse amounts;
  topology::PriceTable price;
  core::Money most;  // What was held when the attempt was chosen; all its records cost no more.
};

/// Follows the records of one attempt in their order.
class AttemptBill {
 public:
  /// An attempt in another region: its owner may have charged nothing for some records.
  explicit AttemptBill(AttemptTerms terms) : terms_(std::move(terms)), left_(terms_.most) {}
  /// `most`: what was held when the attempt was chosen; all its records together cost no more.
  AttemptBill(const hub::CapacityReserved& reserved, std::uint32_t attempt, core::Money most,
              std::string site_identifier);

  /// The charge of the next record, or what is wrong with it (usage_disputed): another job, attempt
  /// or site, other amounts than were reserved, a number or an interval that does not follow.
  core::Result<core::Money> charge(const execution::UsageRecord& record);

  /// A record was disputed: the next one may leave out a number, and begin later.
  void note_dispute() { ++disputes_; }

  /// The charge of [from, to) of a disputed record that was accepted later: for at most what was
  /// reserved, without a minimum time, at most `job_most`. usage_disputed: another job, attempt or
  /// site, an interval that is not the record's or was charged before.
  core::Result<core::Money> charge_accepted(const execution::UsageRecord& record, core::Time from,
                                            core::Time to, std::optional<core::Money> job_most);

  /// What is left of the attempt's hold.
  core::Money left() const { return left_; }

 private:
  core::Result<void> check_subject(const execution::UsageRecord& record) const;

  AttemptTerms terms_;
  core::Money left_;
  std::uint32_t next_number_ = 1;
  std::uint32_t disputes_ = 0;
  std::optional<core::Time> began_;
  core::Time settled_to_;
  std::vector<std::pair<core::Time, core::Time>> charged_times_;
};

}  // namespace intertie::api
