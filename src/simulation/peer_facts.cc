// What the log says about other regions' hubs, held against the truth.
#include <algorithm>
#include <limits>

#include "intertie/hub/machine.h"

#include "facts.h"

namespace intertie::simulation {
namespace {

// A peer that has refused is asked again after news of it, and news come once a second. So many
// offers of one job in so much time can only be the same question, over and over.
constexpr std::size_t kAsksMax = 40;
constexpr core::Duration kAskTime = core::seconds(10);

bool is_among(const std::vector<std::int64_t>& hubs, std::size_t hub) {
  return std::ranges::find(hubs, static_cast<std::int64_t>(hub)) != hubs.end();
}

}  // namespace

void Facts::on(const hub::OfferAsked& event) {
  JobFacts& job = jobs_.at(event.job);
  if (job.ends > 0) fail(event.job, "is offered after its end");
  if (job.is_cancel_requested) fail(event.job, "is offered after it was cancelled");
  if (!job.is_attempt_over || job.offer != 0) fail(event.job, "is offered while it runs");
  job.offer = event.offer;
  job.offer_price = event.price;
  if (!offers_.emplace(event.offer, event.job).second) fail(event.job, "an offer is asked twice");
  ++asked_;
  hold(job, event.job, event.hold.amount);
  if (is_refolding_) return;
  std::erase_if(job.asked_at, [&](core::Duration at) { return at + kAskTime < world_.now(); });
  job.asked_at.push_back(world_.now());
  if (job.asked_at.size() > kAsksMax) fail(event.job, "is offered over and over");
}

void Facts::on(const hub::OfferClosed& event) {
  JobFacts& job = jobs_.at(event.job);
  if (job.offer != event.offer || !job.is_attempt_over) {
    return fail(event.job, "an offer is closed that is not open");
  }
  job.offer = 0;
  offers_.erase(event.offer);
  give_back(job);
}

void Facts::on(const hub::RemoteAttemptChosen& event) {
  JobFacts& job = jobs_.at(event.job);
  if (job.offer != event.offer) fail(event.job, "an offer is committed that is not open");
  choose(job, event.job, event.attempt);
  ++remote_;
}

void Facts::on(const hub::RemoteUsageSettled& event) {
  JobFacts& job = jobs_.at(event.job);
  if (job.is_attempt_over || job.offer != event.offer || event.attempt != job.attempt) {
    fail(event.job, "is charged for an offer that is not current");
  }
  pay(job, event.job, event.post);
  if (!remote_records_.emplace(event.offer, event.record).second) {
    fail(event.job, "is charged twice for one record of another region");
  }
}

// Both hubs compute the same amount from the same signed record, so an honest charge is posted. One
// that is not is paid at most once, and not more of it than was charged.
void Facts::on(const hub::RemoteUsageDisputed& event) {
  disputed_[read_] = {event.charge, event.offer};
  const std::size_t from = get_peer_hub(hub_, event.peer);
  if (is_among(world_.scenario.padded_hubs, from)) return;
  if (is_among(world_.scenario.lying_hubs, from)) return;
  // A late one comes after its attempt was given up.
  if (world_.has_restored || given_up_.contains(event.offer)) return;
  fail(event.job, "a charge of " + std::to_string(event.charge.count) + " from hub " +
                      std::to_string(get_peer_hub(hub_, event.peer)) +
                      " is disputed: " + event.detail);
}

void Facts::on(const hub::DisputeResolved& event) {
  const auto disputed = disputed_.find(event.dispute);
  if (disputed == disputed_.end()) return fail(event.job, "is resolved, and not in dispute");
  if (event.paid > disputed->second.charge) fail(event.job, "more is paid than was charged");
  if (event.is_accepted != (event.paid.count > 0)) fail(event.job, "is accepted for nothing");
  if (event.is_accepted != event.entry.has_value()) fail(event.job, "is accepted and not posted");
  const auto bill = remote_bills_.find(disputed->second.offer);
  if (bill != remote_bills_.end() && !world_.has_restored) {
    bill->second.paid += event.paid;
    if (bill->second.paid > bill->second.most) {
      fail(event.job, "is paid for in another region beyond what it can have cost");
    }
  }
  disputed_.erase(disputed);
  if (!event.entry) return;
  post(*event.entry);
  const auto job = jobs_.find(event.job);
  if (job != jobs_.end()) job->second.charge += event.paid;
}

// What is rejected goes back, once, and all of it. After a backup was put back a home hub's number
// may stand for two offers.
void Facts::on(const hub::ContestResolved& event) {
  const auto known = charged_.find({event.peer, event.offer, event.record});
  const bool is_charged = known != charged_.end() && known->second.charge == event.charge;
  core::Money back;
  if (event.entry) {
    post(*event.entry);
    for (const ledger::Posting& posting : event.entry->postings) {
      if (posting.amount.count > 0) back += posting.amount;
    }
  }
  if (world_.has_restored) return;
  const bool is_due = is_charged && !known->second.is_resolved;
  if (back != (is_due ? event.charge - event.paid : core::Money{})) {
    fail(event.job, std::to_string(back.count) + " of a contested charge of " +
                        std::to_string(event.charge.count) + " went back, " +
                        std::to_string(event.paid.count) + " were paid");
  }
  if (is_charged) known->second.is_resolved = true;
}

void Facts::on(const hub::ClearingDecided& event) {
  if (event.entry) post(*event.entry);
}

void Facts::on(const hub::RemoteAttemptOver& event) {
  JobFacts& job = jobs_.at(event.job);
  if (job.is_attempt_over || job.offer != event.offer || event.attempt != job.attempt) {
    return fail(event.job, "a remote attempt ends that is not current");
  }
  if (event.is_given_up) given_up_.insert(event.offer);
  if (!is_refolding_) check_remote(job, event);
  give_back(job);
  offers_.erase(event.offer);
  job.offer = 0;
  job.is_attempt_over = true;
}

// Nobody may believe that an attempt is over while one of its processes lives in another region.
void Facts::check_remote(const JobFacts& job, const hub::RemoteAttemptOver& event) {
  processes_.close_serial(job.expected.serial, event.attempt);
  if (torn_.contains(job.expected.serial)) return;
  const auto* ranks = processes_.find_serial(job.expected.serial, event.attempt);
  std::int64_t succeeded = 0;
  core::Money most;
  if (ranks != nullptr) {
    hub::CapacityReserved place;
    place.price = job.offer_price;
    core::Time first = core::kNever;
    core::Time over;
    for (const auto& [rank, process] : *ranks) {
      if (!process.ended) {
        fail(event.job,
             "attempt " + std::to_string(event.attempt) + " (offer " + std::to_string(event.offer) +
                 ") is declared over while it runs in another region: " +
                 std::string(
                     core::reason_code(event.failure.value_or(core::Reason::exited_nonzero))));
      }
      const bool is_success =
          process.ended && process.end == execution::TaskEnd::exited && process.exit_code == 0;
      if (is_success) ++succeeded;
      place.slots.push_back(process.slot);
      first = std::min(first, process.started);
      over = std::max(over, process.ended.value_or(process.started));
    }
    // A rank that never ran is paid for, too.
    const auto tasks = static_cast<std::size_t>(job.expected.tasks);
    while (place.slots.size() < tasks) place.slots.push_back(place.slots.front());
    most = compute_price(place, over - first);
  }
  if (!event.failure && succeeded != job.expected.tasks) {
    fail(event.job, "is said to have succeeded in another region, and has not");
  }
  if (event.failure == core::Reason::exited_nonzero && succeeded == job.expected.tasks) {
    fail(event.job, "is said to have failed in another region, and has not");
  }
  remote_bills_[event.offer] = {most, job.attempt_charge};
  if (job.attempt_charge > most) {
    fail(event.job, "is charged " + std::to_string(job.attempt_charge.count) +
                        " in another region, not at most " + std::to_string(most.count));
  }
}

void Facts::on(const hub::GuestReserved& event) {
  on(hub::CapacityReserved{event.reservation, event.job, event.pool, event.slots, event.from,
                           event.to, event.expires, event.price});
  if (event.job <= last_job_) fail(event.job, "its number was used before");
  last_job_ = event.job;
  JobFacts& job = jobs_[event.job];
  job.is_guest = true;
  job.guest_peer = event.peer;
  job.guest_offer = event.offer;
  job.account = event.hold.account.index;
  job.place = reserved_.at(event.job);
  reserved_.erase(event.job);
  ++open_;
  ++placed_;
  ++guests_;
  hold(job, event.job, event.hold.amount);
}

void Facts::on(const hub::GuestCommitted& event) {
  JobFacts& job = jobs_.at(event.job);
  if (!job.is_guest || job.attempt != 0) fail(event.job, "is committed twice");
  choose(job, event.job, event.attempt);
}

void Facts::on(const hub::GuestDropped& event) {
  JobFacts& job = jobs_.at(event.job);
  if (!job.is_guest || job.attempt != 0) fail(event.job, "is dropped after its commit");
  free_cards(job);
  give_back(job);
  ++job.ends;
  --open_;
  --placed_;
  --guests_;
}

void Facts::on(const hub::GuestEnded& event) {
  JobFacts& job = jobs_.at(event.job);
  if (!job.is_attempt_over) fail(event.job, "a guest ends while it runs");
  if (++job.ends > 1) fail(event.job, "a guest ends twice");
  --open_;
  --guests_;
}

std::vector<std::uint64_t> Facts::lose_after(storage::LogIndex last, storage::Reader& reader) {
  std::vector<std::uint64_t> gone;
  const auto visit = [&](const storage::HeadView& head) {
    const auto event = hub::HubMachine::decode(head.kind, head.version, head.head);
    const auto job = event ? hub::HubMachine::subject(*event) : std::nullopt;
    if (!job || !jobs_.contains(*job)) return true;
    const std::uint64_t serial = jobs_.at(*job).expected.serial;
    torn_.insert(serial);
    processes_.forget_serial(serial);
    if (std::holds_alternative<hub::JobSubmitted>(*event)) gone.push_back(*job);
    return true;
  };
  (void)reader.read_heads(last + 1, std::numeric_limits<std::uint32_t>::max(), visit);
  jobs_.clear();
  keys_.clear();
  balances_.clear();
  credits_.clear();
  unbounded_.clear();
  disputed_.clear();
  remote_bills_.clear();
  remote_records_.clear();
  charged_.clear();
  held_.clear();
  serials_.clear();
  offers_.clear();
  entries_.clear();
  reserved_.clear();
  read_ = last_job_ = asked_ = remote_ = 0;
  open_ = placed_ = guests_ = 0;
  is_restored_ = is_refolding_ = true;
  return gone;
}

void Facts::check_started(const execution::TaskKey& key) const {
  const auto found = jobs_.find(key.job);
  if (found == jobs_.end() || found->second.attempt < key.attempt) {
    world_.fail("hub " + std::to_string(hub_) + ": task " + execution::to_text(key) +
                " starts and was never committed");
  }
}

void Facts::check_chosen(std::uint64_t serial, std::uint32_t attempt) const {
  if (is_restored_) return;
  const auto job = serials_.find(serial);
  if (job == serials_.end() || jobs_.at(job->second).attempt < attempt) {
    world_.fail("serial " + std::to_string(serial) + " starts attempt " + std::to_string(attempt) +
                " and its home hub " + std::to_string(hub_) + " never chose it");
  }
}

}  // namespace intertie::simulation
