// Bills: signed usage records beside what the ledger charged.
#include <algorithm>
#include <map>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"

#include "bill.h"
#include "dispute_facts.h"
#include "job_access.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr char kBillCursor = 'b';

struct Period {
  core::Time from{INT64_MIN};
  core::Time to = core::kNever;
  bool has(core::Time time) const { return from <= time && time < to; }
};

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

// Bills one job. Every record is followed from the first one on; those that end outside of the
// period are left out of the result.
class JobBiller {
 public:
  JobBiller(storage::Reader& reader, const JobFacts& facts, const Directory& directory,
            const Period& period)
      : reader_(reader), facts_(facts), directory_(directory), period_(period) {
    view_.job = facts.submitted.job;
    view_.name = facts.submitted.name;
    view_.account = directory.accounts[facts.submitted.account];
    view_.agree = true;
  }

  core::Result<JobBillView> bill(const std::vector<JobEvent>& events) {
    for (const JobEvent& one : events) {
      core::Result<void> done;
      if (const auto* chosen = std::get_if<hub::AttemptChosen>(&one.event)) {
        running_ = chosen->attempt;
      } else if (std::holds_alternative<hub::AttemptOver>(one.event)) {
        running_ = 0;
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
    std::string site;
    std::string pool;
    std::vector<std::string> sign_keys;
  };

  Following* follow(std::uint32_t number) {
    const auto known = followed_.find(number);
    if (known != followed_.end()) return &known->second;
    const auto attempt = std::ranges::find(facts_.attempts, number, &AttemptFacts::number);
    if (attempt == facts_.attempts.end()) return nullptr;
    const topology::Pool* pool = directory_.topology->find_pool({attempt->reserved.pool});
    if (pool == nullptr) return nullptr;
    const topology::Site& site = *directory_.topology->find_site(pool->site);
    Following following{AttemptBill(attempt->reserved, number, attempt->held, site.identifier),
                        site.name, pool->name, directory_.sign_keys[pool->site.index]};
    return &followed_.emplace(number, std::move(following)).first->second;
  }

  core::Result<void> add_record(const hub::UsageSettled& settled, storage::LogIndex index) {
    BillRecordView row;
    row.attempt = settled.attempt;
    row.from = settled.from;
    row.to = settled.to;
    const auto body = reader_.read_body(index);
    if (!body) return body.error();
    const auto charge = read_charge(reader_, facts_.submitted.account, index);
    if (!charge) return charge.error();
    row.ledger_micros = *charge;
    recompute(row, body->bytes, nullptr);
    add_row(std::move(row));
    return {};
  }

  void add_dispute(const JobEvent& one) {
    const auto& disputed = std::get<hub::UsageDisputed>(one.event);
    ++view_.records_disputed;
    DisputeView view = make_dispute_view({one.index, one.time, disputed, true, {}, {}});
    if (Following* following = follow(disputed.attempt)) {
      view.site = following->site;
      following->bill.note_dispute();
    }
    view.is_attempt_over = running_ != disputed.attempt;
    view_.disputes.push_back(std::move(view));
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
    const auto charge = read_charge(reader_, facts_.submitted.account, one.index);
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

  // What the job may still cost beside what its present attempt holds; nothing: no limit.
  std::optional<core::Money> compute_job_most() {
    if (!price_max_) {
      price_max_ = core::Money{};
      const auto body = reader_.read_body(facts_.document);
      const auto document =
          body ? codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant)
               : core::Result<hub::JobDocument>(body.error());
      if (document) price_max_ = document->price.max.value_or(core::Money{});
    }
    if (price_max_->count == 0) return std::nullopt;
    const Following* running = running_ == 0 ? nullptr : follow(running_);
    return *price_max_ - charged_ - (running == nullptr ? core::Money{} : running->bill.left());
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
                                                              compute_job_most());
    if (!charge) {
      row.problem = charge.error().detail;
      return;
    }
    row.recomputed_micros = *charge;
    row.is_verified = true;
  }

  storage::Reader& reader_;
  const JobFacts& facts_;
  const Directory& directory_;
  Period period_;
  JobBillView view_;
  std::uint32_t running_ = 0;  // The present attempt, if any.
  core::Money charged_;        // Of the whole job so far, by the ledger.
  std::optional<core::Money> price_max_;
  std::map<std::uint32_t, Following> followed_;
};

struct BillJob {
  JobFacts facts;
  std::vector<JobEvent> events;
};

void get_job_bill(const CallPointer& call) {
  auto facts = find_job(call);
  if (!facts) return;
  auto events = read_job_events(call->backend.reader(), facts->submitted.job);
  if (!events) return fail(*call, events.error());
  call->core.use_directory(
      call, facts->need(), [call, events = std::move(*events)](const auto& directory) {
        const JobFacts folded = fold_job(events);
        const auto view =
            JobBiller(call->backend.reader(), folded, *directory, Period{}).bill(events);
        if (!view) return fail(*call, view.error());
        respond_view(*call, *view);
      });
}

core::Result<Period> read_period(const Call& call) {
  Period period;
  const auto from = read_time(call, "from");
  if (!from) return from.error();
  const auto to = read_time(call, "to");
  if (!to) return to.error();
  if (*from) period.from = **from;
  if (*to) period.to = **to;
  return period;
}

struct BillPage {
  std::vector<BillJob> jobs;
  std::optional<std::string> next;
};

core::Result<BillPage> read_bill_page(storage::Reader& reader, std::uint32_t owner,
                                      std::size_t limit, const std::optional<std::string>& after) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::jobs_by_owner);
  scan.prefix = hub::encode_number(owner);
  scan.direction = storage::Direction::descending;
  scan.limit = limit + 1;
  if (after) scan.after_key = scan.prefix + *after;
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  BillPage page;
  for (const storage::IndexRow& row : *rows) {
    if (page.jobs.size() == limit) break;
    auto events = read_job_events(reader, hub::decode_number(row.key, 8));
    if (!events) return events.error();
    if (events->empty()) continue;
    page.jobs.push_back({fold_job(*events), std::move(*events)});
  }
  if (rows->size() > limit) page.next = make_cursor(kBillCursor, (*rows)[limit - 1].key.substr(8));
  return page;
}

