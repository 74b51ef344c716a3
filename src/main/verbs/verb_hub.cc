// intertie hub: a hub as a process of its own.
#include <algorithm>
#include <atomic>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "session/context.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "session/standby.h"
#include "session/stop_signal.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

// How soon a leader notices that it was deposed.
constexpr core::Duration kDeposedLook = core::milliseconds(100);

service::HubOptions make_options(const Invocation& invocation, const std::string& folder) {
  service::HubOptions options;
  options.folder = folder;
  options.store = invocation.get("store", "");
  options.user_listen = invocation.get("listen", options.user_listen);
  options.site_listen = invocation.get("site-listen", options.site_listen);
  options.site_address = invocation.get("site-address", "");
  options.data_listen = invocation.get("data-listen", "");
  options.data_address = invocation.get("data-address", "");
  options.host_names = invocation.list("host-name");
  options.user_tls = !invocation.has("plain");
  options.region = invocation.get("region", options.region);
  options.name = invocation.get("name", options.name);
  options.currency = invocation.get("currency", options.currency);
  options.fee_per_mille = invocation.get_count("fee-per-mille", options.fee_per_mille);
  options.log_path = invocation.get("log", folder + "/hub.log");
  options.snapshot_records = static_cast<std::uint64_t>(std::max<std::int64_t>(
      1, invocation.get_count("snapshot-records",
                              static_cast<std::int64_t>(options.snapshot_records))));
  options.fail_point = invocation.get("fail-point", "");
  return options;
}

core::Result<std::vector<service::FirstPrincipal>> parse_users(const Invocation& invocation) {
  std::vector<service::FirstPrincipal> users;
  for (const std::string& text : invocation.list("user")) {
    const std::size_t equals = text.find('=');
    service::FirstPrincipal user{text.substr(0, equals), hub::Role::user, {}, {}};
    if (equals != std::string::npos) {
      const core::Result<core::Money> money = core::parse_money(text.substr(equals + 1));
      if (!money)
        return {core::Reason::bad_argument, "--user " + text + ": " + money.error().detail};
      user.deposit = *money;
    }
    users.push_back(std::move(user));
  }
  return users;
}

std::string get_hub_folder(const Invocation& invocation) {
  return make_absolute(invocation.get("data", get_data_home() + "/hub"));
}

struct StartedHub {
  std::unique_ptr<service::HubService> hub;
  std::vector<service::FirstPrincipal> users;
  std::string operator_context;
  std::vector<std::string> user_contexts;
};

ContextWriter make_writer(const StartedHub& started, const std::string& folder,
                          const Invocation& invocation) {
  ContextWriter writer{*started.hub, folder, invocation.get("currency", "CNY")};
  if (const auto lifetime = invocation.find("token-lifetime")) {
    writer.lifetime = *core::parse_duration(std::string(*lifetime));
  }
  return writer;
}

core::Result<void> write_contexts(StartedHub& started, const ContextWriter& writer) {
  const core::Result<std::string> root = writer.write("operator.yaml", "operator", {"admin"});
  if (!root) return root.error();
  started.operator_context = *root;
  started.user_contexts.clear();
  for (const service::FirstPrincipal& user : started.users) {
    const core::Result<std::string> context = writer.write_for_user(user.name + ".yaml", user.name);
    if (!context) return context.error();
    started.user_contexts.push_back(*context);
  }
  return writer.renew_users();
}

core::Result<StartedHub> start_hub(const Invocation& invocation, const std::string& folder,
                                   const Terminal& terminal, std::function<void()> on_deposed) {
  service::HubOptions options = make_options(invocation, folder);
  options.on_deposed = std::move(on_deposed);
  options.on_store_change =
      make_store_teller(terminal, options.store.empty() ? folder : options.store);
  core::Result<std::vector<service::FirstPrincipal>> users = parse_users(invocation);
  if (!users) return users.error();
  options.principals = *users;
  core::Result<std::unique_ptr<service::HubService>> hub =
      service::HubService::start(std::move(options));
  if (!hub) return hub.error();
  StartedHub started{*std::move(hub), *std::move(users), {}, {}};
  const core::Result<void> written =
      write_contexts(started, make_writer(started, folder, invocation));
  if (!written) return written.error();
  return started;
}

