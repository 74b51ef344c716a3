// Views of the interface as tables for people and exact values for programs.
#include "verbs/job_listing.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"

#include "output/cells.h"
#include "output/for_people.h"

namespace intertie::cli {
namespace {

Cell time_cell(const std::optional<core::Time>& time, core::Time now) {
  if (!time) return Cell("-", "");
  return Cell(relative_time(*time, now), core::to_rfc3339(*time));
}

Cell duration_cell(core::Duration duration) {
  return Cell(duration.count == 0 ? "-" : short_duration(duration), std::to_string(duration.count));
}

/// FP64 of a core, for a glance.
Cell rate_cell(const std::optional<api::MeasuredView>& measured) {
  if (!measured) return Cell("unmeasured", "");
  if (!measured->is_valid) return Cell("expired", "");
  for (const core::Rate& rate : measured->rates_per_cpu) {
    if (rate.precision != core::Precision::fp64) continue;
    return Cell(short_rate(rate.ops_per_second, "op/s"), std::to_string(rate.ops_per_second));
  }
  return Cell("measured", "");
}

/// Of one task, with its precision: figures of different ones are not to be compared.
Cell task_rate_cell(const api::PoolVerdictView& pool) {
  if (pool.task_rate) {
    return Cell(short_rate(pool.task_rate->ops_per_second, "op/s") + " " +
                    std::string(core::precision_name(pool.task_rate->precision)),
                std::to_string(pool.task_rate->ops_per_second));
  }
  if (!pool.ops_per_second) return Cell("-", "");
  return Cell(short_rate(*pool.ops_per_second, "op/s"), std::to_string(*pool.ops_per_second));
}

Cell moved_cell(const std::optional<core::Bytes>& bytes) {
  if (!bytes) return Cell("-", "");
  return Cell(bytes->count == 0 ? "-" : short_bytes(*bytes), std::to_string(bytes->count));
}

/// Why a pool that fits was not chosen: what makes most of the difference in cost.
std::string render_defeat(const api::PoolVerdictView& winner, const api::PoolVerdictView& loser,
                          const std::string& currency) {
  if (!winner.cost || !loser.cost) return "fits, costs more";
  const api::CostView& best = *winner.cost;
  const api::CostView& cost = *loser.cost;
  const std::int64_t more = cost.total_micros.count - best.total_micros.count;
  if (more <= 0) return "fits, costs the same; the other joined earlier";
  const std::pair<std::int64_t, const char*> parts[] = {
      {cost.computing_micros.count - best.computing_micros.count, "computing"},
      {cost.data_micros.count - best.data_micros.count, "moving its data"},
      {cost.line_micros.count - best.line_micros.count, "sending its output"},
      {cost.delay_micros.count - best.delay_micros.count, "the later end"}};
  const auto* const most =
      std::ranges::max_element(parts, {}, &std::pair<std::int64_t, const char*>::first);
  return "fits, costs " + money_text({more}, currency) + " more, most of it for " + most->second;
}

/// Free devices of all, the most on one node, and how many have no cores there.
struct DeviceCells {
  Cell free{"-", ""};
  Cell largest{"-", ""};
  Cell stranded{"-", ""};
};

DeviceCells make_device_cells(const std::optional<api::FragmentationView>& fragmentation,
                              std::int64_t total) {
  DeviceCells cells;
  if (!fragmentation) return cells;
  const std::string free = std::to_string(fragmentation->free_devices);
  const std::int64_t tenths = (fragmentation->stranded_devices_milli + 50) / 100;
  cells.free = Cell(free + "/" + std::to_string(total), free);
  cells.largest = Cell(std::to_string(fragmentation->largest_devices));
  cells.stranded = Cell(std::to_string(tenths / 10) + "." + std::to_string(tenths % 10),
                        std::to_string(fragmentation->stranded_devices_milli));
  return cells;
}

std::string render_devices(const std::vector<topology::DeviceGroup>& groups) {
  std::string text;
  for (const topology::DeviceGroup& group : groups) {
    text += (text.empty() ? "" : ", ") + std::to_string(group.count) + " x " +
            (group.model.empty() ? group.kind : group.model);
  }
  return text;
}

}  // namespace

std::string render_state(const api::JobView& job) {
  if (!job.outcome) return job.is_cancel_requested ? "cancelling" : enum_name(job.phase);
  std::string text = enum_name(*job.outcome);
  if (*job.outcome == hub::JobOutcome::failed && job.reason) text += " (" + job.reason->code + ")";
  return text;
}

Listing make_job_listing(const std::vector<api::JobView>& jobs, core::Time now,
                         const std::string& currency) {
  Listing listing;
  listing.columns = {{"number", "JOB", Align::right},
                     {"name", "NAME"},
                     {"state", "STATE"},
                     {"site", "SITE"},
                     {"submitted", "SUBMITTED"},
                     {"run_microseconds", "RAN", Align::right},
                     {"exit_code", "EXIT", Align::right},
                     {"charged_micros", "CHARGED", Align::right}};
  for (const api::JobView& job : jobs) {
    const core::Duration ran = job.started && job.ended ? *job.ended - *job.started
                               : job.started            ? now - *job.started
                                                        : core::Duration{};
    const std::string code = job.exit_code ? std::to_string(*job.exit_code) : "";
    listing.rows.push_back(
        {Cell(std::to_string(job.number)), Cell(job.name), Cell(render_state(job)),
         Cell(job.site.value_or("-"), job.site.value_or("")), time_cell(job.submitted, now),
         duration_cell(ran), Cell(code.empty() ? "-" : code, code),
         money_cell(job.charged_micros, currency)});
  }
  return listing;
}

Listing make_pool_listing(const std::vector<api::PoolVerdictView>& pools,
                          const std::string& currency) {
  Listing listing;
  listing.columns = {{"site", "SITE"},
                     {"pool", "POOL"},
                     {"class", "CLASS"},
                     {"ops_per_second", "RATE", Align::right},
                     {"wait_microseconds", "WAIT", Align::right},
                     {"moved_bytes", "DATA", Align::right},
                     {"move_microseconds", "MOVE", Align::right},
                     {"per_hour_micros", "AN HOUR", Align::right},
                     {"total_micros", "TOTAL", Align::right},
                     {"price_max_micros", "AT MOST", Align::right},
                     {"verdict", "VERDICT"}};
  const auto chosen = std::ranges::find_if(pools, &api::PoolVerdictView::chosen);
  for (const api::PoolVerdictView& pool : pools) {
    const bool is_beaten = chosen != pools.end() && pool.fits && !pool.chosen;
    std::string verdict = pool.chosen ? "chosen"
                          : is_beaten ? render_defeat(*chosen, pool, currency)
                          : pool.fits ? "fits"
                                      : "";
    if (pool.reason) verdict = pool.reason->sentence;
    const std::string code = pool.chosen ? "chosen" : pool.fits ? "fits" : "";
    const api::TimesView times = pool.times.value_or(api::TimesView{});
    listing.rows.push_back(
        {Cell(pool.site), Cell(pool.pool), Cell(std::string(core::compute_class_name(pool.class_))),
         task_rate_cell(pool), duration_cell(times.wait_microseconds), moved_cell(pool.moved_bytes),
         duration_cell(times.move_microseconds), money_cell(pool.per_hour_micros, currency),
         money_cell(pool.cost ? std::optional(pool.cost->total_micros) : std::nullopt, currency),
         money_cell(pool.price_max_micros, currency),
         Cell(verdict, pool.reason ? pool.reason->code : code)});
  }
  return listing;
}

std::string render_refusals(const std::vector<api::ReasonCountView>& counts,
                            const std::optional<api::ChangeView>& change) {
  std::string text;
  for (const api::ReasonCountView& count : counts) {
    text += "  " + std::to_string(count.pools) + (count.pools == 1 ? " pool: " : " pools: ") +
            count.reason.sentence + " (" + count.reason.code + ")\n";
  }
  if (change) {
    text += "What would help: " + change->sentence;
    if (change->pools_fitting_now + change->pools_fitting_later > 0) {
      text += " Then " + std::to_string(change->pools_fitting_now) + " fit now, " +
              std::to_string(change->pools_fitting_later) + " later.";
    }
    text += "\n";
  }
  return text;
}

std::string render_job(const api::JobView& job, core::Time now, const std::string& currency) {
  const auto line = [](const std::string& name, const std::string& value) {
    if (value.empty()) return std::string();
    std::string text = "  " + name;
    text.resize(14, ' ');
    return text + value + "\n";
  };
  const auto when = [now](const std::optional<core::Time>& time) {
    return time ? relative_time(*time, now) + " (" + core::to_rfc3339(*time) + ")" : std::string();
  };
  std::string text = "job " + std::to_string(job.number) +
                     (job.name.empty() ? "" : " \"" + job.name + "\"") + ": " + render_state(job) +
                     "\n";
  text += line("owner", job.owner);
  if (job.site) {
    text += line("site", *job.site + (job.pool ? ", pool " + *job.pool : "") +
                             (job.region ? ", region " + *job.region : ""));
  }
  if (job.attempt > 0) text += line("attempt", std::to_string(job.attempt));
  text += line("submitted", when(job.submitted)) + line("started", when(job.started)) +
          line("ended", when(job.ended)) + line("deadline", when(job.deadline));
  if (job.exit_code) text += line("exit code", std::to_string(*job.exit_code));
  text += line("charged", money_text(job.charged_micros, currency));
  for (const auto& [name, value] : job.tags) text += line("tag", name + "=" + value);
  if (job.reason) text += line("why", job.reason->sentence) + line("fix", job.reason->fix);
  return text;
}

Listing make_site_listing(const std::vector<api::SiteView>& sites, core::Time now,
                          const std::string& currency) {
  Listing listing;
  listing.columns = {{"site", "SITE"},
                     {"pool", "POOL"},
                     {"class", "CLASS"},
                     {"status", "STATUS"},
                     {"free_milli_cpus", "FREE CPUS", Align::right},
                     {"free_memory_bytes", "FREE MEMORY", Align::right},
                     {"devices", "DEVICES"},
                     {"fp64_ops_per_core", "FP64 A CORE", Align::right},
                     {"per_cpu_hour_micros", "CPU HOUR", Align::right},
                     {"isolation", "ISOLATION"},
                     {"heard", "HEARD"},
                     {"region", "REGION"},
                     {"free_devices", "FREE DEVICES", Align::right, true},
                     {"largest_devices", "ON ONE NODE", Align::right, true},
                     {"stranded_devices_milli", "STRANDED", Align::right, true}};
  for (const api::SiteView& site : sites) {
    for (const api::PoolView& pool : site.pools) {
      const std::string status = site.is_drained      ? "drained"
                                 : !site.is_connected ? "lost"
                                                      : enum_name(pool.status);
      const std::string cpus =
          core::to_text(pool.free.milli_cpus) + "/" + core::to_text(pool.total.milli_cpus);
      const std::string devices = render_devices(pool.devices_per_node);
      const DeviceCells free = make_device_cells(pool.fragmentation, pool.total.devices);
      listing.rows.push_back(
          {Cell(site.name), Cell(pool.name),
           Cell(std::string(core::compute_class_name(pool.class_))), Cell(status),
           Cell(cpus, std::to_string(pool.free.milli_cpus.count)),
           Cell(short_bytes(pool.free.memory_bytes), std::to_string(pool.free.memory_bytes.count)),
           Cell(devices.empty() ? "-" : devices, devices), rate_cell(pool.measured),
           money_cell(pool.price.per_cpu_hour_micros, currency), Cell(enum_name(pool.isolation)),
           time_cell(site.heard, now), Cell(site.region), free.free, free.largest, free.stranded});
    }
  }
  return listing;
}

void add_remote_sites(Listing& listing, const std::vector<api::RemoteSiteView>& sites,
                      core::Time now, const std::string& currency) {
  for (const api::RemoteSiteView& site : sites) {
    for (const api::RemotePoolView& pool : site.pools) {
      const std::string cpus =
          core::to_text(pool.free.milli_cpus) + "/" + core::to_text(pool.total.milli_cpus);
      const std::string devices = render_devices(pool.devices_per_node);
      const DeviceCells free = make_device_cells(pool.fragmentation, pool.total.devices);
      listing.rows.push_back(
          {Cell(site.region + "/" + site.name), Cell(pool.name),
           Cell(std::string(core::compute_class_name(pool.class_))),
           Cell(site.is_lost ? "lost" : enum_name(pool.status)),
           Cell(cpus, std::to_string(pool.free.milli_cpus.count)),
           Cell(short_bytes(pool.free.memory_bytes), std::to_string(pool.free.memory_bytes.count)),
           Cell(devices.empty() ? "-" : devices, devices), rate_cell(pool.measured),
           money_cell(pool.price.per_cpu_hour_micros, currency), Cell(enum_name(pool.isolation)),
           time_cell(site.heard, now), Cell(site.region), free.free, free.largest, free.stranded});
    }
  }
}

}  // namespace intertie::cli
