// What the content store knows in memory: datasets, who has them, which chunks they need.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/transfer_wire/content_store.h"

namespace intertie::transfer_wire {

struct Entry {
  std::uint64_t number = 0;
  crypto::Digest root;
  std::string owner;
  std::string name;
  std::shared_ptr<const transfer::Manifest> manifest;
  transfer::DataPolicy policy;
  bool is_pinned = false;
  bool is_cache = false;
  core::Time created;
  core::Time last_used;
  core::Time time_on_disk;                         // Of last_used.
  std::optional<transfer::ChunkJournal> incoming;  // Absent: complete.
  std::set<std::string> leases;
};

DatasetInfo make_info(const Entry& entry);
transfer::StoredItem make_item(const Entry& entry);

/// The first line of a record's file.
struct RecordHead {
  std::string owner;
  std::string name;
  transfer::DataPolicy policy;
  bool is_pinned = false;
  bool is_cache = false;
  core::Time created;
  bool is_complete = false;
};
BOOST_DESCRIBE_STRUCT(RecordHead, (),
                      (owner, name, policy, is_pinned, is_cache, created, is_complete))

/// The record's file: the head as one line of JSON, then the manifest.
std::string format_record(const Entry& entry);
/// store_damaged. Number, times but `created`, and the journal are the caller's to set; `incoming`
/// is an empty journal if the dataset is not complete.
core::Result<Entry> parse_record(std::string_view bytes);

/// Thread-confined. Every Entry is found under its owner and identity; a name belongs to one entry
/// of an owner.
class Catalogue {
 public:
  Entry& add(Entry entry);
  /// Removes it; the chunks that nobody needs now.
  std::vector<crypto::Digest> remove(std::uint64_t number);
  /// Gives the entry this name and takes it from the owner's other entry; that one, or null.
  Entry* rename(Entry& entry, const std::string& name);

  Entry* find(std::uint64_t number);
  Entry* find(const std::string& owner, const crypto::Digest& root);
  /// What the reader calls by the key; null if there is nothing they may see. Complete ones first.
  const Entry* find_readable(const std::string& reader, const transfer::DatasetKey& key) const;
  std::vector<const Entry*> list(const std::string& owner) const;
  std::vector<transfer::StoredItem> list_items() const;

  bool is_chunk_needed(const crypto::Digest& chunk) const { return chunk_uses_.contains(chunk); }
  std::uint64_t used() const { return used_; }
  std::uint64_t used_by(const std::string& owner) const;
  std::size_t count_of(const std::string& owner) const;
  std::map<std::uint64_t, Entry>& entries() { return entries_; }

 private:
  struct OwnerUse {
    std::uint64_t bytes = 0;
    std::size_t datasets = 0;
  };
  const Entry* choose(const std::string& reader, const std::set<std::uint64_t>& numbers) const;

  std::map<std::uint64_t, Entry> entries_;
  std::map<std::pair<std::string, crypto::Digest>, std::uint64_t> by_owner_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> by_name_;
  std::map<crypto::Digest, std::set<std::uint64_t>> by_root_;
  std::map<crypto::Digest, std::set<std::uint64_t>> by_whole_;
  std::map<std::string, OwnerUse> owners_;
  boost::unordered_flat_map<crypto::Digest, std::uint32_t> chunk_uses_;
  std::uint64_t used_ = 0;
  std::uint64_t next_number_ = 1;
};

}  // namespace intertie::transfer_wire
