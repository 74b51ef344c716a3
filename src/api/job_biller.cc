#include "job_biller.h"

#include <algorithm>
#include <map>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/hub/index_tables.h"
#include "intertie/hub/submission.h"

#include "bill.h"
#include "dispute_facts.h"

namespace intertie::api {
namespace {

// What the payer's account was charged by the entry at this place of the log.
core::Result<core::Money> read_charge(storage::Reader& reader, std::uint32_t account,
                                      storage::LogIndex index) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::postings);
  scan.prefix = hub::encode_number(account) + hub::encode_number(index);
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  core::Money sum;
  for (const storage::IndexRow& row : *rows) {
    const auto posting = codec::from_cbor<hub::IndexedPosting>(row.value, codec::Source::own);
    if (!posting) return core::Error{core::Reason::store_damaged, posting.error().detail};
    sum -= posting->amount;
  }
  return sum;
}

execution::ReservedUse sum_needs(const placement::Requirements& needs) {
  execution::ReservedUse sum{needs.cpus * needs.tasks, needs.memory * needs.tasks, 0};
  for (const placement::DeviceRequest& request : needs.devices) {
    sum.devices += request.count * needs.tasks;
  }
  return sum;
}

// Bills one job. Every record is followed from the first one on; those that end outside of the
// period are left out of the result.
class JobBiller {
 public:
  JobBiller(const BillSources& sources, const BillJob& job, const BillPeriod& period)
      : sources_(sources),
        reader_(sources.reader),
        facts_(job.facts),
        directory_(sources.directory),
        account_(job.guest_of ? directory_.peers[*job.guest_of].account
                              : job.facts.submitted.account),
        period_(period) {
    view_.job = facts_.submitted.job;
    view_.name = facts_.submitted.name;
    view_.account = directory_.accounts[account_];
    view_.agree = true;
  }

  core::Result<JobBillView> bill(const std::vector<JobEvent>& events) {
    for (const JobEvent& one : events) {
      core::Result<void> done;
      if (const auto* chosen = std::get_if<hub::AttemptChosen>(&one.event)) {
        running_ = chosen->attempt;
      } else if (const auto* remote = std::get_if<hub::RemoteAttemptChosen>(&one.event)) {
        running_ = remote->attempt;
      } else if (std::holds_alternative<hub::AttemptOver>(one.event) ||
                 std::holds_alternative<hub::RemoteAttemptOver>(one.event)) {
        running_ = 0;
      } else if (const auto* claim = std::get_if<hub::RemoteUsageDisputed>(&one.event)) {
        add_remote_dispute(*claim, one);
      } else if (const auto* charged = std::get_if<hub::RemoteUsageSettled>(&one.event)) {
        done = add_record(*charged, one.index);
      } else if (std::holds_alternative<hub::UsageDisputed>(one.event)) {
        add_dispute(one);
      } else if (const auto* settled = std::get_if<hub::UsageSettled>(&one.event)) {
        done = add_record(*settled, one.index);
      } else if (const auto* resolved = std::get_if<hub::DisputeResolved>(&one.event)) {
        done = resolve(*resolved, one);
      }
      if (!done) return done.error();
    }
    if (view_.recomputed_micros != view_.ledger_micros) view_.agree = false;
    return std::move(view_);
  }

 private:
  // The attempt's bill so far, and whose keys may have signed it.
  struct Following {
    AttemptBill bill;
    std::string region;
    std::string site;
    std::string pool;
    std::vector<std::string> sign_keys;
  };

  Following* follow(std::uint32_t number) {
    const auto known = followed_.find(number);
    if (known != followed_.end()) return &known->second;
    const auto attempt = std::ranges::find(facts_.attempts, number, &AttemptFacts::number);
    if (attempt == facts_.attempts.end()) return nullptr;
    std::optional<Following> following =
        attempt->offer ? follow_offer(*attempt) : follow_reservation(*attempt);
    if (!following) return nullptr;
    return &followed_.emplace(number, std::move(*following)).first->second;
  }

  std::optional<Following> follow_reservation(const AttemptFacts& attempt) {
    const topology::Pool* pool = directory_.topology->find_pool({attempt.reserved.pool});
    if (pool == nullptr) return std::nullopt;
    const topology::Site& site = *directory_.topology->find_site(pool->site);
    return Following{AttemptBill(attempt.reserved, attempt.number, attempt.held, site.identifier),
                     directory_.hub.region, site.name, pool->name,
                     directory_.sign_keys[pool->site.index]};
  }