core::Result<BillView> make_bill(storage::Reader& reader, const BillPage& page,
                                 const Directory& directory, const Period& period) {
  BillView view;
  view.agree = true;
  view.currency = directory.hub.currency;
  view.next = page.next;
  for (const BillJob& job : page.jobs) {
    auto one = JobBiller(reader, job.facts, directory, period).bill(job.events);
    if (!one) return one.error();
    if (one->records.empty() && one->disputes.empty()) continue;
    view.recomputed_micros += one->recomputed_micros;
    view.ledger_micros += one->ledger_micros;
    view.agree = view.agree && one->agree;
    view.jobs.push_back(std::move(*one));
  }
  return view;
}

void get_bill(const CallPointer& call) {
  const auto period = read_period(*call);
  if (!period) return fail(*call, period.error());
  const auto limit = read_limit(*call);
  if (!limit) return fail(*call, limit.error());
  const auto after = read_cursor(*call, kBillCursor, 8);
  if (!after) return fail(*call, after.error());
  const std::string owner = find_query(*call, "owner").value_or(call->caller.name);
  if (owner != call->caller.name && !call->caller.is_operator()) {
    return fail(*call, {core::Reason::denied, "?owner: operators only"});
  }
  look_then(
      call,
      [owner](const hub::HubMachine& machine) -> std::optional<std::uint32_t> {
        const auto found = machine.state().principal_handles.find(owner);
        if (found == machine.state().principal_handles.end()) return std::nullopt;
        return found->second;
      },
      [call, period = *period, limit = *limit,
       after = *after](std::optional<std::uint32_t> owner_) {
        if (!owner_) return fail(*call, {core::Reason::not_found, "no such principal"});
        auto page = read_bill_page(call->backend.reader(), *owner_, limit, after);
        if (!page) return fail(*call, page.error());
        DirectoryNeed need;
        for (const BillJob& job : page->jobs) {
          need.pools = std::max(need.pools, job.facts.need().pools);
          need.accounts = std::max(need.accounts, job.facts.need().accounts);
          need.principals = std::max(need.principals, job.facts.need().principals);
        }
        call->core.use_directory(
            call, need, [call, page = std::move(*page), period](const auto& directory) {
              const auto view = make_bill(call->backend.reader(), page, *directory, period);
              if (!view) return fail(*call, view.error());
              respond_view(*call, *view);
            });
      });
}

}  // namespace

void add_bill_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/jobs/{job}/bill",
                    "get_job_bill",
                    "A job's charges, recomputed from its signed usage records.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<JobBillView>,
                    200,
                    &get_job_bill});
  routes.push_back({"GET",
                    "/v1/bill",
                    "get_bill",
                    "The same for all jobs of the caller, newest first; sums are of the page.",
                    Visibility::owner,
                    Scope::ledger_read,
                    {{"from", "records that end at or after this time"},
                     {"to", "records that end before this time"},
                     {"owner", "operators: another principal"},
                     {"limit", "jobs a page, 1 to 1000; default 100"},
                     {"after", "the `next` of the page before"}},
                    nullptr,
                    &codec::openapi_schema<BillView>,
                    200,
                    &get_bill});
}

}  // namespace intertie::api
