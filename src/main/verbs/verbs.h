// The verbs: one function each, in files named after them.
#pragma once

#include "command_line/parse.h"
#include "output/complaint.h"
#include "session/terminal.h"

namespace intertie::cli {

/// Runs the verb that was asked for. verb_dispatch.cc connects names and functions;
/// tests/cli asks every verb of the table for its function.
Outcome run_verb(const Invocation& invocation, const Terminal& terminal);

Outcome run_bench_placement(const Invocation& invocation, const Terminal& terminal);
Outcome run_bench_placement_scale(const Invocation& invocation, const Terminal& terminal);
Outcome run_bench_run(const Invocation& invocation, const Terminal& terminal);
Outcome run_bench_submit(const Invocation& invocation, const Terminal& terminal);
Outcome run_bill(const Invocation& invocation, const Terminal& terminal);
Outcome run_cancel(const Invocation& invocation, const Terminal& terminal);
Outcome run_completion(const Invocation& invocation, const Terminal& terminal);
Outcome run_config_show(const Invocation& invocation, const Terminal& terminal);
Outcome run_context_add(const Invocation& invocation, const Terminal& terminal);
Outcome run_context_list(const Invocation& invocation, const Terminal& terminal);
Outcome run_context_rm(const Invocation& invocation, const Terminal& terminal);
Outcome run_context_show(const Invocation& invocation, const Terminal& terminal);
Outcome run_context_use(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_get(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_ls(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_pin(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_put(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_rm(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_show(const Invocation& invocation, const Terminal& terminal);
Outcome run_data_unpin(const Invocation& invocation, const Terminal& terminal);
Outcome run_dev(const Invocation& invocation, const Terminal& terminal);
Outcome run_doctor(const Invocation& invocation, const Terminal& terminal);
Outcome run_explain(const Invocation& invocation, const Terminal& terminal);
Outcome run_help(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_init(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_add(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_user_add(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_user_list(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_user_token(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_adjust(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_card(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_list(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_change(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_reconcile(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_peer_settle(const Invocation& invocation, const Terminal& terminal);
Outcome run_line_add(const Invocation& invocation, const Terminal& terminal);
Outcome run_line_list(const Invocation& invocation, const Terminal& terminal);
Outcome run_line_rm(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_start(const Invocation& invocation, const Terminal& terminal);
Outcome run_id_check(const Invocation& invocation, const Terminal& terminal);
Outcome run_id_new(const Invocation& invocation, const Terminal& terminal);
Outcome run_id_show(const Invocation& invocation, const Terminal& terminal);
Outcome run_jobs(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_accounts(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_check(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_deposit(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_disputes(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_limit(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_postings(const Invocation& invocation, const Terminal& terminal);
Outcome run_ledger_resolve(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_reindex(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_backup(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_copy(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_public(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_show(const Invocation& invocation, const Terminal& terminal);
Outcome run_log_verify(const Invocation& invocation, const Terminal& terminal);
Outcome run_logs(const Invocation& invocation, const Terminal& terminal);
Outcome run_measure(const Invocation& invocation, const Terminal& terminal);
Outcome run_outputs(const Invocation& invocation, const Terminal& terminal);
Outcome run_plan(const Invocation& invocation, const Terminal& terminal);
Outcome run_run(const Invocation& invocation, const Terminal& terminal);
Outcome run_simulate(const Invocation& invocation, const Terminal& terminal);
Outcome run_hub_rotate_keys(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_amend(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_reinstate(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_retire(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_suspend(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_doctor(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_drain(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_join(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_reconcile(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_revoke(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_resume(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_rotate_keys(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_start(const Invocation& invocation, const Terminal& terminal);
Outcome run_site_token(const Invocation& invocation, const Terminal& terminal);
Outcome run_sites(const Invocation& invocation, const Terminal& terminal);
Outcome run_submit(const Invocation& invocation, const Terminal& terminal);
/// jobs --watch.
Outcome watch_jobs(const Invocation& invocation, const Terminal& terminal);
Outcome list_guests(const Invocation& invocation, const Terminal& terminal);

}  // namespace intertie::cli
