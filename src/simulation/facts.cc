#include "facts.h"

#include <algorithm>
#include <limits>

#include "intertie/core/limits.h"
#include "intertie/hub/machine.h"

namespace intertie::simulation {

// Written down again from the words of market/charge.h.
core::Money compute_price(const hub::CapacityReserved& place, core::Duration time) {
  __extension__ using Wide = __int128;
  Wide per_hour = 0;  // In thousandths of a micro.
  for (const execution::TaskSlot& slot : place.slots) {
    per_hour += Wide{slot.cpus.count} * place.price.per_cpu_hour.count;
    per_hour += Wide{static_cast<std::int64_t>(slot.devices.size())} *
                place.price.per_device_hour.count * 1000;
  }
  return {static_cast<std::int64_t>(per_hour * time.count / 1000 / core::hours(1).count)};
}

namespace {

std::uint64_t make_bits(const std::vector<std::uint32_t>& devices) {
  std::uint64_t bits = 0;
  for (const std::uint32_t device : devices) bits |= std::uint64_t{1} << device;
  return bits;
}

}  // namespace

void Facts::fail(std::uint64_t job, const std::string& what) {
  world_.fail("hub " + std::to_string(hub_) + " job " + std::to_string(job) + ": " + what);
}

void Facts::follow(storage::Reader& reader) {
  std::vector<Record> records;
  const auto visit = [&](const storage::HeadView& head) {
    auto event = hub::HubMachine::decode(head.kind, head.version, head.head);
    if (!event) {
      world_.fail("record " + std::to_string(head.index) + ": " + core::to_text(event.error()));
      return false;
    }
    records.push_back({head.index, head.time, std::move(*event)});
    return true;
  };
  const auto last = reader.read_last();
  if (last && last->index < read_) world_.fail("the hub's log has become shorter");
  (void)reader.read_heads(read_ + 1, std::numeric_limits<std::uint32_t>::max(), visit);
  for (const Record& record : records) take(record, reader);
  is_refolding_ = false;
}

void Facts::take(const Record& record, storage::Reader& reader) {
  read_ = record.index;
  const auto read_body = [&] {
    auto body = reader.read_body(record.index);
    return body ? std::move(body->bytes) : std::string();
  };
  const auto visit = [&](const auto& event) {
    if constexpr (requires { on(event); }) on(event);
    if constexpr (requires { on(event, std::string()); }) on(event, read_body());
    if constexpr (requires { on(event, true); }) on(event, !read_body().empty());
  };
  std::visit(visit, record.event);
}

void Facts::on(const hub::AccountOpened& event) {
  balances_.push_back({});
  credits_.push_back(event.terms.credit_limit);
  unbounded_.push_back(event.terms.may_go_negative);
}

void Facts::on(const hub::CreditLimitSet& event) { credits_.at(event.account) = event.limit; }

void Facts::on(const hub::EntryPosted& event) { post(event.entry); }

void Facts::post(const ledger::Entry& entry) {
  if (!entries_.insert(entry.id).second) world_.fail("an entry was posted twice");
  core::Money sum;
  for (const ledger::Posting& posting : entry.postings) {
    const std::uint32_t account = posting.account.index;
    balances_.at(account) += posting.amount;
    sum += posting.amount;
    if (posting.amount.count > 0 || unbounded_.at(account)) continue;
    if (balances_[account] + credits_.at(account) < held_[account]) {
      world_.fail("an entry takes what an account does not have");
    }
  }
  if (sum.count != 0) world_.fail("an entry does not sum to zero");
}

void Facts::on(const hub::PoolOffered& event) { pools_[event.pool.handle.index] = event.pool; }

void Facts::on(const hub::JobSubmitted& event) {
  if (event.job <= last_job_) fail(event.job, "its number was used before");
  last_job_ = event.job;
  if (event.idempotency &&
      !keys_.emplace(std::pair{event.owner, *event.idempotency}, event.job).second) {
    fail(event.job, "its idempotency key belongs to another job");
  }
  JobFacts& job = jobs_[event.job];
  job.owner = event.owner;
  job.account = event.account;
  job.retries_left = event.retries;
  if (event.idempotency) job.expected = expected_[*event.idempotency];
  serials_[job.expected.serial] = event.job;
  ++open_;
}

void Facts::on(const hub::CapacityReserved& event) {
  const topology::Pool& pool = pools_.at(event.pool);
  for (const execution::TaskSlot& slot : event.slots) {
    Taken& taken = taken_[{event.pool, slot.node}];
    const std::uint64_t devices = make_bits(slot.devices);
    if ((taken.devices & devices) != 0) fail(event.job, "is given cards that are taken");
    taken.devices |= devices;
    taken.cpus += slot.cpus.count;
    taken.memory += slot.memory.count;
    if (taken.cpus > pool.cpus_per_node.count || taken.memory > pool.memory_per_node.count) {
      fail(event.job, "is given more than the node has");
    }
  }
  reserved_[event.job] = event;
}

void Facts::on(const hub::AttemptChosen& event) {
  JobFacts& job = jobs_.at(event.job);
  choose(job, event.job, event.attempt);
  job.place = reserved_.at(event.job);
  reserved_.erase(event.job);
  ++placed_;
  hold(job, event.job, event.hold.amount);
}

void Facts::choose(JobFacts& job, std::uint64_t number, std::uint32_t attempt) {
  if (job.ends > 0) fail(number, "is placed after its end");
  if (job.is_cancel_requested) fail(number, "is placed after it was cancelled");
  if (!job.is_attempt_over) fail(number, "has two attempts at once");
  if (!job.is_guest && attempt != job.attempt + 1) fail(number, "leaves out an attempt number");
  job.attempt = attempt;
  job.is_attempt_over = false;
  job.is_disputed = false;
  job.attempt_charge = {};
  // Of what a backup tells nobody remembers when it was.
  job.chosen_at = is_refolding_ ? core::Duration{-1} : world_.now();
}

void Facts::hold(JobFacts& job, std::uint64_t number, core::Money amount) {
  job.held = amount;
  held_[job.account] += amount;
  if (held_[job.account] > balances_.at(job.account) + credits_.at(job.account)) {
    fail(number, "is held more money for than there is");
  }
}

void Facts::give_back(JobFacts& job) {
  held_[job.account] -= job.held;
  job.held = {};
}

core::Money Facts::pay(JobFacts& job, std::uint64_t number, const ledger::Post& post) {
  core::Money charge;
  for (const ledger::Posting& credit : post.credits) {
    balances_.at(credit.account.index) += credit.amount;
    charge += credit.amount;
  }
  balances_.at(job.account) -= charge;
  held_[job.account] -= charge;
  job.held -= charge;
  job.attempt_charge += charge;
  job.charge += charge;
  if (job.held.count < 0) fail(number, "is charged more than was held");
  return charge;
}

void Facts::free_cards(const JobFacts& job) {
  for (const execution::TaskSlot& slot : job.place.slots) {
    Taken& taken = taken_[{job.place.pool, slot.node}];
    taken.devices &= ~make_bits(slot.devices);
    taken.cpus -= slot.cpus.count;
    taken.memory -= slot.memory.count;
  }
}

Facts::SiteTrust Facts::find_trust(const JobFacts& job) const {
  return trust_(first_site_ + pools_.at(job.place.pool).site.index);
}

void Facts::on(const hub::UsageSettled& event, const std::string& envelope) {
  JobFacts& job = jobs_.at(event.job);
  if (job.is_attempt_over || event.attempt != job.attempt) {
    fail(event.job, "is charged for an attempt that is not current");
  }
  const SiteTrust trust = find_trust(job);
  if (trust.unsigned_envelopes->contains(envelope)) {
    fail(event.job, "is charged for a record whose signature does not verify");
  }
  const core::Money charge = pay(job, event.job, event.post);
  if (job.is_guest && charge.count > 0) {
    charged_[{job.guest_peer, job.guest_offer, event.record}] = {charge, false};
  }
}

void Facts::on(const hub::UsageDisputed& event) {
  const auto found = jobs_.find(event.job);
  if (found != jobs_.end() && found->second.attempt == event.attempt) {
    found->second.is_disputed = true;
    const SiteTrust trust = find_trust(found->second);
    if (!trust.is_liar) fail(event.job, "an honest site's use is disputed: " + event.detail);
  }
}

void Facts::on(const hub::AttemptOver& event, bool has_message) {
  JobFacts& job = jobs_.at(event.job);
  if (job.is_attempt_over || event.attempt != job.attempt) {
    fail(event.job, "an attempt ends that is not current");
    return;
  }
  if (!is_refolding_) {
    check_truth(job, event, has_message);
    check_charge(job, event, has_message);
    processes_.close(hub_, event.job, event.attempt);
  }
  free_cards(job);
  give_back(job);
  job.is_attempt_over = true;
  --placed_;
}

// Nobody may believe that an attempt is over while one of its processes lives, whoever said so.
void Facts::check_truth(const JobFacts& job, const hub::AttemptOver& event, bool has_message) {
  const ProcessTable::Ranks* ranks = processes_.find(hub_, event.job, event.attempt);
  std::size_t succeeded = 0;
  if (ranks != nullptr) {
    for (const auto& [rank, process] : *ranks) {
      if (!process.ended) {
        fail(event.job, std::string("attempt ") + std::to_string(event.attempt) +
                            " is declared over while it runs, " +
                            (has_message ? "by its site" : "by the hub"));
      } else if (process.end == execution::TaskEnd::exited && process.exit_code == 0) {
        ++succeeded;
      }
    }
  }
  if (!event.failure && succeeded != job.place.slots.size()) {
    fail(event.job, "is said to have succeeded, and has not");
  }
  if (event.failure == core::Reason::exited_nonzero && succeeded == job.place.slots.size()) {
    fail(event.job, "is said to have failed, and has not");
  }
}

// What is paid follows from when the processes really ran. A gang counts from when all its ranks
// ran, or from its first one if they never all did.
void Facts::check_charge(const JobFacts& job, const hub::AttemptOver& event, bool has_message) {
  const SiteTrust trust = find_trust(job);
  core::Money least;
  core::Money most;
  if (const ProcessTable::Ranks* ranks = processes_.find(hub_, event.job, event.attempt)) {
    core::Time first = core::kNever;
    core::Time all;
    core::Time over;
    for (const auto& [rank, process] : *ranks) {
      first = std::min(first, process.started);
      all = std::max(all, process.started);
      over = std::max(over, process.ended.value_or(process.started));
    }
    // The moments that the meter needs to stop a task at its limit are the site's.
    const core::Duration limit = job.place.to - job.place.from - core::limits::stop_grace;
    least = compute_price(job.place, std::min(over - all, limit));
    most = compute_price(job.place, std::min(over - first, limit));
  }
  // Who lies may go unpaid, but is never paid too much.
  if (!has_message || job.is_disputed || trust.is_liar) least = {};
  if (job.attempt_charge < least || job.attempt_charge > most) {
    fail(event.job, "attempt " + std::to_string(event.attempt) + " is charged " +
                        std::to_string(job.attempt_charge.count) + ", not " +
                        std::to_string(least.count) + " to " + std::to_string(most.count));
  }
}

void Facts::on(const hub::JobCancelRequested& event) {
  jobs_.at(event.job).is_cancel_requested = true;
}

void Facts::on(const hub::JobEnded& event) {
  JobFacts& job = jobs_.at(event.job);
  if (++job.ends > 1) return fail(event.job, "ends twice");
  if (!job.is_attempt_over || job.offer != 0) fail(event.job, "ends while an attempt runs");
  if (event.charged != job.charge) fail(event.job, "is told another charge than was posted");
  --open_;
}

void Facts::check_job(std::uint32_t owner, const hub::Key128& key, std::uint64_t job) {
  if (is_restored_) return;
  const auto found = keys_.find({owner, key});
  if (found == keys_.end()) return fail(job, "was acknowledged and is not in the log");
  if (found->second != job) fail(job, "was acknowledged under another number before");
}

void Facts::check_cancelled(std::uint64_t job) {
  if (is_restored_) return;
  const auto found = jobs_.find(job);
  const bool is_known =
      found != jobs_.end() && (found->second.is_cancel_requested || found->second.ends > 0);
  if (!is_known) fail(job, "its cancellation was acknowledged and is not in the log");
}

void Facts::check_entry(ledger::EntryId id) {
  if (!is_restored_ && !entries_.contains(id))
    world_.fail("a deposit was acknowledged and is not in the log");
}

}  // namespace intertie::simulation
