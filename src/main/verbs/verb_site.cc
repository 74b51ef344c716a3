// intertie site join and start: a site's agent as a process of its own.
#include <algorithm>
#include <optional>

#include <boost/json/object.hpp>

#include "intertie/service/site_rotation.h"

#include "session/context.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "session/slurm_options.h"
#include "session/stop_signal.h"
#include "verbs/site_facts.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kSiteReadyTimeout = core::seconds(120);

/// "NAME" or "NAME=FOLDER[:FOLDER...]": folders that a job which asks for NAME sees.
execution::Software parse_software(const std::string& text) {
  execution::Software software;
  const std::size_t equals = text.find('=');
  software.name = text.substr(0, equals);
  if (equals == std::string::npos) return software;
  std::string rest = text.substr(equals + 1);
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    software.folders.push_back(rest.substr(0, colon));
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return software;
}

/// The parser has checked that the values can be read.
void read_offer(const Invocation& invocation, service::SiteOptions& options) {
  options.name = invocation.get("name", "site");
  options.region = invocation.get("region", "");
  options.price.per_cpu_hour = *core::parse_money(invocation.get("price", "0.20"));
  options.price.per_gib_hour = *core::parse_money(invocation.get("gib-price", "0.02"));
  options.price.per_device_hour = *core::parse_money(invocation.get("device-price", "5"));
  options.user_line.latency_ms = invocation.get_count("latency", 0);
  options.cpus_kept = *core::parse_milli_cpus(invocation.get("keep-cpus", "0"));
  options.memory_kept = *core::parse_bytes(invocation.get("keep-memory", "512MiB"));
  options.scratch = *core::parse_bytes(invocation.get("scratch", "0"));
  if (const auto wish = invocation.find("class")) {
    options.compute_class = *core::parse_compute_class(*wish);
  }
  const std::string network = invocation.get("network", "gang");
  options.network = network == "none"      ? topology::Network::none
                    : network == "outside" ? topology::Network::outside
                                           : topology::Network::gang;
  const std::string cleared = invocation.get("cleared", "open");
  options.cleared = cleared == "internal"       ? core::Classification::internal_
                    : cleared == "confidential" ? core::Classification::confidential
                    : cleared == "secret"       ? core::Classification::secret
                                                : core::Classification::open;
  for (const std::string& text : invocation.list("software")) {
    options.software.push_back(parse_software(text));
  }
}

void read_device_options(const Invocation& invocation, service::SiteOptions& options) {
  options.measure =
      invocation.has("quick") ? service::MeasureMode::quick : service::MeasureMode::full;
  options.device_root = invocation.get("device-root", "/");
  options.stop_tasks = invocation.has("stop-tasks");
  options.data_listen = invocation.get("data-listen", "");
  options.data_address = invocation.get("data-address", "");
  options.snapshot_records = static_cast<std::uint64_t>(std::max<std::int64_t>(
      1, invocation.get_count("snapshot-records",
                              static_cast<std::int64_t>(options.snapshot_records))));
  options.fail_point = invocation.get("fail-point", "");
}

Complaint complain_about_join(const core::Error& error) {
  constexpr std::string_view kToken = "a hub's operator makes one: intertie site token";
  if (error.detail.starts_with("join_token: ")) {
    return make_complaint({core::Reason::bad_argument, "this site has not joined a hub yet"},
                          "intertie site join TOKEN (" + std::string(kToken) + ")");
  }
  const bool is_token =
      error.reason == core::Reason::bad_token || error.reason == core::Reason::token_expired;
  return is_token ? make_complaint(error, "Join with another token; " + std::string(kToken))
                  : make_complaint(error);
}

