// Jobs: submission, lists, waiting for changes, cancellation.
#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"
#include "intertie/hub/submission.h"

#include "everywhere.h"
#include "job_access.h"
#include "job_inputs.h"
#include "route.h"
#include "router_core.h"
#include "secret_boxes.h"

namespace intertie::api {
namespace {

constexpr char kJobCursor = 'j';
constexpr std::size_t kNumberBytes = 8;

core::Result<void> check_key(const std::string& key) {
  if (key.size() <= core::limits::idempotency_key_bytes_max) return {};
  return {core::Reason::too_large, "Idempotency-Key: at most idempotency_key_bytes_max"};
}

core::Result<hub::Submission> prepare(const Call& call, hub::JobDocument& document,
                                      const std::string& key, const LocatedDatasets& located) {
  if (auto done = complete_inputs(document, located, call.hub_region); !done) return done.error();
  auto submission = hub::prepare_submission(
      document, key.empty() ? std::nullopt : std::optional<std::string_view>(key));
  if (!submission) return submission;
  if (auto done = check_boxes(call.backend, document, call.caller.name); !done) return done.error();
  return submission;
}

// A key that the index knows: the earlier job, or the conflict. The live state's own check follows
// for keys too young for the index.
core::Result<std::optional<std::uint64_t>> find_repeat(const Call& call,
                                                       const hub::Submission& submission) {
  if (!submission.head.idempotency) return std::optional<std::uint64_t>();
  const auto row = call.backend.reader().read_index(
      table_id(hub::Table::idempotency),
      hub::make_idempotency_key(call.caller.principal, *submission.head.idempotency));
  if (!row) return row.error();
  if (!row->has_value()) return std::optional<std::uint64_t>();
  const auto known = codec::from_cbor<hub::IndexedKey>(**row, codec::Source::own);
  if (!known) return core::Error{core::Reason::store_damaged, known.error().detail};
  if (known->request_digest != submission.head.request_digest) {
    return core::Error{core::Reason::idempotency_conflict, "job " + std::to_string(known->job)};
  }
  return std::optional(known->job);
}

std::string make_location(std::uint64_t job) { return "/v1/jobs/" + std::to_string(job); }

void respond_repeat(const CallPointer& call, std::uint64_t job) {
  auto facts = read_job(call->backend.reader(), job);
  if (!facts) return fail(*call, facts.error());
  if (!*facts) return fail(*call, make_job_not_found(std::to_string(job)));
  const DirectoryNeed need = (*facts)->need();  // Before the facts are moved.
  call->core.use_directory(call, need,
                           [call, facts = std::move(**facts), job](const auto& directory) {
                             Response response = make_response(make_job_view(facts, *directory));
                             response.headers.emplace_back("Location", make_location(job));
                             response.headers.emplace_back("Idempotency-Replayed", "true");
                             respond(*call, std::move(response));
                           });
}

// What a job looks like the moment it was acknowledged.
JobView make_new_view(const Call& call, const hub::JobSubmitted& head) {
  JobView view;
  view.name = head.name;
  view.owner = call.caller.name;
  view.submitted = call.backend.now();
  view.deadline = head.deadline;
  view.priority = head.priority;
  view.tags = head.tags;
  return view;
}

void submit_located(const CallPointer& call, hub::JobDocument document,
                    const LocatedDatasets& located) {
  auto submission = prepare(*call, document, call->request.idempotency_key, located);
  if (!submission) return fail(*call, submission.error());
  const auto repeat = find_repeat(*call, *submission);
  if (!repeat) return fail(*call, repeat.error());
  if (*repeat) return respond_repeat(call, **repeat);
  JobView view = make_new_view(*call, submission->head);
  hub::SubmitJobs command;
  command.owner = call->caller.principal;
  command.jobs.push_back(std::move(*submission));
  submit_then(call, std::move(command), [call, view = std::move(view)](hub::Reply reply) mutable {
    const auto& outcome = std::get<hub::Submitted>(reply).jobs.front();
    if (!outcome) return fail(*call, outcome.error());
    if (outcome->is_repeat) return respond_repeat(call, outcome->job);
    view.number = outcome->job;
    Response response = make_response(view, 201);
    response.headers.emplace_back("Location", make_location(outcome->job));
    respond(*call, std::move(response));
  });
}

void submit_job(const CallPointer& call) {
  if (auto checked = check_key(call->request.idempotency_key); !checked) {
    return fail(*call, checked.error());
  }
  auto document = read_body<hub::JobDocument>(*call, core::limits::job_document_bytes_max);
  if (!document) return;
  auto keys = list_input_keys(*document);
  locate_datasets(call, std::move(keys),
                  [call, document = std::move(*document)](const LocatedDatasets& located) {
                    submit_located(call, document, located);
                  });
}

BulkItem make_item(const core::Result<hub::SubmittedJob>& outcome) {
  BulkItem item;
  if (outcome) {
    item.number = outcome->job;
    item.is_repeat = outcome->is_repeat;
  } else {
    item.problem = make_problem_view(outcome.error());
  }
  return item;
}

// Jobs that cannot be submitted keep their place; the others go to the engine together.
void submit_bulk_located(const CallPointer& call, BulkRequest bulk,
                         const LocatedDatasets& located) {
  const std::string& key = call->request.idempotency_key;
  auto view = std::make_shared<BulkView>();
  view->jobs.resize(bulk.jobs.size());
  hub::SubmitJobs command;
  command.owner = call->caller.principal;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < bulk.jobs.size(); ++i) {
    const std::string own_key = key.empty() ? key : key + "\n" + std::to_string(i);
    auto submission = prepare(*call, bulk.jobs[i], own_key, located);
    if (!submission) {
      view->jobs[i] = make_item(submission.error());
      continue;
    }
    const auto repeat = find_repeat(*call, *submission);
    if (!repeat || *repeat) {
      view->jobs[i] = make_item(repeat ? core::Result<hub::SubmittedJob>({**repeat, true})
                                       : core::Result<hub::SubmittedJob>(repeat.error()));
      continue;
    }
    positions.push_back(i);
    command.jobs.push_back(std::move(*submission));
  }
  if (command.jobs.empty()) return respond_view(*call, *view);
  submit_then(call, std::move(command), [call, view, positions](hub::Reply reply) {
    const auto& outcomes = std::get<hub::Submitted>(reply).jobs;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      view->jobs[positions[i]] = make_item(outcomes[i]);
    }
    call->backend.run_aside([call, view] { respond_view(*call, *view); });
  });
}

