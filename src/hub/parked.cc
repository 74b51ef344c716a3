#include "parked.h"

#include <cstddef>
#include <vector>

namespace intertie::hub {
namespace {

constexpr std::size_t kShapesWokenMax = 500;

bool can_cover(const State& state, const Job& job) {
  return state.ledger.compute_available({job.account}) >= job.money_needed;
}

}  // namespace

void wake_account(Context& context, std::uint32_t account) {
  const auto parked = context.state.out_of_money.find(account);
  if (parked == context.state.out_of_money.end()) return;
  std::vector<std::uint64_t> woken;
  for (const auto& [shape, jobs] : parked->second) {
    if (woken.size() == kShapesWokenMax) break;
    if (can_cover(context.state, *context.state.find_job(*jobs.begin()))) {
      woken.push_back(*jobs.begin());
    }
  }
  for (const std::uint64_t job : woken) context.emit(JobRequeued{job, context.now, false});
}

void wake_parked(Context& context, std::uint32_t account, std::uint32_t shape) {
  const auto parked = context.state.out_of_money.find(account);
  if (parked == context.state.out_of_money.end()) return;
  const auto jobs = parked->second.find(shape);
  if (jobs == parked->second.end()) return;
  const std::uint64_t first = *jobs->second.begin();
  if (can_cover(context.state, *context.state.find_job(first))) {
    context.emit(JobRequeued{first, context.now, false});
  }
}

}  // namespace intertie::hub
