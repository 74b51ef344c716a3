// Decisions written as text: reads scenarios/*.scenario and compares what follows each job.
// The language is described in scenarios/README.md.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "intertie/placement/placer.h"

namespace intertie::placement {
namespace {

using core::Money;
using topology::PoolHandle;
using topology::SiteHandle;
using Words = std::vector<std::string>;

Words split(const std::string& text, char separator) {
  Words words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) words.push_back(word);
  return words;
}

/// "1.25" in millionths.
std::int64_t read_micros(const std::string& text) {
  const std::size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  fraction.resize(6, '0');
  return std::stoll(digits + fraction);
}

std::string write_micros(Money money) {
  std::string text = std::to_string(money.count);
  if (text.size() < 7) text.insert(0, 7 - text.size(), '0');
  text.insert(text.size() - 6, ".");
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

template <class Enum>
Enum read_choice(const std::string& text, const std::vector<std::string>& names) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) throw std::runtime_error("unknown word " + text);
  return static_cast<Enum>(found - names.begin());
}

const std::vector<std::string> kClasses = {"basic", "intelligent", "super"};
const std::vector<std::string> kIsolations = {"none", "process", "namespace", "container",
                                              "machine"};
const std::vector<std::string> kNetworks = {"none", "gang", "outside"};
const std::vector<std::string> kClassifications = {"open", "internal", "confidential", "secret"};
const std::vector<std::string> kStatuses = {"active", "drained", "lost", "failing"};
const std::vector<std::string> kPrecisions = {"fp64", "fp32", "tf32", "bf16",
                                              "fp16", "fp8",  "int8"};

std::vector<core::Rate> read_rates(const std::string& text) {
  std::vector<core::Rate> rates;
  for (const std::string& word : split(text, ',')) {
    const Words parts = split(word, ':');
    rates.push_back(
        {read_choice<core::Precision>(parts.at(0), kPrecisions), std::stoll(parts.at(1))});
  }
  return rates;
}

/// The `key=value` words of a line; reading removes them, so what is left was not understood.
class Options {
 public:
  Options(const Words& words, std::size_t first) {
    for (std::size_t i = first; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos) throw std::runtime_error("no '=' in " + words[i]);
      values_[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
  }
  bool has(const std::string& key) const { return values_.contains(key); }
  std::string take(const std::string& key, const std::string& fallback) {
    const auto found = values_.find(key);
    if (found == values_.end()) return fallback;
    const std::string value = found->second;
    values_.erase(found);
    return value;
  }
  std::int64_t take_number(const std::string& key, std::int64_t fallback) {
    return std::stoll(take(key, std::to_string(fallback)));
  }
  void expect_empty() const {
    if (!values_.empty()) throw std::runtime_error("unknown option " + values_.begin()->first);
  }

 private:
  std::map<std::string, std::string> values_;
};

class World {
 public:
  /// The lines that the decision of this line's job should be followed by; none for other lines.
  std::string run(const Words& words) {
    if (words[0] == "now") {
      now_ = core::Time{std::stoll(words.at(1)) * 1'000'000};
    } else if (words[0] == "site") {
      topology::Site site;
      site.handle = {static_cast<std::uint32_t>(snapshot_->site_count())};
      site.name = words.at(1);
      snapshot_ = snapshot_->with_site(site);
      sites_[words[1]] = site.handle;
    } else if (words[0] == "pool") {
      add_pool(words);
    } else if (words[0] == "line") {
      add_line(words);
    } else if (words[0] == "measured") {
      measure_line(words);
    } else if (words[0] == "status") {
      const auto status = read_choice<topology::PoolStatus>(words.at(2), kStatuses);
      snapshot_ = snapshot_->with_pool_status(pools_.at(words.at(1)), status);
    } else if (words[0] == "job" || words[0] == "run") {
      return decide(words);
    } else {
      throw std::runtime_error("unknown line " + words[0]);
    }
    return {};
  }

