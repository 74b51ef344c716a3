// intertie dev: a hub and a site in one process, for trying out.
#include <filesystem>
#include <optional>

#include <boost/json/object.hpp>

#include "intertie/codec/json.h"
#include "intertie/codec/yaml.h"

#include "session/context.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "session/serving.h"
#include "session/stop_signal.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr core::Money kPocketMoney{1'000'000'000};  // 1000 of the currency.
constexpr core::Duration kDevReadyTimeout = core::seconds(60);
constexpr std::string_view kCurrency = "CNY";

/// The site remembers where its hub is, so both ports stay as they were at the first start.
struct DevPorts {
  std::string user;
  std::string site;
};
BOOST_DESCRIBE_STRUCT(DevPorts, (), (user, site))

std::string get_host_and_port(const std::string& address) {
  const std::size_t slashes = address.find("://");
  return slashes == std::string::npos ? address : address.substr(slashes + 3);
}

DevPorts read_ports(const std::string& folder) {
  const core::Result<std::string> text = read_file(folder + "/ports.yaml", 4096);
  if (!text) return {};
  const core::Result<DevPorts> ports = codec::from_yaml<DevPorts>(*text, codec::Boundary::tolerant);
  return ports ? *ports : DevPorts{};
}

core::Result<std::unique_ptr<service::HubService>> start_dev_hub(const Invocation& invocation,
                                                                 const std::string& folder,
                                                                 const Terminal& terminal) {
  const DevPorts ports = read_ports(folder);
  service::HubOptions options;
  options.folder = folder + "/hub";
  options.user_listen = invocation.get("listen", ports.user.empty() ? "127.0.0.1:0" : ports.user);
  options.site_listen = ports.site.empty() ? "127.0.0.1:0" : ports.site;
  options.region = invocation.get("region", "90");
  options.name = "dev";
  options.currency = kCurrency;
  options.fee_per_mille = 0;
  options.principals = {{"me", hub::Role::user, kPocketMoney, {}}};
  options.log_path = folder + "/hub.log";
  options.on_store_change = make_store_teller(terminal, folder);
  core::Result<std::unique_ptr<service::HubService>> hub = service::HubService::start(options);
  if (!hub && !invocation.has("listen") && !ports.user.empty()) {
    // Somebody else has the port of last time; users find the new one in the context.
    options.user_listen = "127.0.0.1:0";
    hub = service::HubService::start(options);
  }
  if (!hub) return hub;
  const DevPorts now = {get_host_and_port((*hub)->user_address()), (*hub)->site_address()};
  const core::Result<void> written =
      write_private_file(folder + "/ports.yaml", codec::to_json_pretty(now) + "\n");
  if (!written) return written.error();
  return hub;
}

core::Result<std::unique_ptr<service::SiteService>> start_site(service::HubService& hub,
                                                               const Invocation& invocation,
                                                               const std::string& folder,
                                                               const StopSignal& stop) {
  const core::Result<std::string> token = hub.make_join_token("operator");
  if (!token) return token.error();
  service::SiteOptions options = make_site_options(folder + "/site");
  options.name = "here";
  options.region = invocation.get("region", "90");
  options.join_token = *token;
  options.stop_tasks = true;
  options.should_stop = [&stop] { return stop.has_come(); };
  options.price.per_cpu_hour = core::Money{200'000};
  options.price.per_gib_hour = core::Money{20'000};
  options.price.per_device_hour = core::Money{5'000'000};
  options.price.minimum = core::seconds(1);
  return service::SiteService::start(std::move(options));
}

std::string render_welcome(const service::HubService& hub, const std::string& folder,
                           bool is_ready) {
  return "intertie dev: a hub and a site on this machine\n"
         "  address   " +
         hub.user_address() +
         "\n"
         "  context   " +
         folder +
         "/context.yaml (user me)\n"
         "  operator  " +
         folder +
         "/operator.yaml\n"
         "  status    " +
         (is_ready ? "ready" : "the site is not ready yet; see " + folder + "/site.log") +
         "\n"
         "\n"
         "Try this in another terminal:\n"
         "  intertie run -- echo hello\n"
         "  intertie explain 1\n"
         "  intertie bill\n"
         "\n"
         "Ctrl-C stops everything.\n";
}

void show_welcome(const service::HubService& hub, const std::string& folder, bool is_ready,
                  const Terminal& terminal) {
  const boost::json::object object = {{"address", hub.user_address()},
                                      {"context", folder + "/context.yaml"},
                                      {"operator_context", folder + "/operator.yaml"},
                                      {"is_ready", is_ready}};
  terminal.show_object(object, render_welcome(hub, folder, is_ready), folder + "/context.yaml");
}

core::Result<void> write_contexts(const ContextWriter& contexts) {
  const core::Result<std::string> user = contexts.write_for_user("context.yaml", "me");
  if (!user) return user.error();
  const core::Result<std::string> root = contexts.write("operator.yaml", "operator", {"admin"});
  if (!root) return root.error();
  return publish_dev_context(*user);
}

void withdraw_contexts(const std::string& folder) {
  withdraw_dev_context(folder + "/context.yaml");
  std::error_code error;
  std::filesystem::remove(folder + "/operator.yaml", error);
}

}  // namespace

Outcome run_dev(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> sound = check_service_options(invocation);
  if (!sound) return make_complaint(sound.error());
  core::Result<ServedFolder> folder =
      ServedFolder::open(invocation.get("data", get_data_home() + "/dev"));
  if (!folder) {
    const bool is_second = folder.error().reason == core::Reason::already_exists;
    return make_complaint(folder.error(), is_second
                                              ? "Use that one (intertie run -- echo hello), or "
                                                "start another: intertie dev --data DIR"
                                              : "");
  }
  become_subreaper();
  const StopSignal stop(kill_descendants);
  terminal.say("Starting the hub ...");
  core::Result<std::unique_ptr<service::HubService>> hub =
      start_dev_hub(invocation, folder->path(), terminal);
  if (!hub) return complain_about_start(hub.error());
  // At once: whatever an earlier run that was killed has left there names an old port.
  const ContextWriter writer{**hub, folder->path(), std::string(kCurrency)};
  const core::Result<void> contexts = write_contexts(writer);
  terminal.say("Starting the site and measuring this machine ...");
  std::optional<ProgressThread> progress(std::in_place, terminal, "measuring",
                                         look_at_measuring(service::MeasureMode::quick));
  core::Result<std::unique_ptr<service::SiteService>> site =
      start_site(**hub, invocation, folder->path(), stop);
  progress.reset();
  if (!site) {
    withdraw_contexts(folder->path());
    (*hub)->stop();
    if (stop.has_come()) return kDone;
    return make_complaint(site.error());
  }
  bool is_ready = false;
  for (core::Duration waited; waited < kDevReadyTimeout && !is_ready && !stop.has_come();
       waited += core::milliseconds(250)) {
    is_ready = (*site)->wait_until_ready(core::milliseconds(250));
  }
  if (contexts && !stop.has_come()) {
    show_welcome(**hub, folder->path(), is_ready, terminal);
    // Their tokens end; whoever leaves it running for weeks should not notice.
    while (!stop.wait(writer.get_renewal())) (void)write_contexts(writer);
  }
  terminal.say("Stopping ...");
  withdraw_contexts(folder->path());
  (*site)->stop();
  const bool is_clean = (*hub)->stop();
  if (!contexts) return make_complaint(contexts.error());
  return is_clean ? kDone : kFailed;
}

}  // namespace intertie::cli