void submit_bulk(const CallPointer& call) {
  if (auto checked = check_key(call->request.idempotency_key); !checked) {
    return fail(*call, checked.error());
  }
  auto bulk = read_body<BulkRequest>(*call);
  if (!bulk) return;
  if (bulk->jobs.empty() || bulk->jobs.size() > core::limits::jobs_per_bulk_max) {
    return fail(*call, {core::Reason::out_of_range,
                        "jobs: 1 to " + std::to_string(core::limits::jobs_per_bulk_max)});
  }
  std::set<std::string> keys;
  for (const hub::JobDocument& document : bulk->jobs) {
    for (std::string& key : list_input_keys(document)) keys.insert(std::move(key));
  }
  if (keys.size() > kLocatedMax) {
    return fail(*call, {core::Reason::too_large,
                        "jobs: more than " + std::to_string(kLocatedMax) + " different inputs"});
  }
  locate_datasets(call, {keys.begin(), keys.end()},
                  [call, bulk = std::move(*bulk)](const LocatedDatasets& located) {
                    submit_bulk_located(call, bulk, located);
                  });
}

// Waits without a thread: each wake reads the job again.
class LongPoll : public std::enable_shared_from_this<LongPoll> {
 public:
  LongPoll(CallPointer call, JobFacts first, core::Time deadline,
           std::optional<std::uint64_t> index)
      : call_(std::move(call)), first_(std::move(first)), deadline_(deadline), index_(index) {}

  void start() {
    if (is_news(first_) || call_->backend.now() >= deadline_) return answer(first_);
    watch();
  }

 private:
  bool is_news(const JobFacts& facts) const {
    if (facts.phase == Phase::ended) return true;
    return index_ ? facts.index > *index_ : facts.phase != first_.phase;
  }