Outcome serve(service::SiteOptions options, const ServedFolder& folder, const Terminal& terminal) {
  const StopSignal stop(nullptr);
  options.log_path = folder.path() + "/site.log";
  options.should_stop = [&stop] { return stop.has_come(); };
  options.on_store_change = make_store_teller(terminal, folder.path());
  terminal.say("Starting the site and measuring this machine ...");
  std::optional<ProgressThread> progress(std::in_place, terminal, "measuring",
                                         look_at_measuring(options.measure));
  core::Result<std::unique_ptr<service::SiteService>> site =
      service::SiteService::start(std::move(options));
  progress.reset();
  if (!site && stop.has_come()) return kDone;
  if (!site) return complain_about_join(site.error());
  bool is_ready = false;
  for (core::Duration waited; waited < kSiteReadyTimeout && !is_ready && !stop.has_come();
       waited += core::milliseconds(250)) {
    is_ready = (*site)->wait_until_ready(core::milliseconds(250));
  }
  const std::string id = (*site)->identifier();
  const std::string log = folder.path() + "/site.log";
  terminal.show_object(boost::json::object{{"site", id}, {"log", log}, {"is_ready", is_ready}},
                       "site      " + id + "\nlog       " + log + "\nstatus    " +
                           (is_ready ? "ready" : "not connected yet") + "\n",
                       id);
  terminal.say("Ctrl-C stops the agent; running tasks go on.");
  stop.wait();
  terminal.say("Stopping ...");
  (*site)->stop();
  return kDone;
}

// "-" reads it from standard input: other users of the machine can see arguments.
core::Result<std::string> read_token(const std::string& operand) {
  if (operand != "-") return operand;
  core::Result<std::string> text = read_file("-", core::limits::token_bytes_max + 2);
  if (!text) return text;
  const std::size_t end = text->find_first_of(" \t\r\n");
  return text->substr(0, end);
}

}  // namespace

Outcome run_site_join(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> sound = check_service_options(invocation);
  if (!sound) return make_complaint(sound.error());
  const core::Result<std::string> token = read_token(invocation.operands[0]);
  if (!token) return make_complaint(token.error());
  if (token->empty()) return make_usage_complaint("TOKEN is empty.", "intertie help site join");
  const core::Result<ServedFolder> folder = ServedFolder::open(get_site_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  service::SiteOptions options = make_site_options(folder->path());
  options.join_token = *token;
  core::Result<service::SiteFacts> facts = read_site_facts(invocation);
  if (!facts) return make_complaint(facts.error());
  options.place = facts->place.value_or("");
  options.commissioned = facts->commissioned;
  options.claimed = facts->claimed.value_or(std::vector<core::Rate>());
  options.aka = facts->aka.value_or(std::vector<identity::Alias>());
  read_offer(invocation, options);
  read_device_options(invocation, options);
  if (auto read = read_slurm_options(invocation, options); !read)
    return make_complaint(read.error());
  return serve(std::move(options), *folder, terminal);
}

Outcome run_site_start(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> sound = check_service_options(invocation);
  if (!sound) return make_complaint(sound.error());
  const core::Result<ServedFolder> folder = ServedFolder::open(get_site_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  service::SiteOptions options = make_site_options(folder->path());
  read_offer(invocation, options);
  read_device_options(invocation, options);
  if (auto read = read_slurm_options(invocation, options); !read)
    return make_complaint(read.error());
  return serve(std::move(options), *folder, terminal);
}

Outcome run_site_rotate_keys(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<ServedFolder> folder = ServedFolder::open(get_site_folder(invocation));
  if (!folder) return make_complaint(folder.error(), "Stop the agent first; running tasks go on.");
  const auto done = service::rotate_site_keys(folder->path());
  if (!done) return make_complaint(done.error());
  return terminal.show_object(
      boost::json::object{
          {"site", done->site}, {"version", done->seq}, {"sign_key", done->sign_key}},
      "site      " + done->site + "\nversion   " + std::to_string(done->seq) +
          " of its record\nkey       " + done->sign_key + "\n",
      done->sign_key);
}

}  // namespace intertie::cli
