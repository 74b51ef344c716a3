#include "plan_view.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "intertie/placement/cost.h"
#include "intertie/placement/feasibility.h"
#include "intertie/topology/capability.h"

#include "remote_sites.h"

namespace intertie::api {
namespace {

using core::Reason;

// What a refusal's reason lets a job give up.
struct Rule {
  Reason reason;
  const char* field;
  const char* sentence;
  void (*relax)(hub::JobShape& shape);
};

const Rule kRules[] = {
    {Reason::region_excluded, "where", "Allow every region.",
     [](hub::JobShape& shape) {
       shape.requirements.regions.clear();
       shape.requirements.regions_excluded.clear();
       shape.requirements.sites_excluded.clear();
       shape.requirements.site_names_excluded.clear();
     }},
    {Reason::class_missing, "class", "Leave the compute class out.",
     [](hub::JobShape& shape) { shape.requirements.compute_class.reset(); }},
    {Reason::rate_too_low, "need.rate", "Ask for no rate.",
     [](hub::JobShape& shape) { shape.requirements.rate.reset(); }},
    {Reason::cpus_too_few, "need.cpus", "Ask for half as many processors, or fewer.",
     [](hub::JobShape& shape) {
       shape.requirements.cpus.count = std::max<std::int64_t>(shape.requirements.cpus.count / 2, 1);
     }},
    {Reason::cpus_too_few, "tasks", "Run it as one task.",
     [](hub::JobShape& shape) { shape.requirements.tasks = 1; }},
    {Reason::memory_too_small, "need.memory", "Ask for half the memory, or less.",
     [](hub::JobShape& shape) { shape.requirements.memory.count /= 2; }},
    {Reason::devices_too_few, "need.devices.model", "Take any model of device.",
     [](hub::JobShape& shape) {
       for (auto& device : shape.requirements.devices) device.model.clear();
     }},
    {Reason::devices_too_few, "need.devices.count", "Ask for half as many devices, or fewer.",
     [](hub::JobShape& shape) {
       for (auto& device : shape.requirements.devices) {
         device.count = std::max<std::int64_t>(device.count / 2, 1);
       }
     }},
    {Reason::devices_too_few, "need.devices", "Run it without devices.",
     [](hub::JobShape& shape) { shape.requirements.devices.clear(); }},
    {Reason::scratch_too_small, "need.scratch", "Ask for half the disk space, or less.",
     [](hub::JobShape& shape) { shape.requirements.scratch.count /= 2; }},
    {Reason::software_missing, "need.software", "Ask for no software; bring it along.",
     [](hub::JobShape& shape) { shape.requirements.software.clear(); }},
    {Reason::isolation_too_weak, "need.isolation", "Accept isolation by namespaces.",
     [](hub::JobShape& shape) { shape.requirements.isolation = topology::Isolation::namespace_; }},
    {Reason::network_refused, "need.network", "Run it without network.",
     [](hub::JobShape& shape) { shape.requirements.network = topology::Network::none; }},
    {Reason::secrets_refused, "secrets", "Run it without secrets.",
     [](hub::JobShape& shape) { shape.requirements.has_secrets = false; }},
    {Reason::latency_too_high, "where.max_latency_ms", "Set no limit of latency.",
     [](hub::JobShape& shape) { shape.requirements.latency_max_ms.reset(); }},
    {Reason::price_above_limit, "price.max", "Set no maximum price.",
     [](hub::JobShape& shape) { shape.price_max = {}; }},
    {Reason::deadline_impossible, "timeout", "Halve the time limit, or move the deadline.",
     [](hub::JobShape& shape) {
       shape.time_limit.count = std::max<std::int64_t>(shape.time_limit.count / 2, 1);
     }},
};

std::vector<Reason> list_reasons(const std::vector<placement::PoolVerdict>& verdicts) {
  std::vector<Reason> reasons;
  for (const placement::PoolVerdict& verdict : verdicts) {
    if (verdict.reason) reasons.push_back(*verdict.reason);
  }
  return reasons;
}

// The job fits there, only not now.
bool passes_by_itself(const std::optional<Reason>& reason) {
  return reason == Reason::busy || reason == Reason::line_full;
}

std::optional<ChangeView> find_change(const hub::HubMachine& machine, const hub::JobShape& shape,
                                      const PlanFacts& facts, core::Time deadline, core::Time now) {
  std::optional<ChangeView> best;
  for (const Relaxation& relaxation : list_relaxations(shape, list_reasons(facts.verdicts))) {
    ChangeView change{relaxation.field, relaxation.sentence, 0, 0};
    for (const auto& verdict : machine.explain_pools(relaxation.shape, deadline, now)) {
      if (!verdict.reason) ++change.pools_fitting_now;
      if (passes_by_itself(verdict.reason)) ++change.pools_fitting_later;
    }
    if (change.pools_fitting_now + change.pools_fitting_later == 0) continue;
    const auto rank = [](const ChangeView& one) {
      return std::pair(one.pools_fitting_now, one.pools_fitting_later);
    };
    if (!best || rank(change) > rank(*best)) best = std::move(change);
  }
  return best;
}

// The precisions that stand for a pool, the best first.
std::vector<core::Precision> list_precisions(const placement::Requirements& requirements,
                                             core::ComputeClass compute_class) {
  if (requirements.rate) return {requirements.rate->precision};
  if (compute_class != core::ComputeClass::intelligent) return {core::Precision::fp64};
  return {core::Precision::bf16, core::Precision::int8};
}

}  // namespace

std::vector<Relaxation> list_relaxations(const hub::JobShape& shape,
                                         const std::vector<Reason>& reasons) {
  std::vector<Relaxation> relaxations;
  for (const Rule& rule : kRules) {
    if (std::ranges::find(reasons, rule.reason) == reasons.end()) continue;
    Relaxation relaxation{rule.field, rule.sentence, shape};
    rule.relax(relaxation.shape);
    if (relaxation.shape == shape) continue;
    relaxation.shape.requirements =
        placement::make_canonical(std::move(relaxation.shape.requirements));
    relaxations.push_back(std::move(relaxation));
  }
  return relaxations;
}

PoolFigures compute_figures(const topology::Pool& pool, const hub::JobShape& shape,
                            const std::string& home, const topology::RegionLines& lines,
                            core::Time now) {
  PoolFigures figures;
  figures.per_hour = placement::compute_hourly_price(shape.requirements, pool.price);
  placement::JobPreferences preferences;
  preferences.price_per_hour_of_delay = shape.per_hour_of_delay;
  std::vector<placement::DataLocation> inputs = shape.inputs;
  if (inputs.empty()) inputs.push_back({shape.input, {}});
  for (placement::DataLocation& input : inputs) {
    if (input.regions.empty()) input.regions.push_back(home);
    if (placement::find_source(preferences, input, pool.region, &lines, now) == nullptr) continue;
    if (__builtin_add_overflow(figures.moved.count, input.size.count, &figures.moved.count)) {
      figures.moved.count = INT64_MAX;
    }
  }
  if (!pool.capability || !topology::is_valid_at(*pool.capability, now)) return figures;
  placement::Requirements asked = shape.requirements;
  for (const core::Precision precision : list_precisions(shape.requirements, pool.compute_class)) {
    asked.rate = core::Rate{precision, 0};
    const std::int64_t found = placement::compute_task_rate(*pool.capability, asked);
    if (found == 0) continue;
    figures.task_rate = core::Rate{precision, found};
    break;
  }
  return figures;
}

PlanFacts explain_shape(const hub::HubMachine& machine, const hub::JobShape& shape,
                        core::Time deadline, core::Time now) {
  PlanFacts facts;
  facts.topology = machine.state().topology;
  facts.currency = machine.state().facts.currency;
  facts.verdicts = machine.explain_pools(shape, deadline, now);
  const topology::RegionLines& lines = machine.lines();
  const std::string& home = machine.state().facts.region;
  for (const placement::PoolVerdict& verdict : facts.verdicts) {
    const topology::Pool* pool = facts.topology->find_pool(verdict.pool);
    if (pool == nullptr) continue;
    facts.figures[verdict.pool.index] = compute_figures(*pool, shape, home, lines, now);
  }
  for (const hub::AnnouncedPool& pool : machine.list_announced_pools()) {
    PoolVerdictView& name = facts.remote[pool.handle];
    name.site = name_remote_site(machine.state(), pool);
    name.pool = pool.terms->name;
    name.region = machine.state().peers[pool.peer].terms.region;
    name.class_ = pool.terms->compute_class;
    name.is_remote = true;
    facts.figures[pool.handle] = compute_figures(*pool.terms, shape, home, lines, now);
  }
  const auto verdict = find_verdict(facts.verdicts);
  if (verdict && !passes_by_itself(verdict)) {
    facts.change = find_change(machine, shape, facts, deadline, now);
  }
  return facts;
}

std::optional<Reason> find_verdict(const std::vector<placement::PoolVerdict>& verdicts) {
  if (verdicts.empty()) return Reason::no_sites;
  const auto has = [&](std::optional<Reason> reason) {
    return std::ranges::any_of(verdicts, [&](const auto& one) { return one.reason == reason; });
  };
  if (has(std::nullopt)) return std::nullopt;
  for (const Reason reason :
       {Reason::busy, Reason::line_full, Reason::deadline_impossible, Reason::price_above_limit}) {
    if (has(reason)) return reason;
  }
  // What passes by itself: nothing about the job is wrong.
  for (const Reason reason :
       {Reason::site_drained, Reason::site_unreachable, Reason::site_failing, Reason::unmeasured}) {
    if (has(reason)) return reason;
  }
  return has(Reason::data_policy) ? Reason::data_policy : Reason::unplaceable;
}

PoolVerdictView make_verdict_view(const topology::Snapshot& topology,
                                  const placement::PoolVerdict& verdict) {
  PoolVerdictView view;
  if (const topology::Pool* pool = topology.find_pool(verdict.pool)) {
    view.pool = pool->name;
    view.region = pool->region;
    view.class_ = pool->compute_class;
    view.site = topology.find_site(pool->site)->name;
  }
  return add_verdict(std::move(view), verdict);
}

PoolVerdictView add_verdict(PoolVerdictView view, const placement::PoolVerdict& verdict) {
  view.fits = !verdict.reason;
  if (verdict.reason) view.reason = make_reason_view(*verdict.reason);
  if (!verdict.candidate) return view;
  const placement::Candidate& one = *verdict.candidate;
  view.cost =
      CostView{one.cost.computing, one.cost.data, one.cost.line, one.cost.delay, one.cost.total};
  view.times = TimesView{one.time.wait, one.time.move, one.time.run, one.time.send_output};
  view.price_max_micros = one.price_max;
  if (one.ops_per_second > 0) view.ops_per_second = one.ops_per_second;
  return view;
}

std::vector<ReasonCountView> make_counts(std::vector<placement::ReasonCount> counts) {
  std::ranges::stable_sort(counts, std::greater<>(), &placement::ReasonCount::pools);
  std::vector<ReasonCountView> views;
  for (const placement::ReasonCount& count : counts) {
    views.push_back({make_reason_view(count.reason), count.pools});
  }
  return views;
}

PlanView make_plan_view(const PlanFacts& facts) {
  PlanView view;
  view.currency = facts.currency;
  view.change = facts.change;
  if (const auto verdict = find_verdict(facts.verdicts)) view.verdict = make_reason_view(*verdict);
  std::map<Reason, std::int64_t> counts;
  for (const placement::PoolVerdict& verdict : facts.verdicts) {
    const auto remote = facts.remote.find(verdict.pool.index);
    view.pools.push_back(remote == facts.remote.end() ? make_verdict_view(*facts.topology, verdict)
                                                      : add_verdict(remote->second, verdict));
    if (const auto found = facts.figures.find(verdict.pool.index); found != facts.figures.end()) {
      PoolVerdictView& row = view.pools.back();
      row.task_rate = found->second.task_rate;
      row.moved_bytes = found->second.moved;
      row.per_hour_micros = found->second.per_hour;
    }
    if (verdict.reason) ++counts[*verdict.reason];
  }
  // The order of the pools' handles decides ties, as it does in the placement.
  std::ranges::stable_sort(view.pools, [](const auto& a, const auto& b) {
    const auto rank = [](const PoolVerdictView& one) {
      return std::tuple(!one.fits, !one.cost.has_value(),
                        one.cost ? one.cost->total_micros.count : 0);
    };
    return rank(a) < rank(b);
  });
  if (!view.pools.empty() && view.pools.front().fits) view.pools.front().chosen = true;
  std::vector<placement::ReasonCount> rows;
  for (const auto& [reason, pools] : counts) rows.push_back({reason, pools});
  view.counts = make_counts(std::move(rows));
  return view;
}

}  // namespace intertie::api
