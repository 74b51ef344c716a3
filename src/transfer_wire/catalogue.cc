// The catalogue of a content store.
#include "catalogue.h"

#include <algorithm>
#include <cassert>

#include "intertie/codec/json.h"

namespace intertie::transfer_wire {

DatasetInfo make_info(const Entry& entry) {
  DatasetInfo info;
  info.root = entry.root;
  info.owner = entry.owner;
  info.name = entry.name;
  info.size = entry.manifest->size;
  info.chunk_bytes = entry.manifest->chunk_bytes;
  info.chunks = static_cast<std::uint32_t>(entry.manifest->chunks.size());
  info.chunks_here = entry.incoming ? entry.incoming->count() : info.chunks;
  info.whole = entry.manifest->whole;
  info.policy = entry.policy;
  info.is_pinned = entry.is_pinned;
  info.is_cache = entry.is_cache;
  info.created = entry.created;
  info.last_used = entry.last_used;
  return info;
}

transfer::StoredItem make_item(const Entry& entry) {
  transfer::StoredItem item;
  item.number = entry.number;
  item.bytes = entry.manifest->size;
  item.last_used = entry.last_used;
  item.is_pinned = entry.is_pinned;
  item.is_leased = !entry.leases.empty();
  item.is_incoming = entry.incoming.has_value();
  item.is_cache = entry.is_cache;
  item.keep_until = entry.policy.keep_until;
  return item;
}

std::string format_record(const Entry& entry) {
  const RecordHead head{entry.owner,    entry.name,    entry.policy,   entry.is_pinned,
                        entry.is_cache, entry.created, !entry.incoming};
  return codec::to_json(head) + "\n" + transfer::encode_manifest(*entry.manifest);
}

core::Result<Entry> parse_record(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    return core::Error{core::Reason::store_damaged, "a dataset's record"};
  }
  const auto head = codec::from_json<RecordHead>(bytes.substr(0, end), codec::Boundary::tolerant);
  if (!head) return core::Error{core::Reason::store_damaged, head.error().detail};
  auto manifest = transfer::decode_manifest(bytes.substr(end + 1));
  if (!manifest) return core::Error{core::Reason::store_damaged, manifest.error().detail};
  Entry entry;
  entry.root = transfer::compute_root(*manifest);
  entry.owner = head->owner;
  entry.name = head->name;
  entry.policy = head->policy;
  entry.is_pinned = head->is_pinned;
  entry.is_cache = head->is_cache;
  entry.created = head->created;
  if (!head->is_complete) {
    entry.incoming.emplace(static_cast<std::uint32_t>(manifest->chunks.size()));
  }
  entry.manifest = std::make_shared<const transfer::Manifest>(std::move(*manifest));
  return entry;
}

Entry& Catalogue::add(Entry entry) {
  entry.number = next_number_++;
  const std::uint64_t number = entry.number;
  assert(!by_owner_.contains({entry.owner, entry.root}));
  by_owner_[{entry.owner, entry.root}] = number;
  by_root_[entry.root].insert(number);
  if (entry.manifest->whole) by_whole_[*entry.manifest->whole].insert(number);
  for (const crypto::Digest& chunk : entry.manifest->chunks) ++chunk_uses_[chunk];
  OwnerUse& use = owners_[entry.owner];
  use.bytes += entry.manifest->size;
  ++use.datasets;
  used_ += entry.manifest->size;
  const std::string name = std::exchange(entry.name, {});
  Entry& added = entries_[number] = std::move(entry);
  rename(added, name);
  return added;
}

Entry* Catalogue::rename(Entry& entry, const std::string& name) {
  if (entry.name == name) return nullptr;
  if (!entry.name.empty()) by_name_.erase({entry.owner, entry.name});
  entry.name = name;
  if (name.empty()) return nullptr;
  const auto [place, is_new] = by_name_.try_emplace({entry.owner, name}, entry.number);
  if (is_new) return nullptr;
  Entry* const older = find(std::exchange(place->second, entry.number));
  older->name.clear();
  return older;
}

std::vector<crypto::Digest> Catalogue::remove(std::uint64_t number) {
  const auto found = entries_.find(number);
  assert(found != entries_.end());
  Entry& entry = found->second;
  rename(entry, {});
  by_owner_.erase({entry.owner, entry.root});
  const auto drop = [number](auto& index, const crypto::Digest& digest) {
    const auto place = index.find(digest);
    place->second.erase(number);
    if (place->second.empty()) index.erase(place);
  };
  drop(by_root_, entry.root);
  if (entry.manifest->whole) drop(by_whole_, *entry.manifest->whole);
  OwnerUse& use = owners_[entry.owner];
  use.bytes -= entry.manifest->size;
  if (--use.datasets == 0) owners_.erase(entry.owner);
  used_ -= entry.manifest->size;
  std::vector<crypto::Digest> unneeded;
  for (const crypto::Digest& chunk : entry.manifest->chunks) {
    const auto uses = chunk_uses_.find(chunk);
    if (--uses->second > 0) continue;
    chunk_uses_.erase(uses);
    unneeded.push_back(chunk);
  }
  entries_.erase(found);
  return unneeded;
}

Entry* Catalogue::find(std::uint64_t number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry* Catalogue::find(const std::string& owner, const crypto::Digest& root) {
  const auto found = by_owner_.find({owner, root});
  return found == by_owner_.end() ? nullptr : &entries_.at(found->second);
}

// The reader's own and complete, then others' that are complete, then the reader's own.
const Entry* Catalogue::choose(const std::string& reader,
                               const std::set<std::uint64_t>& numbers) const {
  const Entry* best = nullptr;
  int best_rank = 3;
  for (const std::uint64_t number : numbers) {
    const Entry& entry = entries_.at(number);
    if (!transfer::check_reader(entry.policy, entry.owner, reader)) continue;
    const bool is_own = entry.owner == reader;
    if (entry.incoming && !is_own) continue;
    const int rank = entry.incoming ? 2 : (is_own ? 0 : 1);
    if (rank >= best_rank) continue;
    best = &entry;
    best_rank = rank;
  }
  return best;
}

const Entry* Catalogue::find_readable(const std::string& reader,
                                      const transfer::DatasetKey& key) const {
  if (key.kind == transfer::DatasetKey::Kind::name) {
    const auto found = by_name_.find({key.owner.empty() ? reader : key.owner, key.name});
    return found == by_name_.end() ? nullptr : choose(reader, {found->second});
  }
  const auto& index = key.kind == transfer::DatasetKey::Kind::root ? by_root_ : by_whole_;
  const auto found = index.find(key.digest);
  return found == index.end() ? nullptr : choose(reader, found->second);
}

std::vector<const Entry*> Catalogue::list(const std::string& owner) const {
  std::vector<const Entry*> found;
  for (auto place = by_owner_.lower_bound({owner, crypto::Digest{}});
       place != by_owner_.end() && place->first.first == owner; ++place) {
    found.push_back(&entries_.at(place->second));
  }
  std::ranges::stable_sort(found, {},
                           [](const Entry* entry) -> const std::string& { return entry->name; });
  return found;
}

std::vector<transfer::StoredItem> Catalogue::list_items() const {
  std::vector<transfer::StoredItem> items;
  items.reserve(entries_.size());
  for (const auto& [number, entry] : entries_) items.push_back(make_item(entry));
  return items;
}

std::uint64_t Catalogue::used_by(const std::string& owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? 0 : found->second.bytes;
}

std::size_t Catalogue::count_of(const std::string& owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? 0 : found->second.datasets;
}

}  // namespace intertie::transfer_wire
