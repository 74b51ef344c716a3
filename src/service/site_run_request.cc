#include "site_run_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "site_file_plan.h"

namespace intertie::service {
namespace {

constexpr std::int64_t kProcessesMax = 1'024;

core::Result<void> add_software(const SiteContext& context, const hub::JobDocument& document,
                                execution::RunRequest& request) {
  for (const std::string& name : document.need.software) {
    const auto& offered = context.options.software;
    const auto found = std::ranges::find(offered, name, &execution::Software::name);
    if (found == offered.end()) return {core::Reason::software_missing, name};
    for (const std::string& folder : found->folders) {
      request.file_view.push_back({folder, folder, true});
    }
    for (const std::string& entry : found->environment) {
      const std::size_t equals = entry.find('=');
      if (equals != std::string::npos) {
        request.environment[entry.substr(0, equals)] = entry.substr(equals + 1);
      }
    }
  }
  return {};
}

void add_gang(const execution::StartAttempt& order, topology::Network network,
              execution::RunRequest& request) {
  request.network = network;
  if (network != topology::Network::gang && order.slots.size() < 2) return;
  execution::Gang gang;
  gang.network = std::to_string(order.job) + "." + std::to_string(order.attempt);
  gang.size = static_cast<std::uint32_t>(order.slots.size());
  request.gang = std::move(gang);
}

}  // namespace

core::Result<execution::RunRequest> make_run_request(const SiteContext& context,
                                                     const execution::StartAttempt& order,
                                                     const execution::TaskSlot& slot,
                                                     const hub::JobDocument& document) {
  if (!execution::is_at_least(context.isolation, document.need.isolation)) {
    return {core::Reason::isolation_too_weak, "the site runs tasks at a weaker level"};
  }
  auto plan = plan_files(document, context.isolation);
  if (!plan) return plan.error();
  // In Slurm the job's own environment says which devices it was given.
  const bool is_local = !context.options.slurm;
  auto gift = is_local ? grant_devices(context.machine, slot.devices, context.isolation)
                       : core::Result<DeviceGift>(DeviceGift{});
  if (!gift) return gift.error();
  execution::RunRequest request;
  request.key = {order.job, order.attempt, slot.rank};
  request.folder = context.tasks.get_rank_folder({order.job, order.attempt}, slot.rank);
  request.argv = document.run;
  if (auto added = add_software(context, document, request); !added) return added.error();
  for (const auto& [name, value] : document.env) request.environment[name] = value;
  for (const auto& [name, value] : gift->environment) request.environment[name] = value;
  request.devices.nodes = std::move(gift->nodes);
  if (!is_local) request.devices.indices = slot.devices;
  request.isolation = context.isolation;
  request.cpus = slot.cpus;
  request.memory = slot.memory;
  request.processes_max = kProcessesMax;
  request.time_limit = order.time_limit;
  request.lease = order.lease;
  add_gang(order, document.need.network, request);
  for (execution::Bind& bind : plan->binds) request.file_view.push_back(std::move(bind));
  return request;
}

}  // namespace intertie::service
