// Admission and eviction.
#include "intertie/transfer/store_policy.h"

#include <algorithm>

namespace intertie::transfer {
namespace {

bool may_go(const StoredItem& item) {
  return item.is_cache && !item.is_pinned && !item.is_leased && !item.is_incoming;
}

}  // namespace

std::vector<std::uint64_t> list_expired(const std::vector<StoredItem>& items,
                                        const StoreRules& rules, core::Time now) {
  std::vector<std::uint64_t> expired;
  for (const StoredItem& item : items) {
    if (item.is_leased) continue;
    const bool is_over = item.keep_until && *item.keep_until <= now;
    const bool is_left = item.is_incoming && now - item.last_used > rules.incoming_max;
    if (is_over || is_left) expired.push_back(item.number);
  }
  std::ranges::sort(expired);
  return expired;
}

core::Result<std::vector<std::uint64_t>> make_room(const std::vector<StoredItem>& items,
                                                   const StoreRules& rules,
                                                   std::uint64_t owner_bytes, std::uint64_t bytes) {
  const auto limit = static_cast<std::uint64_t>(rules.bytes_max.count);
  const auto owner_limit = static_cast<std::uint64_t>(rules.owner_bytes_max.count);
  if (bytes > limit) {
    return {core::Reason::too_large, "the store holds " + core::to_text(rules.bytes_max)};
  }
  if (owner_limit > 0 && (owner_bytes > owner_limit || bytes > owner_limit - owner_bytes)) {
    return {core::Reason::too_large,
            "the owner's limit is " + core::to_text(rules.owner_bytes_max) + ", of which " +
                core::to_text(core::Bytes{static_cast<std::int64_t>(owner_bytes)}) + " are used"};
  }
  std::uint64_t used = 0;
  std::vector<const StoredItem*> candidates;
  for (const StoredItem& item : items) {
    used += item.bytes;
    if (may_go(item)) candidates.push_back(&item);
  }
  std::ranges::sort(candidates, [](const StoredItem* a, const StoredItem* b) {
    return a->last_used != b->last_used ? a->last_used < b->last_used : a->number < b->number;
  });
  std::vector<std::uint64_t> evicted;
  for (const StoredItem* item : candidates) {
    if (used + bytes <= limit) break;
    if (item->bytes == 0) continue;
    used -= item->bytes;
    evicted.push_back(item->number);
  }
  if (used + bytes <= limit) return evicted;
  return {core::Reason::store_unavailable, "the store is full of what is in use or pinned"};
}

}  // namespace intertie::transfer