 private:
  void add_pool(const Words& words) {
    Options options(words, 3);
    topology::Pool pool;
    pool.handle = {static_cast<std::uint32_t>(snapshot_->pool_count())};
    pool.name = words.at(1);
    pool.site = sites_.at(words.at(2));
    pool.region = options.take("region", "r");
    pool.compute_class = read_choice<core::ComputeClass>(options.take("class", "basic"), kClasses);
    pool.status = read_choice<topology::PoolStatus>(options.take("status", "active"), kStatuses);
    pool.cpus_per_node = {options.take_number("cpus", 8) * 1'000};
    pool.memory_per_node = {options.take_number("memory", 32) << 30};
    pool.scratch = {options.take_number("scratch", 0) << 30};
    for (const std::string& group : split(options.take("devices", ""), ',')) {
      const Words parts = split(group, '/');
      pool.devices_per_node.push_back({parts.at(0), parts.at(1), std::stoll(parts.at(2)), {}});
    }
    for (std::int64_t i = options.take_number("nodes", 1); i > 0; --i) {
      pool.nodes.push_back({"n" + std::to_string(i), true});
    }
    pool.software = split(options.take("software", ""), ',');
    pool.isolation =
        read_choice<topology::Isolation>(options.take("isolation", "namespace"), kIsolations);
    pool.network = read_choice<topology::Network>(options.take("network", "none"), kNetworks);
    pool.cleared =
        read_choice<core::Classification>(options.take("cleared", "open"), kClassifications);
    const Words prices = split(options.take("price", "1,0,0"), ',');
    pool.price = {Money{read_micros(prices.at(0))}, Money{read_micros(prices.at(1))},
                  Money{read_micros(prices.at(2))},
                  core::seconds(options.take_number("minimum", 0))};
    pool.user_line = {options.take_number("latency", 1),
                      options.take_number("mbps", 1'000) * 1'000'000,
                      Money{read_micros(options.take("egress", "0"))}};
    if (options.take("measured", "yes") == "yes") {
      topology::Capability& capability = pool.capability.emplace();
      capability.rates_per_cpu = read_rates(options.take("cpu_rate", "fp64:1000000000"));
      capability.rates_per_device = read_rates(options.take("device_rate", ""));
      capability.expires = core::Time{options.take_number("expires", 1'000'000) * 1'000'000};
    }
    waits_[pool.name] = core::seconds(options.take_number("wait", 0));
    options.expect_empty();
    ASSERT_TRUE(topology::check_pool(pool).has_value());
    capacities_.push_back(std::make_unique<PoolCapacity>(pool));
    pools_[pool.name] = pool.handle;
    snapshot_ = snapshot_->with_pool(std::move(pool));
  }

  void add_line(const Words& words) {
    Options options(words, 3);
    topology::RegionLine line;
    line.from = words.at(1);
    line.to = words.at(2);
    line.latency_ms = options.take_number("latency", 1);
    line.bandwidth_bits_per_second = options.take_number("mbps", 1'000) * 1'000'000;
    line.price_per_gigabyte = Money{read_micros(options.take("price", "0"))};
    options.expect_empty();
    lines_.put(line);
  }

  void measure_line(const Words& words) {
    Options options(words, 3);
    const topology::RegionLines::Ends ends{words.at(1), words.at(2)};
    if (options.has("mbps")) {
      lines_.set_rate(ends, options.take_number("mbps", 0) * 1'000'000, now_);
    }
    if (options.has("delay")) {
      lines_.set_delay(ends, core::milliseconds(options.take_number("delay", 0)));
    }
    options.expect_empty();
  }

  std::vector<SiteHandle> read_sites(const std::string& text) const {
    std::vector<SiteHandle> sites;
    for (const std::string& name : split(text, ',')) sites.push_back(sites_.at(name));
    return sites;
  }

  Requirements read_requirements(Options& options) const {
    Requirements requirements;
    if (options.has("class")) {
      requirements.compute_class =
          read_choice<core::ComputeClass>(options.take("class", ""), kClasses);
    }
    requirements.tasks = options.take_number("tasks", 1);
    requirements.cpus = {options.take_number("cpus", 1) * 1'000};
    requirements.memory = {options.take_number("memory", 1) << 30};
    requirements.scratch = {options.take_number("scratch", 0) << 30};
    for (const std::string& request : split(options.take("devices", ""), ',')) {
      const Words parts = split(request, '/');
      requirements.devices.push_back({parts.at(0), parts.at(1), std::stoll(parts.at(2)), {}});
    }
    if (options.has("rate")) requirements.rate = read_rates(options.take("rate", "")).at(0);
    requirements.software = split(options.take("software", ""), ',');
    requirements.isolation =
        read_choice<topology::Isolation>(options.take("isolation", "namespace"), kIsolations);
    requirements.network =
        read_choice<topology::Network>(options.take("network", "none"), kNetworks);
    requirements.regions = split(options.take("regions", ""), ',');
    requirements.regions_excluded = split(options.take("not", ""), ',');
    requirements.sites_excluded = read_sites(options.take("not_sites", ""));
    requirements.own_sites = read_sites(options.take("own", ""));
    if (options.has("allowed")) requirements.data_regions = split(options.take("allowed", ""), ',');
    requirements.data_classification =
        read_choice<core::Classification>(options.take("classified", "open"), kClassifications);
    if (options.has("latency")) requirements.latency_max_ms = options.take_number("latency", 0);
    return make_canonical(requirements);
  }

  JobPreferences read_preferences(Options& options) const {
    JobPreferences preferences;
    preferences.time_limit = core::seconds(options.take_number("limit", 3'600));
    if (options.has("estimate")) {
      preferences.estimate = core::seconds(options.take_number("estimate", 0));
    }
    preferences.price_per_hour_of_delay = Money{read_micros(options.take("delay", "0"))};
    if (options.has("max")) preferences.price_max = Money{read_micros(options.take("max", ""))};
    if (options.has("deadline")) {
      preferences.deadline = core::Time{options.take_number("deadline", 0) * 1'000'000};
    }
    for (const std::string& input : split(options.take("in", ""), ',')) {
      const Words parts = split(input, ':');
      preferences.inputs.push_back(
          {{std::stoll(parts.at(1)) * 1'000'000}, split(parts.at(0), '+')});
    }
    preferences.output = {options.take_number("out", 0) * 1'000'000'000};
    preferences.user_region = options.take("users", "");
    return preferences;
  }

  std::string decide(const Words& words) {
    Options options(words, 1);
    const Requirements requirements = read_requirements(options);
    const JobPreferences preferences = read_preferences(options);
    options.expect_empty();
    EXPECT_TRUE(check_requirements(requirements).has_value());
    EXPECT_TRUE(check_preferences(preferences).has_value());
    std::vector<PoolView> views;
    for (std::uint32_t i = 0; i < snapshot_->pool_count(); ++i) {
      const std::string& name = snapshot_->find_pool({i})->name;
      views.push_back({{i}, capacities_[i].get(), nullptr, waits_.at(name)});
    }
    const PlacementInput input{*snapshot_, views, now_, &lines_};
    const Placement placement = place(requirements, preferences, input);
    if (words[0] == "run" && placement.chosen) {
      const topology::Pool& pool = *snapshot_->find_pool(*placement.chosen);
      const auto shape = find_task_shape(pool, requirements);
      EXPECT_TRUE(
          capacities_[placement.chosen->index]->reserve(*shape, requirements.tasks).has_value());
    }
    return write(placement);
  }

  std::string write(const Placement& placement) const {
    std::ostringstream text;
    if (placement.verdict) text << "> none: " << reason_code(*placement.verdict) << "\n";
    for (const Candidate& candidate : placement.candidates) {
      const CostParts& cost = candidate.cost;
      text << "> " << snapshot_->find_pool(candidate.pool)->name << " " << write_micros(cost.total)
           << " = " << write_micros(cost.computing) << " + " << write_micros(cost.data) << " + "
           << write_micros(cost.line) << " + " << write_micros(cost.delay) << "\n";
    }
    for (const ReasonCount& refused : placement.refused) {
      text << "> " << reason_code(refused.reason) << " " << refused.pools << "\n";
    }
    return text.str();
  }

  core::Time now_{0};
  topology::Snapshot::Pointer snapshot_ = topology::Snapshot::make_empty();
  topology::RegionLines lines_;
  std::map<std::string, SiteHandle> sites_;
  std::map<std::string, PoolHandle> pools_;
  std::map<std::string, core::Duration> waits_;
  std::vector<std::unique_ptr<PoolCapacity>> capacities_;
};

/// The file with every expectation replaced by what really happened.
std::string replay(std::istream& file) {
  World world;
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("> ")) continue;
    text += line + "\n";
    Words words = split(line, ' ');
    std::erase(words, "");
    if (words.empty() || words[0].starts_with("#")) continue;
    text += world.run(words);
  }
  return text;
}

TEST(Scenarios, EveryFileHoldsWhatHappens) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(INTERTIE_SCENARIOS)) {
    if (entry.path().extension() == ".scenario") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  EXPECT_GE(files.size(), 6u);
  for (const auto& path : files) {
    SCOPED_TRACE(path.filename().string());
    std::ifstream file(path);
    std::stringstream expected;
    expected << file.rdbuf();
    std::istringstream again(expected.str());
    EXPECT_EQ(replay(again), expected.str());
  }
}

}  // namespace
}  // namespace intertie::placement
