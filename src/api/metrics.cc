#include "metrics.h"

#include <array>
#include <cstdint>
#include <string_view>

#include "intertie/core/limits.h"

namespace intertie::api {
namespace {

class Writer {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    text_ += "# HELP ";
    text_.append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }
  // `labels` as written between the braces; empty: none.
  void sample(std::string_view name, std::string_view labels, const std::string& value) {
    text_.append(name);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(value).append("\n");
  }
  void add(std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t value) {
    begin(name, type, help);
    sample(name, "", std::to_string(value));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// Money as units of the currency, exact.
std::string write_units(core::Money money) { return core::to_text(money); }

void write_jobs(Writer& writer, const hub::State& state) {
  const hub::Counters& counters = state.counters;
  writer.add("intertie_hub_jobs_submitted_total", "counter", "Jobs acknowledged.",
             counters.submitted);
  writer.add("intertie_hub_jobs_refused_total", "counter", "Jobs refused at admission.",
             counters.refused);
  writer.begin("intertie_hub_jobs_ended_total", "counter", "Jobs that have ended, by outcome.");
  writer.sample("intertie_hub_jobs_ended_total", R"(outcome="succeeded")",
                std::to_string(counters.succeeded));
  writer.sample("intertie_hub_jobs_ended_total", R"(outcome="failed")",
                std::to_string(counters.failed));
  writer.sample("intertie_hub_jobs_ended_total", R"(outcome="cancelled")",
                std::to_string(counters.cancelled));
  writer.add("intertie_hub_attempts_total", "counter", "Attempts sent to sites.",
             counters.attempts);
  writer.add("intertie_hub_usage_disputed_total", "counter", "Usage records not accepted.",
             counters.disputes);
  writer.add("intertie_hub_jobs_waiting", "gauge", "Jobs that wait for capacity.",
             state.jobs.size() - state.reservations.size());
  writer.add("intertie_hub_jobs_running", "gauge", "Jobs placed or running.",
             state.reservations.size());
}

void write_sites(Writer& writer, const hub::State& state) {
  std::array<std::uint64_t, 4> by_status{};
  std::uint64_t unacknowledged = 0;
  for (const hub::SiteState& site : state.sites) {
    ++by_status[static_cast<std::size_t>(site.status)];
    unacknowledged += site.outbox.size();
  }
  constexpr std::array<std::string_view, 4> labels = {R"(status="active")", R"(status="drained")",
                                                      R"(status="lost")", R"(status="failing")"};
  writer.begin("intertie_hub_sites", "gauge", "Sites by status.");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    writer.sample("intertie_hub_sites", labels[i], std::to_string(by_status[i]));
  }
  writer.add("intertie_hub_outbox_rows", "gauge", "Rows that sites have not acknowledged.",
             unacknowledged);
  placement::FreeCounts free;
  placement::FreeCounts total;
  for (const placement::PoolCapacity& capacity : state.capacities) {
    free.cpus += capacity.free().cpus;
    total.cpus += capacity.total().cpus;
    free.memory += capacity.free().memory;
    total.memory += capacity.total().memory;
  }
  writer.begin("intertie_hub_cpus", "gauge", "Processor cores of all pools.");
  writer.sample("intertie_hub_cpus", R"(state="free")", core::to_text(free.cpus));
  writer.sample("intertie_hub_cpus", R"(state="total")", core::to_text(total.cpus));
  writer.begin("intertie_hub_memory_bytes", "gauge", "Memory of all pools.");
  writer.sample("intertie_hub_memory_bytes", R"(state="free")", std::to_string(free.memory.count));
  writer.sample("intertie_hub_memory_bytes", R"(state="total")",
                std::to_string(total.memory.count));
}

}  // namespace

std::string render_metrics(const hub::HubMachine& machine, core::Time now) {
  const hub::State& state = machine.state();
  Writer writer;
  write_jobs(writer, state);
  write_sites(writer, state);
  std::uint64_t silent = 0;
  for (const hub::SiteState& site : state.sites) {
    const bool is_silent =
        now - machine.get_heard(site.site.handle.index) >= core::limits::site_lost_after;
    if (is_silent) ++silent;
  }
  writer.add("intertie_hub_sites_silent", "gauge", "Sites not heard of for site_lost_after.",
             silent);
  writer.add("intertie_hub_accounts", "gauge", "Accounts of the ledger.",
             state.ledger.account_count());
  writer.add("intertie_hub_holds", "gauge", "Open holds of the ledger.", state.ledger.hold_count());
  if (const ledger::Account* fees = state.ledger.find_account(state.fees)) {
    writer.begin("intertie_hub_fees_balance_units", "gauge",
                 "Balance of the hub's fees, in units of its currency.");
    writer.sample("intertie_hub_fees_balance_units", "", write_units(fees->balance));
  }
  return writer.take();
}

}  // namespace intertie::api