  // The watch is set before the job is read again, so no event falls between the two.
  void watch() {
    call_->backend.watch_job(first_.submitted.job, deadline_, [self = shared_from_this()] {
      if (!self->is_answered_) self->call_->backend.run_aside([self] { self->wake(); });
    });
    look(false);
  }

  void wake() {
    const bool is_last = call_->backend.now() >= deadline_;
    if (!look(is_last) && !is_last) watch();
  }

  bool look(bool must_answer) {
    const auto facts = read_job(call_->backend.reader(), first_.submitted.job);
    if (!facts || !*facts) {
      if (!is_answered_.exchange(true)) {
        fail(*call_,
             facts ? make_job_not_found(std::to_string(first_.submitted.job)) : facts.error());
      }
      return true;
    }
    if (!must_answer && !is_news(**facts)) return false;
    answer(**facts);
    return true;
  }

  void answer(const JobFacts& facts) {
    if (is_answered_.exchange(true)) return;
    call_->core.use_directory(call_, facts.need(), [call = call_, facts](const auto& directory) {
      respond_view(*call, make_job_view(facts, *directory));
    });
  }

  CallPointer call_;
  JobFacts first_;
  core::Time deadline_;
  std::optional<std::uint64_t> index_;
  std::atomic<bool> is_answered_{false};
};

void get_job(const CallPointer& call) {
  const auto wait = read_wait(*call);
  if (!wait) return fail(*call, wait.error());
  std::optional<std::uint64_t> index;
  if (find_query(*call, "index")) {
    const auto number = read_number(*call, "index", 0);
    if (!number) return fail(*call, number.error());
    index = *number;
  }
  auto facts = find_job(call);
  if (!facts) return;
  const core::Time deadline = call->backend.now() + *wait;
  std::make_shared<LongPoll>(call, std::move(*facts), deadline, index)->start();
}

void cancel_job(const CallPointer& call) {
  auto facts = find_job(call);
  if (!facts) return;
  hub::CancelJob command;
  command.job = facts->submitted.job;
  command.by = call->caller.principal;
  const auto look = [job = command.job](const hub::HubMachine& machine) {
    return machine.find_remote_bound(job);
  };
  const auto tell = [call](const std::optional<hub::HubMachine::RemoteBound>& bound) {
    auto after = find_job(call);
    if (!after) return;
    const DirectoryNeed need = after->need();  // Before the facts are moved.
    call->core.use_directory(call, need,
                             [call, bound, facts = std::move(*after)](const auto& directory) {
                               JobView view = make_job_view(facts, *directory);
                               if (bound && !bound->is_heard) view.over_by = bound->certain_end;
                               respond_view(*call, view, 202);
                             });
  };
  submit_then(call, command,
              [call, look, tell](const hub::Reply&) { look_then(call, look, tell); });
}

// What a list asks for.
struct ListQuery {
  std::optional<Phase> phase;
  std::optional<std::pair<std::string, std::string>> tag;
  std::optional<std::uint32_t> owner;  // Empty: every owner.
  std::size_t limit = 0;
  std::optional<std::string> after;  // Encoded number.
};

core::Result<ListQuery> read_list_query(const Call& call) {
  ListQuery query;
  const auto limit = read_limit(call);
  if (!limit) return limit.error();
  query.limit = *limit;
  auto after = read_cursor(call, kJobCursor, kNumberBytes);
  if (!after) return after.error();
  query.after = std::move(*after);
  if (const auto phase = find_query(call, "phase")) {
    if (*phase == "waiting") {
      query.phase = Phase::waiting;
    } else if (*phase == "running") {
      query.phase = Phase::running;
    } else if (*phase == "ended") {
      query.phase = Phase::ended;
    } else {
      return core::Error{core::Reason::bad_field, "?phase: waiting, running or ended"};
    }
  }
  if (const auto tag = find_query(call, "tag")) {
    const std::size_t colon = tag->find(':');
    if (colon == std::string::npos) {
      return core::Error{core::Reason::bad_field, "?tag: expected name:value"};
    }
    query.tag.emplace(tag->substr(0, colon), tag->substr(colon + 1));
  }
  return query;
}

