// What would happen to a job (plan), and why it is where it is (explain).
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/hub/explanation.h"
#include "intertie/hub/submission.h"
#include "intertie/transfer/dataset_name.h"

#include "everywhere.h"
#include "history.h"
#include "job_access.h"
#include "job_inputs.h"
#include "plan_view.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

void plan_located(const CallPointer& call, hub::JobDocument document,
                  const LocatedDatasets& located) {
  if (auto done = complete_known_inputs(document, located, call->hub_region); !done) {
    return fail(*call, done.error());
  }
  const auto submission = hub::prepare_submission(document, std::nullopt);
  if (!submission) return fail(*call, submission.error());
  const core::Time deadline = submission->head.deadline.value_or(core::kNever);
  const core::Time now = call->backend.now();
  look_then(
      call,
      [submission = *submission, deadline,
       now](const hub::HubMachine& machine) -> core::Result<PlanFacts> {
        const auto shape = machine.resolve_shape(submission);
        if (!shape) return shape.error();
        return explain_shape(machine, *shape, deadline, now);
      },
      [call](const core::Result<PlanFacts>& facts) {
        if (!facts) return fail(*call, facts.error());
        respond_view(*call, make_plan_view(*facts));
      });
}

void plan_job(const CallPointer& call) {
  auto document = read_body<hub::JobDocument>(*call, core::limits::job_document_bytes_max);
  if (!document) return;
  // A path of the user's machine is no dataset yet.
  auto keys = list_input_keys(*document);
  std::erase_if(keys, [](const std::string& key) { return !transfer::parse_dataset_key(key); });
  locate_datasets(call, std::move(keys),
                  [call, document = std::move(*document)](const LocatedDatasets& located) {
                    plan_located(call, document, located);
                  });
}

// What the state says about a job that waits.
struct WaitingFacts {
  bool is_waiting = false;
  PlanFacts plan;
  std::int64_t ahead = 0;
  core::Time not_before;
  bool is_out_of_money = false;
  std::optional<hub::HubMachine::RemoteBound> remote;  // Of a job that runs in another region.
};

WaitingFacts look_at_waiting(const hub::HubMachine& machine, std::uint64_t number, core::Time now) {
  WaitingFacts facts;
  const hub::Job* job = machine.state().find_job(number);
  facts.remote = machine.find_remote_bound(number);
  if (job == nullptr || job->phase != hub::JobPhase::waiting) return facts;
  facts.is_waiting = true;
  facts.not_before = job->not_before;
  facts.is_out_of_money = job->is_out_of_money;
  const auto queued = static_cast<std::int64_t>(machine.state().queue.count_shape(job->shape));
  facts.ahead = queued > 0 ? queued - 1 : 0;
  facts.plan = explain_shape(machine, machine.state().shapes[job->shape], job->deadline, now);
  return facts;
}

core::Reason find_waiting_reason(const WaitingFacts& facts, core::Time now) {
  if (facts.is_out_of_money) return core::Reason::insufficient_funds;
  if (facts.not_before > now) return core::Reason::start_later;
  return find_verdict(facts.plan.verdicts).value_or(core::Reason::waiting);
}

void describe_waiting(ExplainView& view, const WaitingFacts& facts, core::Time now) {
  const core::Reason reason = find_waiting_reason(facts, now);
  PlanView plan = make_plan_view(facts.plan);
  view.reason = make_reason_view(reason);
  view.jobs_ahead = facts.ahead;
  view.pools = std::move(plan.pools);
  view.counts = std::move(plan.counts);
  view.change = std::move(plan.change);
  view.summary = "The job waits. " + view.reason->sentence;
  if (reason == core::Reason::start_later) {
    view.summary += " It may start at " + core::to_rfc3339(facts.not_before) + ".";
  }
  for (const ReasonCountView& count : view.counts) {
    view.summary += " " + std::to_string(count.pools) + " x " + count.reason.code + ".";
  }
  if (view.change) view.summary += " What would help: " + view.change->sentence;
}

