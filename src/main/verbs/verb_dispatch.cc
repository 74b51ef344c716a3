// Which function runs which verb.
#include <array>
#include <string_view>

#include "session/error_log.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

struct Entry {
  std::string_view path;
  Outcome (*run)(const Invocation& invocation, const Terminal& terminal);
};

constexpr std::array kEntries = {
    Entry{"bench placement", run_bench_placement},
    Entry{"bench placement-scale", run_bench_placement_scale},
    Entry{"bench run", run_bench_run},
    Entry{"bench submit", run_bench_submit},
    Entry{"bill", run_bill},
    Entry{"cancel", run_cancel},
    Entry{"completion", run_completion},
    Entry{"config show", run_config_show},
    Entry{"context add", run_context_add},
    Entry{"context list", run_context_list},
    Entry{"context rm", run_context_rm},
    Entry{"context show", run_context_show},
    Entry{"context use", run_context_use},
    Entry{"data get", run_data_get},
    Entry{"data ls", run_data_ls},
    Entry{"data pin", run_data_pin},
    Entry{"data put", run_data_put},
    Entry{"data rm", run_data_rm},
    Entry{"data show", run_data_show},
    Entry{"data unpin", run_data_unpin},
    Entry{"dev", run_dev},
    Entry{"doctor", run_doctor},
    Entry{"explain", run_explain},
    Entry{"help", run_help},
    Entry{"hub init", run_hub_init},
    Entry{"hub peer add", run_hub_peer_add},
    Entry{"hub peer adjust", run_hub_peer_adjust},
    Entry{"hub peer card", run_hub_peer_card},
    Entry{"hub peer change", run_hub_peer_change},
    Entry{"hub peer list", run_hub_peer_list},
    Entry{"hub peer reconcile", run_hub_peer_reconcile},
    Entry{"hub peer settle", run_hub_peer_settle},
    Entry{"hub rotate-keys", run_hub_rotate_keys},
    Entry{"hub start", run_hub_start},
    Entry{"hub user add", run_hub_user_add},
    Entry{"hub user list", run_hub_user_list},
    Entry{"hub user token", run_hub_user_token},
    Entry{"id check", run_id_check},
    Entry{"id new", run_id_new},
    Entry{"id show", run_id_show},
    Entry{"jobs", run_jobs},
    Entry{"ledger accounts", run_ledger_accounts},
    Entry{"ledger check", run_ledger_check},
    Entry{"ledger deposit", run_ledger_deposit},
    Entry{"ledger disputes", run_ledger_disputes},
    Entry{"ledger limit", run_ledger_limit},
    Entry{"ledger postings", run_ledger_postings},
    Entry{"ledger resolve", run_ledger_resolve},
    Entry{"line add", run_line_add},
    Entry{"line list", run_line_list},
    Entry{"line rm", run_line_rm},
    Entry{"log reindex", run_log_reindex},
    Entry{"log backup", run_log_backup},
    Entry{"log copy", run_log_copy},
    Entry{"log public", run_log_public},
    Entry{"log show", run_log_show},
    Entry{"log verify", run_log_verify},
    Entry{"logs", run_logs},
    Entry{"measure", run_measure},
    Entry{"outputs", run_outputs},
    Entry{"plan", run_plan},
    Entry{"run", run_run},
    Entry{"simulate", run_simulate},
    Entry{"site amend", run_site_amend},
    Entry{"site doctor", run_site_doctor},
    Entry{"site drain", run_site_drain},
    Entry{"site join", run_site_join},
    Entry{"site list", run_sites},
    Entry{"site reconcile", run_site_reconcile},
    Entry{"site reinstate", run_site_reinstate},
    Entry{"site retire", run_site_retire},
    Entry{"site revoke", run_site_revoke},
    Entry{"site resume", run_site_resume},
    Entry{"site rotate-keys", run_site_rotate_keys},
    Entry{"site start", run_site_start},
    Entry{"site suspend", run_site_suspend},
    Entry{"site token", run_site_token},
    Entry{"sites", run_sites},
    Entry{"submit", run_submit},
};

}  // namespace

Outcome run_verb(const Invocation& invocation, const Terminal& terminal) {
  for (const Entry& entry : kEntries) {
    if (entry.path != invocation.verb->path) continue;
    return run_guarded(
        [&] { return entry.run(invocation, terminal); },
        [&](std::string_view what) { return log_unexpected_error(invocation, what); });
  }
  return make_complaint(
      {core::Reason::internal, "no function for " + std::string(invocation.verb->path)});
}

}  // namespace intertie::cli