  // The attempt's amounts are what was asked for; its number at the owner is the owner's own.
  std::optional<Following> follow_offer(const AttemptFacts& attempt) {
    const hub::OfferAsked& offer = *attempt.offer;
    const hub::JobDocument* document = find_document();
    if (document == nullptr) return std::nullopt;
    AttemptTerms terms;
    terms.attempt = attempt.number;
    terms.site = offer.pool.substr(0, offer.pool.find('/'));
    terms.amounts = sum_needs(hub::make_requirements(*document));
    terms.price = offer.price;
    terms.most = attempt.held;
    std::vector<std::string> keys = {offer.site_sign_key};
    const auto now = sources_.announced_keys.find(offer.pool);
    if (now != sources_.announced_keys.end()) keys.push_back(now->second);
    return Following{AttemptBill(std::move(terms)), directory_.peers[offer.peer].region,
                     name_remote_site(offer, directory_), offer.pool_name, std::move(keys)};
  }

  template <class Settled>
  core::Result<void> add_record(const Settled& settled, storage::LogIndex index) {
    BillRecordView row;
    row.attempt = settled.attempt;
    row.from = settled.from;
    row.to = settled.to;
    const auto body = reader_.read_body(index);
    if (!body) return body.error();
    const auto charge = read_charge(reader_, account_, index);
    if (!charge) return charge.error();
    row.ledger_micros = *charge;
    recompute(row, body->bytes, nullptr);
    add_row(std::move(row));
    return {};
  }

  void add_dispute(const JobEvent& one) {
    const auto& disputed = std::get<hub::UsageDisputed>(one.event);
    ++view_.records_disputed;
    DisputeView view = make_dispute_view({one.index, one.time, disputed, true, {}, {}, {}});
    if (Following* following = follow(disputed.attempt)) {
      view.site = following->site;
      following->bill.note_dispute();
    }
    view.is_attempt_over = running_ != disputed.attempt;
    view_.disputes.push_back(std::move(view));
  }

  void add_remote_dispute(const hub::RemoteUsageDisputed& disputed, const JobEvent& one) {
    ++view_.records_disputed;
    DisputeView view = make_dispute_view({one.index, one.time, disputed, true, {}, {}, {}});
    view.region = directory_.peers[disputed.peer].region;
    view.is_attempt_over = running_ != disputed.attempt;
    if (const Following* following = follow(disputed.attempt)) view.site = following->site;
    view_.disputes.push_back(std::move(view));
  }

  // A charge of another region is paid at most as it was charged.
  std::optional<core::Money> find_charge(std::uint64_t dispute) const {
    const auto found = std::ranges::find(view_.disputes, dispute, &DisputeView::id);
    if (found == view_.disputes.end() || found->kind == DisputeKind::site) return std::nullopt;
    return found->claimed_micros;
  }

  core::Result<void> resolve(const hub::DisputeResolved& resolved, const JobEvent& one) {
    for (DisputeView& view : view_.disputes) {
      if (view.id != resolved.dispute) continue;
      view.state = resolved.is_accepted ? DisputeState::accepted : DisputeState::rejected;
      view.paid_micros = resolved.paid;
      view.resolved = one.time;
      view.resolved_by = directory_.principals[resolved.by];
    }
    if (!resolved.is_accepted) return {};
    BillRecordView row;
    row.attempt = resolved.attempt;
    const auto body = reader_.read_body(resolved.dispute);
    if (!body) return body.error();
    const auto charge = read_charge(reader_, account_, one.index);
    if (!charge) return charge.error();
    row.ledger_micros = *charge;
    recompute(row, body->bytes, &resolved);
    row.from = resolved.from;
    row.to = resolved.to;
    add_row(std::move(row));
    return {};
  }

  void add_row(BillRecordView row) {
    charged_ += row.ledger_micros;
    if (!period_.has(row.to)) return;
    view_.ledger_micros += row.ledger_micros;
    view_.recomputed_micros += row.recomputed_micros;
    view_.agree = view_.agree && row.is_verified && row.recomputed_micros == row.ledger_micros;
    view_.records.push_back(std::move(row));
  }

  const hub::JobDocument* find_document() {
    if (!document_ && facts_.document != 0) {
      const auto body = reader_.read_body(facts_.document);
      if (!body) return nullptr;
      auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
      if (!document) return nullptr;
      document_ = std::move(*document);
    }
    return document_ ? &*document_ : nullptr;
  }

  // What the job may still cost beside what its present attempt holds; nothing: no limit.
  std::optional<core::Money> compute_job_most() {
    const hub::JobDocument* document = find_document();
    const core::Money most =
        document == nullptr ? core::Money{} : document->price.max.value_or(core::Money{});
    if (most.count == 0) return std::nullopt;
    const Following* running = running_ == 0 ? nullptr : follow(running_);
    return most - charged_ - (running == nullptr ? core::Money{} : running->bill.left());
  }

