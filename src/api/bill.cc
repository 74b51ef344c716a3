#include "bill.h"

#include <algorithm>
#include <utility>

#include <boost/multiprecision/cpp_int.hpp>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"

namespace intertie::api {
namespace {

using Wide = boost::multiprecision::int256_t;

core::Error dispute(std::string detail) {
  return {core::Reason::usage_disputed, std::move(detail)};
}

execution::ReservedUse sum_slots(const std::vector<execution::TaskSlot>& slots) {
  execution::ReservedUse sum;
  for (const execution::TaskSlot& slot : slots) {
    sum.cpus += slot.cpus;
    sum.memory += slot.memory;
    sum.devices += static_cast<std::int64_t>(slot.devices.size());
  }
  return sum;
}

}  // namespace

std::optional<core::Money> compute_price_until(const execution::ReservedUse& reserved,
                                               const topology::PriceTable& price,
                                               core::Duration elapsed) {
  if (elapsed.count <= 0) return core::Money{};
  const std::int64_t billed = std::max(elapsed.count, price.minimum.count);
  // One hour costs `hourly` / (1000 * 2^30) micros: cores are counted in thousandths, memory in
  // bytes.
  const Wide gib = Wide(1) << 30;
  const Wide hourly = Wide(reserved.cpus.count) * price.per_cpu_hour.count * gib +
                      Wide(reserved.memory.count) * price.per_gib_hour.count * 1000 +
                      Wide(reserved.devices) * price.per_device_hour.count * 1000 * gib;
  const Wide total = hourly * billed / (gib * 1000 * core::hours(1).count);
  if (total < 0 || total > INT64_MAX) return std::nullopt;
  return core::Money{static_cast<std::int64_t>(total)};
}

core::Result<execution::UsageRecord> verify_usage(const std::string& envelope,
                                                  const std::vector<std::string>& sign_keys) {
  const auto find = [&](const crypto::Digest& id) -> std::optional<crypto::PublicKey> {
    for (const std::string& text : sign_keys) {
      const auto key = crypto::parse_public_key(text);
      if (key && crypto::compute_key_digest(*key) == id) return *key;
    }
    return std::nullopt;
  };
  const auto opened = identity::open_envelope(envelope, execution::kUsagePayloadType, find);
  if (!opened) return opened.error();
  return codec::from_json<execution::UsageRecord>(opened->payload, codec::Boundary::tolerant);
}

AttemptBill::AttemptBill(const hub::CapacityReserved& reserved, std::uint32_t attempt,
                         core::Money most, std::string site_identifier)
    : AttemptBill(AttemptTerms{attempt, reserved.job, std::move(site_identifier),
                               sum_slots(reserved.slots), reserved.price, most}) {}

core::Result<void> AttemptBill::check_subject(const execution::UsageRecord& record) const {
  const bool is_job = !terms_.job || record.key.job == *terms_.job;
  if (!is_job || record.key.attempt != terms_.attempt) {
    return dispute("the record is about another job or attempt");
  }
  if (record.site != terms_.site) return dispute("the record is another site's");
  return {};
}

core::Result<core::Money> AttemptBill::charge(const execution::UsageRecord& record) {
  if (const auto checked = check_subject(record); !checked) return checked.error();
  if (record.reserved != terms_.amounts) return dispute("the amounts are not what was reserved");
  // Each disputed record may have used up a number.
  const bool may_skip = !terms_.job.has_value();
  if (record.number < next_number_ || (!may_skip && record.number - next_number_ > disputes_)) {
    return dispute("the record's number does not follow");
  }
  const bool is_gap = began_ && record.from > settled_to_;
  if (record.to < record.from || (began_ && record.from < settled_to_) ||
      (is_gap && disputes_ == 0 && !may_skip)) {
    return dispute("the record's interval does not follow");
  }
  if (!began_) began_ = record.from;
  const auto before = compute_price_until(terms_.amounts, terms_.price, record.from - *began_);
  const auto after = compute_price_until(terms_.amounts, terms_.price, record.to - *began_);
  if (!before || !after) return dispute("the charge is beyond what can be counted");
  next_number_ = record.number + 1;
  settled_to_ = record.to;
  charged_times_.emplace_back(record.from, record.to);
  // The moments that a meter needs to stop a task at its limit are the site's.
  const core::Money charge = std::min(*after - *before, left_);
  left_ -= charge;
  return charge;
}

core::Result<core::Money> AttemptBill::charge_accepted(const execution::UsageRecord& record,
                                                       core::Time from, core::Time to,
                                                       std::optional<core::Money> job_most) {
  if (const auto checked = check_subject(record); !checked) return checked.error();
  if (from < record.from || to > record.to || to <= from) {
    return dispute("the time paid is not the record's");
  }
  for (const auto& [begin, end] : charged_times_) {
    if (from < end && begin < to) return dispute("some of the time was charged before");
  }
  const execution::ReservedUse amounts{std::min(record.reserved.cpus, terms_.amounts.cpus),
                                       std::min(record.reserved.memory, terms_.amounts.memory),
                                       std::min(record.reserved.devices, terms_.amounts.devices)};
  topology::PriceTable price = terms_.price;
  price.minimum = {};
  const auto full = compute_price_until(amounts, price, to - from);
  if (!full) return dispute("the charge is beyond what can be counted");
  const core::Money charge = std::min({*full, left_, job_most.value_or(left_)});
  charged_times_.emplace_back(from, to);
  left_ -= charge;
  return charge;
}

}  // namespace intertie::api
