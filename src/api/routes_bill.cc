// Bills: signed usage records beside what the ledger charged, and who pays whom.
#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"

#include "job_access.h"
#include "job_biller.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr char kBillCursor = 'b';
constexpr std::string_view kEverybody = "*";

// The keys with which announced sites sign now, by pool.
using AnnouncedKeys = std::map<std::string, std::string>;

void use_announced_keys(const CallPointer& call, std::function<void(AnnouncedKeys)> then) {
  look_then(
      call,
      [](const hub::HubMachine& machine) {
        AnnouncedKeys keys;
        for (const hub::AnnouncedPool& pool : machine.list_announced_pools()) {
          keys[pool.terms->identifier] = pool.site_sign_key;
        }
        return keys;
      },
      std::move(then));
}

void get_job_bill(const CallPointer& call) {
  const auto facts = find_job(call);
  if (!facts) return;
  auto job = read_bill_job(call->backend.reader(), facts->submitted.job);
  if (!job) return fail(*call, job.error());
  use_announced_keys(call, [call, job = std::move(**job)](const AnnouncedKeys& keys) {
    call->core.use_directory(call, find_need(job), [call, job, keys](const auto& directory) {
      const auto view = bill_job({call->backend.reader(), *directory, keys}, job, {});
      if (!view) return fail(*call, view.error());
      respond_view(*call, *view);
    });
  });
}

core::Result<BillPeriod> read_period(const Call& call) {
  BillPeriod period;
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

// One owner's jobs, newest first.
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
    auto job = read_bill_job(reader, hub::decode_number(row.key, 8));
    if (!job) return job.error();
    if (*job) page.jobs.push_back(std::move(**job));
  }
  if (rows->size() > limit) page.next = make_cursor(kBillCursor, (*rows)[limit - 1].key.substr(8));
  return page;
}

// Everybody's and those of other regions: the numbers from `last` downwards.
core::Result<BillPage> read_whole_page(storage::Reader& reader, std::uint64_t last,
                                       std::size_t limit, const std::optional<std::string>& after) {
  BillPage page;
  std::uint64_t number = after ? std::min(hub::decode_number(*after, 0) - 1, last) : last;
  for (std::size_t count = 0; count < limit && number > 0; ++count, --number) {
    auto job = read_bill_job(reader, number);
    if (!job) return job.error();
    if (*job) page.jobs.push_back(std::move(**job));
  }
  if (number > 0) page.next = make_cursor(kBillCursor, hub::encode_number(number + 1));
  return page;
}

std::vector<PaymentView> make_payments(
    const std::map<std::tuple<std::string, std::string, std::string, std::string>, PaymentView>&
        rows) {
  std::vector<PaymentView> payments;
  for (const auto& [key, row] : rows) payments.push_back(row);
  return payments;
}

core::Result<BillView> make_bill(const BillSources& sources, const BillPage& page,
                                 const BillPeriod& period) {
  BillView view;
  view.agree = true;
  view.currency = sources.directory.hub.currency;
  view.next = page.next;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, PaymentView> payments;
  for (const BillJob& job : page.jobs) {
    auto one = bill_job(sources, job, period);
    if (!one) return one.error();
    if (one->records.empty() && one->disputes.empty()) continue;
    const std::string& region =
        job.guest_of ? sources.directory.peers[*job.guest_of].region : sources.directory.hub.region;
    for (const BillRecordView& record : one->records) {
      PaymentView& row = payments[{region, one->account, record.region, record.site}];
      row.payer = one->account;
      row.payer_region = region;
      row.site = record.site;
      row.region = record.region;
      ++row.records;
      row.recomputed_micros += record.recomputed_micros;
      row.ledger_micros += record.ledger_micros;
    }
    view.recomputed_micros += one->recomputed_micros;
    view.ledger_micros += one->ledger_micros;
    view.agree = view.agree && one->agree;
    view.jobs.push_back(std::move(*one));
  }
  view.payments = make_payments(payments);
  return view;
}

// The owner whose jobs are billed; nobody: all jobs up to the last number.
struct BillOwner {
  std::optional<std::uint32_t> handle;
  std::uint64_t last_job = 0;
};

void respond_bill(const CallPointer& call, const core::Result<BillPage>& page,
                  const BillPeriod& period) {
  if (!page) return fail(*call, page.error());
  DirectoryNeed need;
  for (const BillJob& job : page->jobs) {
    const DirectoryNeed one = find_need(job);
    need.pools = std::max(need.pools, one.pools);
    need.accounts = std::max(need.accounts, one.accounts);
    need.principals = std::max(need.principals, one.principals);
    need.peers = std::max(need.peers, one.peers);
  }
  use_announced_keys(call, [call, need, page = *page, period](const AnnouncedKeys& keys) {
    call->core.use_directory(call, need, [call, page, period, keys](const auto& directory) {
      const auto view = make_bill({call->backend.reader(), *directory, keys}, page, period);
      if (!view) return fail(*call, view.error());
      respond_view(*call, *view);
    });
  });
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
      [owner](const hub::HubMachine& machine) -> std::optional<BillOwner> {
        const hub::State& state = machine.state();
        if (owner == kEverybody) return BillOwner{std::nullopt, state.next_job - 1};
        const auto found = state.principal_handles.find(owner);
        if (found == state.principal_handles.end()) return std::nullopt;
        return BillOwner{found->second, 0};
      },
      [call, period = *period, limit = *limit,
       after = *after](const std::optional<BillOwner>& whose) {
        if (!whose) return fail(*call, {core::Reason::not_found, "no such principal"});
        storage::Reader& reader = call->backend.reader();
        respond_bill(call,
                     whose->handle ? read_bill_page(reader, *whose->handle, limit, after)
                                   : read_whole_page(reader, whose->last_job, limit, after),
                     period);
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
  routes.push_back(
      {"GET",
       "/v1/bill",
       "get_bill",
       "The same for all jobs of the caller, newest first; sums are of the page.",
       Visibility::owner,
       Scope::ledger_read,
       {{"from", "records that end at or after this time"},
        {"to", "records that end before this time"},
        {"owner", "operators: another principal, or * for all, guests of other regions too"},
        {"limit", "jobs a page, 1 to 1000; default 100"},
        {"after", "the `next` of the page before"}},
       nullptr,
       &codec::openapi_schema<BillView>,
       200,
       &get_bill});
}

}  // namespace intertie::api
