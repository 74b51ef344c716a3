// What the user interface sends and takes, beside the job document (hub/job_document.h).
//
// Field names are public and stable: fields may be added, never renamed or given another meaning.
// Money is in micros of the hub's currency, sizes in bytes, lengths of time in microseconds: the
// unit stands in the name. Times are RFC 3339. An absent field is unknown or does not apply.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/hub_views.h"
#include "intertie/api/move_views.h"
#include "intertie/api/pool_views.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/reason.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/channel.h"
#include "intertie/hub/events.h"
#include "intertie/hub/job_document.h"
#include "intertie/ledger/account.h"
#include "intertie/ledger/entry.h"
#include "intertie/placement/card_choice.h"
#include "intertie/topology/pool.h"

namespace intertie::api {

/// RFC 9457 problem document.
struct ProblemView {
  std::string type;  // "urn:intertie:problem:<code>"
  std::string title;
  std::int32_t status = 0;
  std::string detail;
  std::string code;
  std::string fix;
};
BOOST_DESCRIBE_STRUCT(ProblemView, (), (type, title, status, detail, code, fix))

/// The problem document of an error.
ProblemView make_problem_view(const core::Error& error);

// Jobs

/// placed: capacity is reserved and the site has been told; running: the command runs.
enum class Phase : std::uint8_t { waiting, placed, running, ended };
BOOST_DESCRIBE_ENUM(Phase, waiting, placed, running, ended)

struct JobView {
  std::uint64_t number = 0;
  std::string name;
  std::string owner;
  Phase phase = Phase::waiting;
  std::optional<hub::JobOutcome> outcome;  // Set when ended.
  std::optional<ReasonView> reason;        // Of the end, of the last failure, or of the waiting.
  std::optional<std::string> site;         // Of the current or last attempt.
  std::optional<std::string> pool;
  std::uint32_t attempt = 0;  // 0: none yet.
  core::Time submitted;
  std::optional<core::Time> started;  // Of the current or last attempt.
  std::optional<core::Time> ended;
  std::optional<core::Time> deadline;
  std::optional<std::int32_t> exit_code;
  core::Money charged_micros;
  bool is_cancel_requested = false;
  hub::PriorityClass priority = hub::PriorityClass::normal;
  std::map<std::string, std::string> tags;
  std::uint64_t index = 0;            // Grows with every event of the job: for ?wait=30s&index=N.
  std::optional<std::string> region;  // Whose hub owns the pool of the current or last attempt.
  // In the answers to explain and cancel: that hub is silent, and if it stays so, the attempt is
  // over then.
  std::optional<core::Time> over_by = {};
};
BOOST_DESCRIBE_STRUCT(JobView, (),
                      (number, name, owner, phase, outcome, reason, site, pool, attempt, submitted,
                       started, ended, deadline, exit_code, charged_micros, is_cancel_requested,
                       priority, tags, index, region, over_by))

struct JobList {
  std::vector<JobView> jobs;        // Newest first.
  std::optional<std::string> next;  // Cursor: ?after=NEXT; absent on the last page.
};
BOOST_DESCRIBE_STRUCT(JobList, (), (jobs, next))

struct BulkRequest {
  std::vector<hub::JobDocument> jobs;
  static constexpr std::string_view required_fields[] = {"jobs"};
};
BOOST_DESCRIBE_STRUCT(BulkRequest, (), (jobs))

struct BulkItem {
  std::optional<std::uint64_t> number;
  bool is_repeat = false;
  std::optional<ProblemView> problem;
};
BOOST_DESCRIBE_STRUCT(BulkItem, (), (number, is_repeat, problem))

struct BulkView {
  std::vector<BulkItem> jobs;  // In the order asked.
};
BOOST_DESCRIBE_STRUCT(BulkView, (), (jobs))

struct OutputView {
  std::string name;
  std::string digest;
  core::Bytes size_bytes;
};
BOOST_DESCRIBE_STRUCT(OutputView, (), (name, digest, size_bytes))

struct OutputList {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::vector<OutputView> outputs;
};
BOOST_DESCRIBE_STRUCT(OutputList, (), (job, attempt, outputs))

struct ContentView {
  std::string digest;
  core::Bytes size_bytes;
};
BOOST_DESCRIBE_STRUCT(ContentView, (), (digest, size_bytes))

// Plans and explanations

struct CostView {
  core::Money computing_micros;
  core::Money data_micros;
  core::Money line_micros;
  core::Money delay_micros;
  core::Money total_micros;
};
BOOST_DESCRIBE_STRUCT(CostView, (),
                      (computing_micros, data_micros, line_micros, delay_micros, total_micros))

struct TimesView {
  core::Duration wait_microseconds;
  core::Duration move_microseconds;
  core::Duration run_microseconds;
  core::Duration send_output_microseconds;
};
BOOST_DESCRIBE_STRUCT(TimesView, (),
                      (wait_microseconds, move_microseconds, run_microseconds,
                       send_output_microseconds))

/// One pool's answer to a job.
struct PoolVerdictView {
  std::string site;
  std::string pool;
  std::string region;
  core::ComputeClass class_ = core::ComputeClass::basic;
  bool fits = false;    // Now.
  bool chosen = false;  // The cheapest that fits.
  std::optional<ReasonView> reason;
  std::optional<CostView> cost;
  std::optional<TimesView> times;
  /// At the time limit, with what moving data is weighed with; what is held is computing alone.
  std::optional<core::Money> price_max_micros;
  std::optional<std::int64_t> ops_per_second;  // Of one task, if the job names a rate.
  bool is_remote = false;                      // Announced by another region; site: "42/name".
  /// What follows is of a plan: absent in what was recorded of a choice.
  /// Measured, of one task: at the precision that the job names, else at that of the pool's class
  /// (FP64 of basic and super; of intelligent BF16, or INT8 if that alone was measured). Absent:
  /// no valid measurement has it.
  std::optional<core::Rate> task_rate;
  /// Inputs that would have to come from another region.
  std::optional<core::Bytes> moved_bytes;
  /// What one hour of the job costs there.
  std::optional<core::Money> per_hour_micros;
};
BOOST_DESCRIBE_STRUCT(PoolVerdictView, (),
                      (site, pool, region, class_, fits, chosen, reason, cost, times,
                       price_max_micros, ops_per_second, is_remote, task_rate, moved_bytes,
                       per_hour_micros))

struct ReasonCountView {
  ReasonView reason;
  std::int64_t pools = 0;
};
BOOST_DESCRIBE_STRUCT(ReasonCountView, (), (reason, pools))

/// The one change of the job that would let most pools run it.
struct ChangeView {
  std::string field;  // "need.rate"
  std::string sentence;
  std::int64_t pools_fitting_now = 0;
  std::int64_t pools_fitting_later = 0;  // Only their capacity is in use now.
};
BOOST_DESCRIBE_STRUCT(ChangeView, (), (field, sentence, pools_fitting_now, pools_fitting_later))

struct PlanView {
  std::optional<ReasonView> verdict;    // Absent: a pool fits now.
  std::vector<PoolVerdictView> pools;   // The cheapest that fits first, then by cost, then others.
  std::vector<ReasonCountView> counts;  // Refusals by reason, most frequent first.
  std::optional<ChangeView> change;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(PlanView, (), (verdict, pools, counts, change, currency))

/// A node that the card engine found good. Below 0: it uses cards that few others could.
struct RankedNodeView {
  std::uint32_t node = 0;
  std::int32_t score = 0;          // Higher wins; the lowest node among equals.
  std::int64_t regret_micros = 0;  // What is lost by it, in millionths of a card.
};
BOOST_DESCRIBE_STRUCT(RankedNodeView, (), (node, score, regret_micros))

struct NodeMisfitView {
  placement::NodeMisfit why = placement::NodeMisfit::down;
  std::int64_t nodes = 0;
};
BOOST_DESCRIBE_STRUCT(NodeMisfitView, (), (why, nodes))

/// What the card engine saw in the chosen pool.
struct CardChoiceView {
  std::int64_t nodes_evaluated = 0;
  std::int64_t nodes_fitting = 0;
  std::vector<NodeMisfitView> nodes_infeasible;  // By the first reason.
  std::vector<RankedNodeView> best;              // The first was chosen.
  core::MilliCpus milli_cpus_per_card;           // What a card brought in this pool then.
};
BOOST_DESCRIBE_STRUCT(CardChoiceView, (),
                      (nodes_evaluated, nodes_fitting, nodes_infeasible, best, milli_cpus_per_card))

/// The decision that placed the current or last attempt, as it was recorded then.
struct ChoiceView {
  std::uint32_t attempt = 0;
  core::Time at;
  std::string site;
  std::string pool;
  core::Money held_micros;
  std::int64_t pools_considered = 0;
  std::int64_t pools_fitting = 0;
  std::vector<PoolVerdictView> candidates;  // The best ones, cheapest first.
  std::vector<ReasonCountView> counts;
  std::string region;                     // Whose hub owns the pool.
  std::int64_t line_bits_per_second = 0;  // Reserved for its inputs on the line there; 0: none.
  std::optional<CardChoiceView> cards;    // Absent: the card engine was not asked.
};
BOOST_DESCRIBE_STRUCT(ChoiceView, (),
                      (attempt, at, site, pool, held_micros, pools_considered, pools_fitting,
                       candidates, counts, region, line_bits_per_second, cards))

struct HistoryView {
  std::uint64_t index = 0;
  core::Time at;
  std::string
      what;  // "submitted", "reserved", "chosen", "began", "charged", "disputed", "over", ...
  std::string sentence;
  std::optional<std::uint32_t> attempt;
  std::optional<ReasonView> reason;
};
BOOST_DESCRIBE_STRUCT(HistoryView, (), (index, at, what, sentence, attempt, reason))

struct ExplainView {
  JobView job;
  std::string summary;               // One sentence: why the job is where it is.
  std::optional<ReasonView> reason;  // Why it does not run; absent if it runs or has succeeded.
  std::optional<std::int64_t> jobs_ahead;  // At most: waiting jobs of the same needs.
  std::vector<PoolVerdictView> pools;      // While waiting: as in a plan.
  std::vector<ReasonCountView> counts;     // While waiting.
  std::optional<ChangeView> change;        // While waiting.
  std::optional<ChoiceView> choice;        // Once placed.
  std::vector<HistoryView> history;        // Oldest first.
  std::vector<MoveView> moves;             // Oldest first.
};
BOOST_DESCRIBE_STRUCT(ExplainView, (),
                      (job, summary, reason, jobs_ahead, pools, counts, change, choice, history,
                       moves))

// Sites

struct PoolView {
  std::string name;
  std::uint32_t handle = 0;
  core::ComputeClass class_ = core::ComputeClass::basic;
  topology::Authority authority = topology::Authority::intertie;
  topology::PoolStatus status = topology::PoolStatus::active;
  std::int64_t nodes = 0;
  std::int64_t nodes_up = 0;
  core::MilliCpus milli_cpus_per_node;
  core::Bytes memory_bytes_per_node;
  std::vector<topology::DeviceGroup> devices_per_node;
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::none;
  topology::Network network = topology::Network::none;
  PriceView price;
  std::optional<MeasuredView> measured;
  CapacityView total;
  CapacityView free;
  std::optional<FragmentationView> fragmentation;  // Absent: it has no devices.
};
BOOST_DESCRIBE_STRUCT(PoolView, (),
                      (name, handle, class_, authority, status, nodes, nodes_up,
                       milli_cpus_per_node, memory_bytes_per_node, devices_per_node, software,
                       isolation, network, price, measured, total, free, fragmentation))

/// How the site's channel opened last, for whoever may reconcile it.
struct SiteChannelView {
  engine::ChannelHello hello;        // What the site remembers.
  std::optional<ReasonView> reason;  // Why it was not opened.
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(SiteChannelView, (), (hello, reason, detail))

struct SiteView {
  std::string name;
  std::uint32_t handle = 0;
  std::string identifier;
  std::string region;
  std::string operator_account;
  topology::PoolStatus status = topology::PoolStatus::active;
  bool is_drained = false;
  bool is_connected = false;  // Heard of within site_lost_after.
  core::Time heard;           // Last sign of life.
  std::uint64_t rows_unacknowledged = 0;
  std::vector<PoolView> pools;
  std::optional<SiteChannelView> channel;  // GET /v1/sites/{site}, for operators of the hub.
  std::optional<identity::RecordStatus> record_status;  // Absent: it has no record.
  std::optional<core::Time> record_valid_until;
};
BOOST_DESCRIBE_STRUCT(SiteView, (),
                      (name, handle, identifier, region, operator_account, status, is_drained,
                       is_connected, heard, rows_unacknowledged, pools, channel, record_status,
                       record_valid_until))

struct SiteList {
  std::vector<SiteView> sites;
  std::vector<RemoteSiteView> remote;
};
BOOST_DESCRIBE_STRUCT(SiteList, (), (sites, remote))

struct PoolsRequest {
  std::vector<topology::Pool> pools;  // Handles, capability and status are not taken from here.
  static constexpr std::string_view required_fields[] = {"pools"};
};
BOOST_DESCRIBE_STRUCT(PoolsRequest, (), (pools))

struct MeasurementView {
  std::string site;
  std::string pool;
  core::Time at;
  bool is_accepted = false;
  std::optional<ReasonView> reason;
  std::string detail;
  std::string envelope;  // The signed statement; empty if it was erased.
  std::uint64_t index = 0;
};
BOOST_DESCRIBE_STRUCT(MeasurementView, (),
                      (site, pool, at, is_accepted, reason, detail, envelope, index))

struct MeasurementList {
  std::vector<MeasurementView> measurements;  // By pool, newest first.
};
BOOST_DESCRIBE_STRUCT(MeasurementList, (), (measurements))

/// The registration record behind an identifier.
struct RecordView {
  std::string id;
  std::string type;
  std::string name;
  std::string record;  // The signed envelope; empty for identifiers without one here.
};
BOOST_DESCRIBE_STRUCT(RecordView, (), (id, type, name, record))

struct SiteTokenRequest {
  std::string operator_;  // The principal who is paid; empty: the caller.
  core::Duration lifetime = core::hours(24);
};
BOOST_DESCRIBE_STRUCT(SiteTokenRequest, (), (operator_, lifetime))

struct SiteTokenView {
  std::string token;
  std::string operator_;
  core::Time expires;
  std::string address;
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(SiteTokenView, (), (token, operator_, expires, address, fingerprint))

// Money

struct AccountView {
  std::string name;
  std::string owner;
  ledger::AccountKind kind = ledger::AccountKind::user;
  core::Money balance_micros;
  core::Money held_micros;
  std::optional<core::Money> available_micros;  // Absent: without bound.
  core::Money credit_limit_micros;
  bool is_closed = false;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(AccountView, (),
                      (name, owner, kind, balance_micros, held_micros, available_micros,
                       credit_limit_micros, is_closed, currency))

struct AccountList {
  std::vector<AccountView> accounts;
};
BOOST_DESCRIBE_STRUCT(AccountList, (), (accounts))

struct PostingView {
  std::uint64_t index = 0;  // Of the entry in the hub's log.
  core::Time at;
  core::Money amount_micros;  // Added to the balance.
  ledger::Memo memo = ledger::Memo::usage;
  std::optional<std::uint64_t> job;
};
BOOST_DESCRIBE_STRUCT(PostingView, (), (index, at, amount_micros, memo, job))

struct PostingList {
  std::string account;
  std::vector<PostingView> postings;  // Newest first.
  std::optional<std::string> next;
};
BOOST_DESCRIBE_STRUCT(PostingList, (), (account, postings, next))

struct DepositRequest {
  core::Money amount_micros;  // Negative: a withdrawal.
  static constexpr std::string_view required_fields[] = {"amount_micros"};
};
BOOST_DESCRIBE_STRUCT(DepositRequest, (), (amount_micros))

struct CreditLimitRequest {
  core::Money credit_limit_micros;
  static constexpr std::string_view required_fields[] = {"credit_limit_micros"};
};
BOOST_DESCRIBE_STRUCT(CreditLimitRequest, (), (credit_limit_micros))

struct KindTotalsView {
  ledger::AccountKind kind = ledger::AccountKind::user;
  std::int64_t accounts = 0;
  core::Money balance_micros;
  core::Money held_micros;
};
BOOST_DESCRIBE_STRUCT(KindTotalsView, (), (kind, accounts, balance_micros, held_micros))

struct LedgerCheckView {
  bool is_sound = false;
  core::Money sum_micros;  // Of all balances: 0.
  std::int64_t accounts = 0;
  std::int64_t holds = 0;
  std::vector<KindTotalsView> kinds;
  std::vector<std::string> problems;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(LedgerCheckView, (),
                      (is_sound, sum_micros, accounts, holds, kinds, problems, currency))

/// One signed usage record and what follows from it.
struct BillRecordView {
  std::uint32_t attempt = 0;
  std::uint32_t number = 0;
  std::string site;
  std::string pool;
  core::Time from;
  core::Time to;
  core::MilliCpus milli_cpus;
  core::Bytes memory_bytes;
  std::int64_t devices = 0;
  core::Money recomputed_micros;  // From the record and the price agreed at the reservation.
  core::Money ledger_micros;      // What the payer's account was charged in the same entry.
  bool is_verified = false;       // The site's signature holds and the record fits the reservation.
  std::string problem;            // Why not.
  std::string region;             // Whose hub owns the pool, and is paid.
};
BOOST_DESCRIBE_STRUCT(BillRecordView, (),
                      (attempt, number, site, pool, from, to, milli_cpus, memory_bytes, devices,
                       recomputed_micros, ledger_micros, is_verified, problem, region))

/// dropped: of a charge here that another region disputed; forgotten when the two were reconciled.
enum class DisputeState : std::uint8_t { open, accepted, rejected, dropped };
BOOST_DESCRIBE_ENUM(DisputeState, open, accepted, rejected, dropped)

/// Of a dispute: a record of a site here, a charge of another region that this hub has not posted,
/// or one of this hub that another region has not posted.
enum class DisputeKind : std::uint8_t { site, payer, payee };
BOOST_DESCRIBE_ENUM(DisputeKind, site, payer, payee)

/// A usage record, or another region's charge for one, that was not accepted.
struct DisputeView {
  std::uint64_t id = 0;
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::string site;
  core::Time at;
  ReasonView reason;
  std::string detail;
  DisputeState state = DisputeState::open;
  std::optional<std::uint64_t> record;  // As the record says, if it can be read.
  std::optional<core::Time> from;
  std::optional<core::Time> to;
  std::optional<core::Money> claimed_micros;
  std::optional<core::Money> payable_micros;  // While open: what accepting it would pay.
  bool is_attempt_over = true;                // Else it cannot be accepted yet.
  core::Money paid_micros;
  std::optional<core::Time> resolved;
  std::string resolved_by;
  DisputeKind kind = DisputeKind::site;
  std::string region;                  // The other one's, between two hubs; `claimed_micros` is
  std::optional<std::uint64_t> offer;  // what was charged, and the offer the payer's number.
};
BOOST_DESCRIBE_STRUCT(DisputeView, (),
                      (id, job, attempt, site, at, reason, detail, state, record, from, to,
                       claimed_micros, payable_micros, is_attempt_over, paid_micros, resolved,
                       resolved_by, kind, region, offer))

struct JobBillView {
  std::uint64_t job = 0;
  std::string name;
  std::string account;
  core::Money recomputed_micros;
  core::Money ledger_micros;
  std::int64_t records_disputed = 0;
  bool agree = false;  // Every record verifies and the two sums are equal.
  std::vector<BillRecordView> records;
  std::vector<DisputeView> disputes;
};
BOOST_DESCRIBE_STRUCT(JobBillView, (),
                      (job, name, account, recomputed_micros, ledger_micros, records_disputed,
                       agree, records, disputes))

/// What one payer paid to one site, by the records of this page.
struct PaymentView {
  std::string payer;  // An account; of another region: its hub's clearing account.
  std::string payer_region;
  std::string site;
  std::string region;  // Of the hub that owns the site.
  std::int64_t records = 0;
  core::Money recomputed_micros;
  core::Money ledger_micros;
};
BOOST_DESCRIBE_STRUCT(PaymentView, (),
                      (payer, payer_region, site, region, records, recomputed_micros,
                       ledger_micros))

/// Bills of several jobs; the sums are over this page.
struct BillView {
  std::vector<JobBillView> jobs;  // Newest first; jobs without a record in the period are left out.
  core::Money recomputed_micros;
  core::Money ledger_micros;
  bool agree = false;
  std::string currency;
  std::optional<std::string> next;
  std::vector<PaymentView> payments;  // Who pays whom: by payer's region, payer, region, site.
};
BOOST_DESCRIBE_STRUCT(BillView, (),
                      (jobs, recomputed_micros, ledger_micros, agree, currency, next, payments))

// People and tokens

struct PrincipalRequest {
  std::string name;
  hub::Role role = hub::Role::user;
  std::int64_t jobs_max = 0;  // 0: the default limit.
  core::Money credit_limit_micros;
  static constexpr std::string_view required_fields[] = {"name"};
};
BOOST_DESCRIBE_STRUCT(PrincipalRequest, (), (name, role, jobs_max, credit_limit_micros))

struct PrincipalView {
  std::string name;
  hub::Role role = hub::Role::user;
  std::uint32_t handle = 0;
  std::string account;
  std::int64_t jobs = 0;      // That have not ended.
  std::int64_t jobs_max = 0;  // More are refused.
};
BOOST_DESCRIBE_STRUCT(PrincipalView, (), (name, role, handle, account, jobs, jobs_max))

struct PrincipalList {
  std::vector<PrincipalView> principals;  // In the order in which they were created.
};
BOOST_DESCRIBE_STRUCT(PrincipalList, (), (principals))

struct TokenRequest {
  std::string principal;            // Empty: the caller's own.
  std::vector<std::string> scopes;  // Empty: all that the principal's role allows.
  core::Duration lifetime = core::hours(24);
};
BOOST_DESCRIBE_STRUCT(TokenRequest, (), (principal, scopes, lifetime))

struct TokenView {
  std::string token;
  std::string id;
  std::string principal;
  std::vector<std::string> scopes;
  core::Time expires;
};
BOOST_DESCRIBE_STRUCT(TokenView, (), (token, id, principal, scopes, expires))

}  // namespace intertie::api