bool is_wanted(const JobFacts& facts, const ListQuery& query) {
  if (query.tag) {
    const auto found = facts.submitted.tags.find(query.tag->first);
    if (found == facts.submitted.tags.end() || found->second != query.tag->second) return false;
  }
  if (!query.phase) return true;
  const Phase phase = facts.phase == Phase::placed ? Phase::running : facts.phase;
  return phase == *query.phase;
}

// The index table whose rows are the fewest for the query; its keys end with the job's number.
storage::Scan make_scan(const ListQuery& query) {
  storage::Scan scan;
  scan.direction = storage::Direction::descending;
  if (query.tag) {
    scan.table = table_id(hub::Table::jobs_by_tag);
    scan.prefix = hub::make_tag_prefix(*query.owner, query.tag->first, query.tag->second);
  } else if (query.phase) {
    const char phase = *query.phase == Phase::waiting ? 'w'
                       : *query.phase == Phase::ended ? 'e'
                                                      : 'r';
    scan.table = table_id(hub::Table::jobs_by_phase);
    scan.prefix = hub::make_phase_prefix(*query.owner, phase);
  } else {
    scan.table = table_id(hub::Table::jobs_by_owner);
    scan.prefix = hub::encode_number(*query.owner);
  }
  return scan;
}

// The numbers of the next jobs to look at, newest first; of all owners: simply all numbers.
core::Result<std::vector<std::uint64_t>> read_numbers(storage::Reader& reader,
                                                      const ListQuery& query,
                                                      const std::optional<std::string>& after,
                                                      std::size_t limit) {
  std::vector<std::uint64_t> numbers;
  if (query.owner) {
    storage::Scan scan = make_scan(query);
    if (after) scan.after_key = scan.prefix + *after;
    scan.limit = limit;
    const auto rows = reader.scan_index(scan);
    if (!rows) return rows.error();
    for (const storage::IndexRow& row : *rows) {
      numbers.push_back(hub::decode_number(row.key, row.key.size() - kNumberBytes));
    }
    return numbers;
  }
  std::uint64_t next = 0;
  if (after) {
    next = hub::decode_number(*after, 0);
  } else {
    storage::Scan scan;
    scan.table = table_id(hub::Table::job_events);
    scan.direction = storage::Direction::descending;
    scan.limit = 1;
    const auto rows = reader.scan_index(scan);
    if (!rows) return rows.error();
    if (!rows->empty()) next = hub::decode_number(rows->front().key, 0) + 1;
  }
  while (next > 1 && numbers.size() < limit) numbers.push_back(--next);
  return numbers;
}

struct Page {
  std::vector<JobFacts> jobs;
  std::optional<std::string> next;
};

// Reads on until the page is full, the list ends, or rows_per_request_max were looked at; a short
// page with a cursor is a page all the same.
core::Result<Page> read_page(storage::Reader& reader, const ListQuery& query) {
  Page page;
  std::optional<std::string> after = query.after;
  std::size_t looked_at = 0;
  while (true) {
    const std::size_t want = query.limit - page.jobs.size() + 1;
    const auto numbers = read_numbers(reader, query, after, want);
    if (!numbers) return numbers.error();
    for (const std::uint64_t number : *numbers) {
      if (page.jobs.size() == query.limit || looked_at == core::limits::rows_per_request_max) {
        page.next = make_cursor(kJobCursor, *after);
        return page;
      }
      const auto facts = read_job(reader, number);
      if (!facts) return facts.error();
      if (*facts && is_wanted(**facts, query)) page.jobs.push_back(std::move(**facts));
      after = hub::encode_number(number);
      ++looked_at;
    }
    if (numbers->size() < want) return page;
  }
}

void respond_list(const CallPointer& call, const ListQuery& query) {
  auto page = read_page(call->backend.reader(), query);
  if (!page) return fail(*call, page.error());
  DirectoryNeed need;
  for (const JobFacts& facts : page->jobs) {
    need.pools = std::max(need.pools, facts.need().pools);
    need.principals = std::max(need.principals, facts.need().principals);
  }
  call->core.use_directory(call, need, [call, page = std::move(*page)](const auto& directory) {
    JobList list;
    for (const JobFacts& facts : page.jobs) {
      list.jobs.push_back(make_job_view(facts, *directory));
    }
    list.next = page.next;
    respond_view(*call, list);
  });
}