void show_started(const StartedHub& started, const Terminal& terminal) {
  std::string text = "hub       " + started.hub->hub_id() + "\naddress   " +
                     started.hub->user_address() + "\nsites     " + started.hub->site_address() +
                     "\noperator  INTERTIE_CONTEXT=" + started.operator_context + "\n";
  if (!started.hub->data_address().empty()) {
    text += "data      " + started.hub->data_address() + "\n";
  }
  boost::json::array users;
  for (const std::string& context : started.user_contexts) {
    text += "user      INTERTIE_CONTEXT=" + context + "\n";
    users.emplace_back(context);
  }
  const boost::json::object object = {{"hub", started.hub->hub_id()},
                                      {"address", started.hub->user_address()},
                                      {"site_address", started.hub->site_address()},
                                      {"data_address", started.hub->data_address()},
                                      {"operator_context", started.operator_context},
                                      {"user_contexts", users}};
  terminal.show_object(object, text, started.hub->hub_id());
}

// Serves until the process is to stop, or `is_deposed` becomes true.
Outcome serve(StartedHub& started, const Invocation& invocation, const std::string& folder,
              const Terminal& terminal, const StopSignal& stop,
              const std::atomic<bool>& is_deposed) {
  show_started(started, terminal);
  terminal.say("Ctrl-C stops the hub; running jobs go on at their sites.");
  // The tokens end; whoever leaves the hub running for weeks should not notice.
  const ContextWriter writer = make_writer(started, folder, invocation);
  core::Duration left = writer.get_renewal();
  while (!stop.wait(std::min(left, kDeposedLook)) && !is_deposed) {
    left = left - std::min(left, kDeposedLook);
    if (left > core::Duration{0}) continue;
    left = writer.get_renewal();
    const core::Result<void> renewed = write_contexts(started, writer);
    if (!renewed)
      terminal.say("The contexts could not be renewed: " + core::to_text(renewed.error()));
  }
  terminal.say(is_deposed ? "Another process has taken the lead." : "Stopping ...");
  return started.hub->stop() || is_deposed ? kDone : kFailed;
}

Outcome lead(const Invocation& invocation, const std::string& folder, const Terminal& terminal,
             const StopSignal& stop) {
  const std::atomic<bool> is_deposed = false;
  core::Result<StartedHub> started = start_hub(invocation, folder, terminal, {});
  if (!started) return complain_about_start(started.error());
  return serve(*started, invocation, folder, terminal, stop, is_deposed);
}

// On a database that other processes may lead on: waits, leads, and after it was deposed waits
// again.
Outcome lead_in_turn(const Invocation& invocation, const std::string& folder,
                     const Terminal& terminal, const StopSignal& stop) {
  Standby standby(invocation.get("store", ""), terminal, stop);
  while (standby.wait_for_lead()) {
    std::atomic<bool> is_deposed = false;
    core::Result<StartedHub> started =
        start_hub(invocation, folder, terminal, [&is_deposed] { is_deposed = true; });
    if (!started) {
      if (standby.wait_after(started.error())) continue;
      if (stop.has_come()) return kDone;
      return complain_about_start(started.error());
    }
    const Outcome outcome = serve(*started, invocation, folder, terminal, stop, is_deposed);
    if (!is_deposed || stop.has_come()) return outcome;
  }
  return kDone;
}

}  // namespace

Outcome run_hub_start(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> sound = check_service_options(invocation);
  if (!sound) return make_complaint(sound.error());
  const core::Result<ServedFolder> folder = ServedFolder::open(get_hub_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  const StopSignal stop(nullptr);
  if (!invocation.find("store")) return lead(invocation, folder->path(), terminal, stop);
  return lead_in_turn(invocation, folder->path(), terminal, stop);
}

Outcome run_hub_init(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> sound = check_service_options(invocation);
  if (!sound) return make_complaint(sound.error());
  const core::Result<ServedFolder> folder = ServedFolder::open(get_hub_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  const StopSignal stop(nullptr);
  core::Result<StartedHub> started = start_hub(invocation, folder->path(), terminal, {});
  if (!started) return complain_about_start(started.error());
  const std::string id = started->hub->hub_id();
  if (!started->hub->stop()) return kFailed;
  terminal.show_object(boost::json::object{{"hub", id}, {"folder", folder->path()}},
                       "hub       " + id + "\nfolder    " + folder->path() + "\n", id);
  terminal.say("Run it: intertie hub start --data " + folder->path());
  return kDone;
}

}  // namespace intertie::cli