CardChoiceView make_card_choice_view(const placement::CardChoice& choice) {
  CardChoiceView view;
  view.nodes_evaluated = choice.evaluated;
  view.nodes_fitting = choice.fitting;
  view.milli_cpus_per_card = choice.cpus_per_card;
  for (const placement::MisfitCount& count : choice.infeasible) {
    view.nodes_infeasible.push_back({count.why, count.nodes});
  }
  for (const placement::RankedNode& ranked : choice.best) {
    view.best.push_back({ranked.node, ranked.score, ranked.regret_micros});
  }
  return view;
}

// The decision as it was recorded, with today's names of the pools.
std::optional<ChoiceView> read_choice(storage::Reader& reader, const AttemptFacts& attempt,
                                      const Directory& directory) {
  ChoiceView view;
  view.attempt = attempt.number;
  view.at = attempt.chosen_at;
  view.held_micros = attempt.held;
  if (attempt.offer) {
    view.site = name_remote_site(*attempt.offer, directory);
    view.pool = attempt.offer->pool_name;
    view.region = directory.peers[attempt.offer->peer].region;
  } else {
    const PoolVerdictView names =
        make_verdict_view(*directory.topology, {{attempt.reserved.pool}, {}, {}});
    view.site = names.site;
    view.pool = names.pool;
    view.region = names.region;
  }
  const auto body = reader.read_body(attempt.chosen);
  if (!body || body->state != storage::BodyState::present) return view;
  const auto decision = codec::from_json<hub::Explanation>(body->bytes, codec::Boundary::tolerant);
  if (!decision) return view;
  view.pools_considered = decision->pools;
  view.pools_fitting = decision->fitting;
  if (decision->line) view.line_bits_per_second = decision->line->bits_per_second;
  for (const placement::Candidate& candidate : decision->candidates) {
    PoolVerdictView row =
        make_verdict_view(*directory.topology, {candidate.pool, std::nullopt, candidate});
    row.chosen = candidate.pool == decision->chosen;
    for (const hub::RemotePoolName& remote : decision->remote) {
      if (remote.pool != candidate.pool.index) continue;
      row.site = remote.region + "/" + remote.site;
      row.region = remote.region;
      row.pool = remote.name;
      row.is_remote = true;
    }
    view.candidates.push_back(std::move(row));
  }
  view.counts = make_counts(decision->refused);
  if (decision->cards) view.cards = make_card_choice_view(*decision->cards);
  return view;
}

// As the job document says since it was submitted.
JobInputs read_inputs(Backend& backend, const JobFacts& facts, const std::string& owner) {
  const auto body = backend.reader().read_body(facts.document);
  if (!body || body->state != storage::BodyState::present) return std::nullopt;
  const auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  if (!document) return std::nullopt;
  std::set<crypto::Digest> roots;
  for (const hub::DataIn& input : document->data.in) {
    if (input.from.empty()) continue;
    const auto key = transfer::parse_dataset_key(input.from);
    if (!key) return std::nullopt;
    if (key->kind == transfer::DatasetKey::Kind::root) {
      roots.insert(key->digest);
      continue;
    }
    const auto info = backend.datasets().find(owner, *key);
    if (!info) return std::nullopt;
    roots.insert(info->root);
  }
  return roots;
}

std::string summarise(const JobView& job) {
  const std::string place = job.site ? *job.site + "/" + job.pool.value_or("") : "";
  if (job.phase == Phase::placed) {
    return "The job was sent to " + place + ", which prepares it.";
  }
  if (job.phase == Phase::running) return "The job runs at " + place + ".";
  if (job.outcome == hub::JobOutcome::succeeded) return "The job has succeeded at " + place + ".";
  if (job.outcome == hub::JobOutcome::cancelled) return "The job was cancelled.";
  return "The job has failed." + (job.reason ? " " + job.reason->sentence : "");
}