  std::optional<core::Money> compute_most(std::uint64_t dispute) {
    const auto most = compute_job_most();
    const auto charge = find_charge(dispute);
    return most && charge ? std::min(*most, *charge) : most ? most : charge;
  }

  // Fills the row from the record; on any doubt the row says what is wrong. `accepted`: the record
  // was disputed first.
  void recompute(BillRecordView& row, const std::string& envelope,
                 const hub::DisputeResolved* accepted) {
    Following* following = follow(row.attempt);
    if (following == nullptr) {
      row.problem = "the attempt's reservation is not known";
      return;
    }
    row.region = following->region;
    row.site = following->site;
    row.pool = following->pool;
    const auto record = verify_usage(envelope, following->sign_keys);
    if (!record) {
      row.problem = core::to_text(record.error());
      return;
    }
    row.number = record->number;
    row.from = record->from;
    row.to = record->to;
    row.milli_cpus = record->reserved.cpus;
    row.memory_bytes = record->reserved.memory;
    row.devices = record->reserved.devices;
    const auto charge = accepted == nullptr
                            ? following->bill.charge(*record)
                            : following->bill.charge_accepted(*record, accepted->from, accepted->to,
                                                              compute_most(accepted->dispute));
    if (!charge) {
      row.problem = charge.error().detail;
      return;
    }
    row.recomputed_micros = *charge;
    row.is_verified = true;
  }

  const BillSources& sources_;
  storage::Reader& reader_;
  const JobFacts& facts_;
  const Directory& directory_;
  const std::uint32_t account_;  // The payer's.
  BillPeriod period_;
  JobBillView view_;
  std::uint32_t running_ = 0;  // The present attempt, if any.
  core::Money charged_;        // Of the whole job so far, by the ledger.
  std::optional<hub::JobDocument> document_;
  std::map<std::uint32_t, Following> followed_;
};

// A job of another region: what was reserved for it, and its one attempt.
BillJob fold_guest(std::vector<JobEvent> events) {
  BillJob job;
  const auto& reserved = std::get<hub::GuestReserved>(events.front().event);
  job.guest_of = reserved.peer;
  job.facts.submitted.job = reserved.job;
  job.facts.index = events.back().index;
  AttemptFacts attempt;
  attempt.reserved = {reserved.reservation, reserved.job, reserved.pool,    reserved.slots,
                      reserved.from,        reserved.to,  reserved.expires, reserved.price};
  attempt.held = reserved.hold.amount;
  for (const JobEvent& one : events) {
    if (const auto* committed = std::get_if<hub::GuestCommitted>(&one.event)) {
      attempt.number = committed->attempt;
      attempt.chosen_at = one.time;
    } else if (const auto* resolved = std::get_if<hub::DisputeResolved>(&one.event)) {
      job.facts.resolver_max = std::max(job.facts.resolver_max, resolved->by + 1);
    }
  }
  if (attempt.number != 0) job.facts.attempts.push_back(std::move(attempt));
  job.events = std::move(events);
  return job;
}

}  // namespace

core::Result<std::optional<BillJob>> read_bill_job(storage::Reader& reader, std::uint64_t number) {
  auto events = read_job_events(reader, number);
  if (!events) return events.error();
  if (events->empty()) return std::optional<BillJob>();
  if (std::holds_alternative<hub::GuestReserved>(events->front().event)) {
    return std::optional(fold_guest(std::move(*events)));
  }
  if (!std::holds_alternative<hub::JobSubmitted>(events->front().event)) {
    return core::Error{core::Reason::store_damaged, "job " + std::to_string(number) + ": no start"};
  }
  JobFacts facts = fold_job(*events);
  return std::optional(BillJob{std::move(facts), std::move(*events), std::nullopt});
}

DirectoryNeed find_need(const BillJob& job) {
  if (!job.guest_of) return job.facts.need();
  DirectoryNeed need;
  need.peers = std::size_t{*job.guest_of} + 1;
  need.principals = job.facts.resolver_max;
  for (const AttemptFacts& attempt : job.facts.attempts) {
    need.pools = std::size_t{attempt.reserved.pool} + 1;
  }
  return need;
}

core::Result<JobBillView> bill_job(const BillSources& sources, const BillJob& job,
                                   const BillPeriod& period) {
  return JobBiller(sources, job, period).bill(job.events);
}

}  // namespace intertie::api
