// Which policies there are.
#include <array>

#include "cards/cluster_policies.h"
#include "cards/fgd.h"
#include "cards/fit_scorers.h"
#include "cards/least_regret.h"

namespace intertie::placement::cards {
namespace {

constexpr std::array<std::string_view, 8> kNames = {
    "intertie", "fgd", "bestfit", "dotprod", "gpupacking", "gpuclustering", "firstfit", "random"};

}  // namespace

std::span<const std::string_view> get_policy_names() { return kNames; }

std::unique_ptr<NodeScorer> make_scorer(std::string_view name, const Workload& workload) {
  if (name == "intertie") return std::make_unique<LeastRegretScorer>(workload);
  if (name == "fgd") return std::make_unique<FgdScorer>(workload);
  if (name == "bestfit") return std::make_unique<BestFitScorer>();
  if (name == "dotprod") return std::make_unique<DotProductScorer>();
  if (name == "gpupacking") return std::make_unique<GpuPackingScorer>();
  if (name == "firstfit") return std::make_unique<FirstFitScorer>();
  return nullptr;
}

std::unique_ptr<Policy> make_policy(std::string_view name, const Knowledge& knowledge) {
  if (name == "gpuclustering") return std::make_unique<GpuClusteringPolicy>();
  if (name == "random") return std::make_unique<RandomPolicy>(knowledge.seed);
  std::unique_ptr<NodeScorer> scorer = make_scorer(name, knowledge.workload);
  return scorer ? make_scored_policy(std::move(scorer)) : nullptr;
}

}  // namespace intertie::placement::cards
