// Which sites have which datasets: what their receipts said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/crypto/digest.h"

namespace intertie::hub {

/// A dataset, in whose name it is kept, and the sites that have it.
struct DataCopyRow {
  crypto::Digest dataset;
  std::string owner;
  std::vector<std::uint32_t> sites;
  friend bool operator==(const DataCopyRow&, const DataCopyRow&) = default;
};
BOOST_DESCRIBE_STRUCT(DataCopyRow, (), (dataset, owner, sites))

/// A hint, never a promise: a site gives a copy up when it needs the space. Of more than
/// `copies_max` datasets the one that was heard of first is forgotten. A value. O(log datasets).
class DataCopies {
 public:
  static constexpr std::size_t kCopiesMax = 10'000;

  using Key = std::pair<crypto::Digest, std::string>;  // Dataset and owner.

  explicit DataCopies(std::size_t copies_max = kCopiesMax) : copies_max_(copies_max) {}

  void add(const Key& key, std::uint32_t site) {
    const auto [row, is_new] = sites_.try_emplace(key);
    row->second.insert(site);
    if (is_new) order_.push_back(key);
    if (order_.size() <= copies_max_) return;
    sites_.erase(order_.front());
    order_.pop_front();
  }

  /// The site is lost, and what it had. O(datasets).
  void drop_site(std::uint32_t site) {
    std::erase_if(order_, [&](const Key& key) {
      const auto row = sites_.find(key);
      row->second.erase(site);
      if (!row->second.empty()) return false;
      sites_.erase(row);
      return true;
    });
  }

  /// nullptr: none has it.
  const std::set<std::uint32_t>* find(const Key& key) const {
    const auto found = sites_.find(key);
    return found == sites_.end() ? nullptr : &found->second;
  }

  /// In the order in which they were heard of, for snapshots; add() in this order restores them.
  std::vector<DataCopyRow> list() const {
    std::vector<DataCopyRow> rows;
    for (const Key& key : order_) {
      const std::set<std::uint32_t>& sites = sites_.at(key);
      rows.push_back({key.first, key.second, {sites.begin(), sites.end()}});
    }
    return rows;
  }

 private:
  std::size_t copies_max_;
  std::map<Key, std::set<std::uint32_t>> sites_;
  std::deque<Key> order_;  // As they were heard of.
};

}  // namespace intertie::hub
