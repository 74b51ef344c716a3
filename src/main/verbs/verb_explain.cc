// intertie explain: why a job runs where it runs, or does not run, and what would help.
#include <cstdlib>

#include "intertie/codec/json.h"

#include "output/escape.h"
#include "output/for_people.h"
#include "session/hub_session.h"
#include "session/serving.h"
#include "verbs/job_listing.h"
#include "verbs/job_number.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

std::string indent(const std::string& text) {
  std::string result = "  ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) result += "  ";
  }
  return result;
}

std::string render_pools(const std::vector<api::PoolVerdictView>& pools,
                         const std::string& currency, const Terminal& terminal) {
  const std::size_t columns = terminal.columns();
  Listing listing = make_pool_listing(pools, currency);
  drop_empty_columns(listing, true);
  return indent(render_table(listing, "", columns == kUnlimitedColumns ? columns : columns - 2));
}

/// "0.25", of millionths of a card.
std::string cards_text(std::int64_t micros) {
  const std::int64_t hundredths = (std::abs(micros) + 5'000) / 10'000;
  const std::string cents = std::to_string(100 + hundredths % 100).substr(1);
  const bool is_negative = micros < 0 && hundredths > 0;
  return (is_negative ? "-" : "") + std::to_string(hundredths / 100) + "." + cents;
}

std::string render_cards(const api::CardChoiceView& cards) {
  std::string text = "Of " + std::to_string(cards.nodes_evaluated) + " nodes there, " +
                     std::to_string(cards.nodes_fitting) + " had room";
  for (const api::NodeMisfitView& misfit : cards.nodes_infeasible) {
    const std::string count = std::to_string(misfit.nodes);
    text += misfit.why == placement::NodeMisfit::down
                ? ", " + count + " down"
                : ", " + count + " short of " + std::string(codec::encode(misfit.why).as_string());
  }
  text += ".\n";
  for (std::size_t i = 0; i < cards.best.size(); ++i) {
    const api::RankedNodeView& best = cards.best[i];
    text += std::string(i == 0 ? "Chosen: node " : "Next: node ") + std::to_string(best.node) +
            ", score " + std::to_string(best.score) + ", regret " + cards_text(best.regret_micros) +
            " cards.\n";
  }
  return text;
}

std::string render_choice(const api::ChoiceView& choice, core::Time now,
                          const std::string& currency, const Terminal& terminal) {
  std::string text = "\nAttempt " + std::to_string(choice.attempt) + " was given to site " +
                     choice.site + ", pool " + choice.pool + ", " + relative_time(choice.at, now) +
                     ": the cheapest of " + std::to_string(choice.pools_fitting) + " that fit, " +
                     std::to_string(choice.pools_considered) + " in all; " +
                     money_text(choice.held_micros, currency) + " were held for it.\n";
  if (choice.line_bits_per_second > 0) {
    text += "Of the line to region " + choice.region + " " +
            short_rate(choice.line_bits_per_second, "bit/s") +
            " were reserved for its inputs, until it began.\n";
  }
  if (choice.cards) text += render_cards(*choice.cards);
  text += render_pools(choice.candidates, currency, terminal);
  return text + render_refusals(choice.counts, std::nullopt);
}

std::string render_history(const std::vector<api::HistoryView>& history, core::Time start) {
  std::string text = "\nHistory\n";
  for (const api::HistoryView& event : history) {
    std::string line = "  +" + short_duration(event.at - start);
    line.resize(std::max<std::size_t>(12, line.size() + 1), ' ');
    text += line + escape_controls(event.sentence);  // A site's words may be in it.
    if (event.reason) text += " (" + event.reason->code + ")";
    text += "\n";
  }
  return text;
}

std::string render_explanation(const api::ExplainView& view, const std::string& currency,
                               const Terminal& terminal) {
  const core::Time now = read_clock();
  std::string text =
      terminal.bold("job " + std::to_string(view.job.number) + ": " + render_state(view.job)) +
      "\n" + view.summary + "\n";
  if (view.jobs_ahead && *view.jobs_ahead > 0) {
    text += std::to_string(*view.jobs_ahead) + " jobs with the same needs are ahead.\n";
  }
  if (!view.pools.empty()) {
    text += "\nThe grid as it is now\n" + render_pools(view.pools, currency, terminal);
  }
  text += render_refusals(view.counts, view.change);
  if (view.choice) text += render_choice(*view.choice, now, currency, terminal);
  if (!view.history.empty()) text += render_history(view.history, view.job.submitted);
  if (view.reason) text += "\nwhy: " + view.reason->sentence + "\nfix: " + view.reason->fix + "\n";
  return text;
}

}  // namespace

Outcome run_explain(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(invocation.operands[0]);
  if (!number) return make_complaint(number.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<api::ExplainView> view = session->client().explain_job(*number);
  if (!view) return session->complain(view.error(), "intertie jobs lists yours");
  return terminal.show_object(codec::encode(*view),
                              render_explanation(*view, session->currency(), terminal),
                              view->reason ? view->reason->code : "");
}

}  // namespace intertie::cli
