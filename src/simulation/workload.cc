#include "workload.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "regions.h"

namespace intertie::simulation {
namespace {

constexpr std::uint32_t kAlways = 1000;

struct Draw {
  const Scenario& scenario;
  core::Random& random;
  core::Time now;

  bool permille(std::int64_t share) {
    return share > 0 && random.below(1000) < static_cast<std::uint64_t>(share);
  }
  core::Duration between(core::Duration low, core::Duration high) {
    return {random.between(low.count, high.count)};
  }
};

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, number).ptr == end;
}

// As many short ones as long ones, on a scale of powers of two.
core::Duration draw_length(Draw& draw, const JobMix& mix) {
  std::int64_t octaves = 0;
  while ((mix.shortest.count << (octaves + 1)) <= mix.longest.count) ++octaves;
  const std::int64_t low = mix.shortest.count << draw.random.between(0, octaves);
  return {std::min(mix.longest.count, draw.random.between(low, 2 * low))};
}

// A few limits only: jobs of one shape share a queue.
core::Duration choose_limit(core::Duration length) {
  for (const core::Duration limit : {core::seconds(20), core::minutes(1), core::minutes(3)}) {
    if (length + core::seconds(5) < limit) return limit;
  }
  return std::max(core::minutes(20), length * 2);
}

void draw_need(Draw& draw, hub::JobDocument& document) {
  const JobMix& mix = draw.scenario.jobs;
  const auto doublings = static_cast<unsigned>(draw.random.below(3));
  document.need.cpus = core::MilliCpus{1000 << doublings};
  document.need.memory = core::Bytes{1LL << 30};
  if (draw.permille(mix.gang_permille)) {
    document.tasks = static_cast<std::uint32_t>(draw.random.between(2, 5));
    document.need.cpus = core::MilliCpus{1000};
  }
  const auto has_devices = [](const SiteSpec& site) { return site.devices > 0; };
  if (std::ranges::any_of(draw.scenario.sites, has_devices) && draw.permille(mix.device_permille)) {
    document.need.devices =
        hub::DeviceNeed{"gpu", "", static_cast<std::uint32_t>(draw.random.between(1, 2))};
  }
  if (draw.permille(mix.too_large_permille)) document.need.cpus = core::MilliCpus{1'000'000};
}

void draw_wishes(Draw& draw, hub::JobDocument& document) {
  const JobMix& mix = draw.scenario.jobs;
  if (draw.permille(mix.restart_permille)) document.on_loss = hub::OnLoss::restart;
  if (draw.permille(mix.retry_permille)) {
    document.retries = static_cast<std::uint32_t>(draw.random.between(1, 3));
  }
  if (draw.permille(mix.deadline_permille)) {
    document.when.deadline = draw.now + draw.between(core::seconds(30), core::minutes(5));
  }
  if (draw.permille(mix.later_permille)) {
    document.when.start_after = draw.now + draw.between(core::seconds(1), core::minutes(2));
  }
  if (draw.permille(mix.dear_permille)) document.price.max = core::Money{1};
  document.priority = static_cast<hub::PriorityClass>(draw.random.below(3));
}

// Sizes are powers of two: jobs of one shape share a queue.
void draw_input(Draw& draw, hub::JobDocument& document) {
  const JobMix& mix = draw.scenario.jobs;
  if (!draw.permille(mix.input_permille)) return;
  std::int64_t doublings = 0;
  while ((std::int64_t{1} << (doublings + 1)) <= mix.input_max.count) ++doublings;
  hub::DataIn input;
  input.from = "sha256:" + std::string(64, '0');
  input.to = "input";
  input.size = {std::int64_t{1} << draw.random.between(0, doublings)};
  input.regions = {make_region(draw.random.below(static_cast<std::uint64_t>(draw.scenario.hubs)))};
  document.data.in.push_back(std::move(input));
}

}  // namespace

std::optional<Work> find_work(const hub::JobDocument& document) {
  if (document.run.size() != 5 || document.run[0] != "work") return std::nullopt;
  Work work;
  if (!read_number(document.run[1], work.length.count) ||
      !read_number(document.run[2], work.exit_code) ||
      !read_number(document.run[3], work.failing_attempts) ||
      !read_number(document.run[4], work.serial)) {
    return std::nullopt;
  }
  return work;
}

hub::JobDocument draw_job(const World& at, core::Random& random, std::uint64_t serial) {
  Draw draw{at.scenario, random, at.wall()};
  const JobMix& mix = draw.scenario.jobs;
  Work work;
  work.length = draw_length(draw, mix);
  hub::JobDocument document;
  document.timeout = choose_limit(work.length);
  if (draw.permille(mix.long_permille)) {
    work.length = draw.between(core::minutes(10), core::minutes(14));
    document.timeout = core::minutes(20);
  } else if (draw.permille(mix.endless_permille)) {
    document.timeout = core::seconds(20);
    work.length = core::minutes(10);
  }
  if (draw.permille(mix.failing_permille)) {
    work.exit_code = static_cast<std::int32_t>(draw.random.between(1, 100));
    work.failing_attempts =
        draw.random.chance(1, 2) ? kAlways : static_cast<std::uint32_t>(draw.random.between(1, 2));
  }
  document.run = {"work", std::to_string(work.length.count), std::to_string(work.exit_code),
                  std::to_string(work.failing_attempts), std::to_string(serial)};
  draw_need(draw, document);
  draw_wishes(draw, document);
  draw_input(draw, document);
  return document;
}

}  // namespace intertie::simulation