// Its hub is silent, so nobody knows how the job is.
void describe_silence(ExplainView& view, const hub::HubMachine::RemoteBound& bound) {
  if (bound.is_heard) return;
  view.job.over_by = bound.certain_end;
  view.reason = make_reason_view(core::Reason::hub_unreachable);
  view.summary += " The hub of region " + view.job.region.value_or("") +
                  " has not been heard since " + core::to_rfc3339(bound.heard) +
                  ". If it stays silent, the attempt is over at " +
                  core::to_rfc3339(bound.certain_end) + " at the latest, and the job " +
                  (view.job.is_cancel_requested ? "is cancelled then." : "goes on without it.");
}

/// What a site says of an end, in its own words: the body of the event.
struct SiteWord {
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(SiteWord, (), (detail))

/// A site may say much: its first bytes, cut between characters.
std::string shorten(const std::string& text) {
  constexpr std::size_t kBytesMax = 256;
  if (text.size() <= kBytesMax) return text;
  std::size_t length = kBytesMax;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return text.substr(0, length) + "...";
}

void add_site_words(storage::Reader& reader, const std::vector<JobEvent>& events,
                    std::vector<HistoryView>& history) {
  for (const JobEvent& one : events) {
    const auto* over = std::get_if<hub::AttemptOver>(&one.event);
    if (over == nullptr || !over->failure) continue;
    const auto body = reader.read_body(one.index);
    if (!body) continue;
    const auto word = codec::from_json<SiteWord>(body->bytes, codec::Boundary::tolerant);
    const auto shown = std::ranges::find(history, one.index, &HistoryView::index);
    if (!word || word->detail.empty() || shown == history.end()) continue;
    shown->sentence += " (" + shorten(word->detail) + ")";
  }
}

void explain_job(const CallPointer& call) {
  auto known = find_job(call);
  if (!known) return;
  const std::uint64_t number = known->submitted.job;
  const core::Time now = call->backend.now();
  const auto tell = [call, number, now](const WaitingFacts& waiting) {
    const auto events = read_job_events(call->backend.reader(), number);
    if (!events) return fail(*call, events.error());
    const JobFacts facts = fold_job(*events);
    call->core.use_directory(
        call, facts.need(), [call, facts, events = *events, waiting, now](const auto& directory) {
          ExplainView view;
          view.job = make_job_view(facts, *directory);
          const JobInputs inputs = read_inputs(call->backend, facts, view.job.owner);
          view.history = make_history(events, *directory, inputs);
          add_site_words(call->backend.reader(), events, view.history);
          view.moves = list_moves(events, inputs);
          if (waiting.is_waiting) {
            describe_waiting(view, waiting, now);
          } else {
            view.summary = summarise(view.job);
            if (view.job.outcome != hub::JobOutcome::succeeded) view.reason = view.job.reason;
            if (waiting.remote) describe_silence(view, *waiting.remote);
          }
          if (const AttemptFacts* attempt = facts.current()) {
            view.choice = read_choice(call->backend.reader(), *attempt, *directory);
          }
          respond_view(*call, view);
        });
  };
  if (known->phase == Phase::ended) return tell({});
  look_then(
      call,
      [number, now](const hub::HubMachine& machine) {
        return look_at_waiting(machine, number, now);
      },
      tell);
}

}  // namespace

void add_plan_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/v1/plan",
                    "plan_job",
                    "What every pool says to a job, without submitting it.",
                    Visibility::everybody,
                    Scope::jobs_read,
                    {},
                    &codec::openapi_schema<hub::JobDocument>,
                    &codec::openapi_schema<PlanView>,
                    200,
                    &plan_job});
  routes.push_back({"GET",
                    "/v1/jobs/{job}/explain",
                    "explain_job",
                    "Why a job waits, runs where it runs, or ended as it did.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<ExplainView>,
                    200,
                    &explain_job});
}

}  // namespace intertie::api
