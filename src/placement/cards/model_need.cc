// From names and rates to a set of models.
#include "intertie/placement/cards/model_need.h"

#include <algorithm>

namespace intertie::placement::cards {
namespace {

bool is_fast_enough(const std::string& model, core::Rate wanted,
                    std::span<const ModelRates> measured) {
  const auto known = std::ranges::find(measured, model, &ModelRates::model);
  if (known == measured.end()) return false;
  return std::ranges::any_of(known->rates, [wanted](core::Rate rate) {
    return rate.precision == wanted.precision && rate.ops_per_second >= wanted.ops_per_second;
  });
}

}  // namespace

core::Result<ModelSet> find_models(const ModelNeed& need, const ModelTable& table,
                                   std::span<const ModelRates> measured) {
  if (need.names.empty() && !need.rate) return ModelSet{};
  if (need.rate && need.rate->ops_per_second <= 0) {
    return {core::Reason::out_of_range, "a rate must be above 0"};
  }
  ModelSet named{need.names.empty() ? ~std::uint64_t{0} : 0};
  for (const std::string& name : need.names) {
    const auto at = std::ranges::find(table, name);
    if (at == table.end()) return {core::Reason::not_found, "model '" + name + "'"};
    named.bits |= std::uint64_t{1} << (at - table.begin());
  }
  ModelSet models{0};
  for (std::size_t i = 0; i < table.size() && i < models_max; ++i) {
    const bool will_do = named.contains(static_cast<ModelId>(i)) &&
                         (!need.rate || is_fast_enough(table[i], *need.rate, measured));
    if (will_do) models.bits |= std::uint64_t{1} << i;
  }
  if (models.bits == 0) {
    return {core::Reason::rate_too_low, "no model reaches " + core::to_text(*need.rate)};
  }
  return models;
}

}  // namespace intertie::placement::cards
