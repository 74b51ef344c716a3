// intertie hub: a hub as a process of its own.
#include <algorithm>
#include <charconv>

#include "session/context.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "session/stop_signal.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

service::HubOptions make_options(const Invocation& invocation, const std::string& folder) {
  service::HubOptions options;
  options.folder = folder;
  options.user_listen = invocation.get("listen", options.user_listen);
  options.site_listen = invocation.get("site-listen", options.site_listen);
  options.site_address = invocation.get("site-address", "");
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
  std::string text;  // What to tell whoever started it.
};

core::Result<StartedHub> start_hub(const Invocation& invocation, const std::string& folder) {
  service::HubOptions options = make_options(invocation, folder);
  core::Result<std::vector<service::FirstPrincipal>> users = parse_users(invocation);
  if (!users) return users.error();
  options.principals = *users;
  const std::string currency = options.currency;
  core::Result<std::unique_ptr<service::HubService>> hub =
      service::HubService::start(std::move(options));
  if (!hub) return hub.error();
  StartedHub started{*std::move(hub), {}};
  const core::Result<std::string> root =
      write_hub_context(*started.hub, folder, "operator.yaml", "operator", {"admin"}, currency);
  if (!root) return root.error();
  started.text = "hub       " + started.hub->hub_id() + "\naddress   " +
                 started.hub->user_address() + "\nsites     " + started.hub->site_address() +
                 "\noperator  INTERTIE_CONTEXT=" + *root + "\n";
  for (const service::FirstPrincipal& user : *users) {
    const core::Result<std::string> context =
        write_hub_context(*started.hub, folder, user.name + ".yaml", user.name,
                          {"jobs.read", "jobs.write", "sites.read", "ledger.read"}, currency);
    if (!context) return context.error();
    started.text += "user      INTERTIE_CONTEXT=" + *context + "\n";
  }
  return started;
}

}  // namespace

Outcome run_hub_start(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<ServedFolder> folder = ServedFolder::open(get_hub_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  const StopSignal stop(nullptr);
  core::Result<StartedHub> started = start_hub(invocation, folder->path());
  if (!started) return make_complaint(started.error());
  terminal.write_result(started->text);
  terminal.say("Ctrl-C stops the hub; running jobs go on at their sites.");
  stop.wait();
  terminal.say("Stopping ...");
  return started->hub->stop() ? kDone : kFailed;
}

Outcome run_hub_init(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<ServedFolder> folder = ServedFolder::open(get_hub_folder(invocation));
  if (!folder) return make_complaint(folder.error());
  const StopSignal stop(nullptr);
  core::Result<StartedHub> started = start_hub(invocation, folder->path());
  if (!started) return make_complaint(started.error());
  const std::string id = started->hub->hub_id();
  if (!started->hub->stop()) return kFailed;
  terminal.write_result("hub       " + id + "\nfolder    " + folder->path() + "\n");
  terminal.say("Run it: intertie hub start --data " + folder->path());
  return kDone;
}

}  // namespace intertie::cli