void list_jobs(const CallPointer& call) {
  auto query = read_list_query(*call);
  if (!query) return fail(*call, query.error());
  const auto owner = find_query(*call, "owner");
  if (!owner || *owner == call->caller.name) {
    query->owner = call->caller.principal;
    return respond_list(call, *query);
  }
  if (!call->caller.is_operator()) {
    return fail(*call, {core::Reason::denied, "?owner: operators only"});
  }
  if (*owner == "*") return respond_list(call, *query);
  look_then(
      call,
      [name = *owner](const hub::HubMachine& machine) -> std::optional<std::uint32_t> {
        const auto found = machine.state().principal_handles.find(name);
        if (found == machine.state().principal_handles.end()) return std::nullopt;
        return found->second;
      },
      [call, query = std::move(*query)](std::optional<std::uint32_t> handle) mutable {
        if (!handle) return fail(*call, {core::Reason::not_found, "no such principal"});
        query.owner = handle;
        respond_list(call, query);
      });
}

}  // namespace

bool is_visible(const Caller& caller, const JobFacts& facts) {
  return caller.is_operator() || facts.submitted.owner == caller.principal;
}

core::Error make_job_not_found(const std::string& number) {
  return {core::Reason::not_found, "job " + number};
}

std::optional<JobFacts> find_job(const CallPointer& call) {
  const std::string& text = call->parameters.front();
  const auto number = parse_number(text, "job");
  if (!number) {
    fail(*call, number.error());
    return std::nullopt;
  }
  auto facts = read_job(call->backend.reader(), *number);
  if (!facts) {
    fail(*call, facts.error());
    return std::nullopt;
  }
  if (!*facts || !is_visible(call->caller, **facts)) {
    fail(*call, make_job_not_found(text));
    return std::nullopt;
  }
  return std::move(**facts);
}

void add_job_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/v1/jobs",
                    "submit_job",
                    "Submits a job. An Idempotency-Key makes repeats safe.",
                    Visibility::everybody,
                    Scope::jobs_write,
                    {},
                    &codec::openapi_schema<hub::JobDocument>,
                    &codec::openapi_schema<JobView>,
                    201,
                    &submit_job});
  routes.push_back({"GET",
                    "/v1/jobs",
                    "list_jobs",
                    "Lists jobs, newest first.",
                    Visibility::everybody,
                    Scope::jobs_read,
                    {{"phase", "waiting, running (placed ones too) or ended"},
                     {"tag", "name:value"},
                     {"owner", "operators: another principal, or * for all"},
                     {"limit", "jobs a page, 1 to 1000; default 100"},
                     {"after", "the `next` of the page before"}},
                    nullptr,
                    &codec::openapi_schema<JobList>,
                    200,
                    &list_jobs});
  routes.push_back({"GET",
                    "/v1/jobs/{job}",
                    "get_job",
                    "Shows a job; with ?wait, once its phase changes, it ends, or time is up.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {{"wait", "how long to wait for news, such as 30s; at most 60s"},
                     {"index", "news is any event after this `index` of an earlier answer"}},
                    nullptr,
                    &codec::openapi_schema<JobView>,
                    200,
                    &get_job});
  routes.push_back({"POST",
                    "/v1/jobs/{job}:cancel",
                    "cancel_job",
                    "Asks for a job to be stopped. A waiting one ends at once.",
                    Visibility::owner,
                    Scope::jobs_write,
                    {},
                    nullptr,
                    &codec::openapi_schema<JobView>,
                    202,
                    &cancel_job});
  routes.push_back({"POST",
                    "/v1/jobs:bulk",
                    "submit_bulk",
                    "Submits many jobs; each stands alone.",
                    Visibility::everybody,
                    Scope::jobs_write,
                    {},
                    &codec::openapi_schema<BulkRequest>,
                    &codec::openapi_schema<BulkView>,
                    200,
                    &submit_bulk});
}

}  // namespace intertie::api
