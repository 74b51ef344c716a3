#include "intertie/storage/verify.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/storage/chain.h"

namespace intertie::storage {
namespace {

std::string at_record(LogIndex index) { return "record " + std::to_string(index); }

// Follows the chain and says of each record whether it fits.
class ChainWalk {
 public:
  ChainWalk(LogIndex next, const crypto::Digest& previous)
      : next_(next), computed_(previous), stored_(previous) {}

  // After a misfit both the computed and the stored digest may be the true one (the head or the
  // digest was damaged); the next record tells, so one flipped byte is one misfit.
  std::optional<std::string> find_misfit(const HeadView& record) {
    const LogIndex expected = next_;
    next_ = record.index + 1;
    const crypto::Digest after_computed = chain_record(computed_, record);
    const bool fits_computed = after_computed == record.chain;
    const bool fits_stored =
        fits_computed || (computed_ != stored_ && chain_record(stored_, record) == record.chain);
    computed_ = fits_stored ? record.chain : after_computed;
    stored_ = record.chain;
    if (record.index != expected) return "records are missing before " + at_record(record.index);
    if (!fits_stored) return at_record(record.index) + " does not fit the hash chain";
    return std::nullopt;
  }

  LogIndex next() const { return next_; }

 private:
  LogIndex next_;
  crypto::Digest computed_;
  crypto::Digest stored_;
};

// A snapshot that is undamaged and belongs to this log.
core::Result<Snapshot> read_fitting_snapshot(Reader& reader, Snapshots& snapshots, LogIndex index) {
  core::Result<Snapshot> snapshot = snapshots.read_snapshot(index);
  if (!snapshot.has_value()) return snapshot;
  if (snapshot->index != index) {
    return {core::Reason::store_damaged, "snapshot: it is of another index"};
  }
  const core::Result<crypto::Digest> chain = reader.read_chain_at(index);
  if (!chain.has_value()) {
    return {core::Reason::store_damaged, "snapshot: the log does not reach it"};
  }
  if (*chain != snapshot->chain) {
    return {core::Reason::store_damaged, "snapshot: it belongs to another history"};
  }
  return snapshot;
}

class Audit {
 public:
  Audit(Reader& reader, Snapshots& snapshots) : reader_(reader), snapshots_(snapshots) {}

  core::Result<VerifyReport> run() {
    core::Result<LogPosition> last = reader_.read_last();
    if (!last.has_value()) return last.error();
    core::Result<LogIndex> indexed = reader_.read_indexed_up_to();
    if (!indexed.has_value()) return indexed.error();
    report_.last = *last;
    report_.indexed_up_to = *indexed;
    if (const auto walked = walk_store(); !walked.has_value()) return walked.error();
    if (const auto walked = walk_records(); !walked.has_value()) return walked.error();
    if (const auto walked = walk_bodies(); !walked.has_value()) return walked.error();
    if (const auto walked = walk_snapshots(); !walked.has_value()) return walked.error();
    return std::move(report_);
  }

 private:
  void add_damage(LogIndex index, DamagedPart part, std::string detail) {
    if (report_.damages.size() >= damages_reported_max) return;
    report_.damages.push_back({index, part, std::move(detail)});
  }

  core::Result<void> walk_store() {
    core::Result<std::vector<std::string>> found = reader_.find_store_damage(damages_reported_max);
    if (!found.has_value()) return found.error();
    for (std::string& detail : *found) add_damage(0, DamagedPart::store, std::move(detail));
    return {};
  }

  core::Result<void> walk_records() {
    core::Result<crypto::Digest> genesis = reader_.read_chain_at(0);
    if (!genesis.has_value()) return genesis.error();
    ChainWalk chain(1, *genesis);
    const auto visited = reader_.read_heads(1, SIZE_MAX, [&](const HeadView& record) {
      const LogIndex expected = chain.next();
      if (auto misfit = chain.find_misfit(record)) {
        add_damage(std::min(expected, record.index), DamagedPart::record, *std::move(misfit));
      }
      ++report_.records;
      return true;
    });
    if (!visited.has_value()) {
      if (visited.error().reason != core::Reason::store_damaged) return visited.error();
      add_damage(chain.next(), DamagedPart::record, visited.error().detail);
    } else if (chain.next() <= report_.last.index) {
      add_damage(chain.next(), DamagedPart::record, "records are missing at the end");
    }
    return {};
  }

  // By index, in a walk of its own: a visitor must not call its Reader.
  core::Result<void> walk_bodies() {
    for (LogIndex index = 1; index <= report_.last.index; ++index) {
      const core::Result<Body> body = reader_.read_body(index);
      if (body.has_value()) {
        report_.bodies += body->state == BodyState::present;
        report_.bodies_erased += body->state == BodyState::erased;
      } else if (body.error().reason == core::Reason::store_damaged) {
        add_damage(index, DamagedPart::body, body.error().detail);
      } else if (body.error().reason != core::Reason::not_found) {  // The record walk reported it.
        return body.error();
      }
    }
    return {};
  }

  core::Result<void> walk_snapshots() {
    const core::Result<std::vector<LogIndex>> indexes = snapshots_.list_snapshots();
    if (!indexes.has_value()) return indexes.error();
    for (const LogIndex index : *indexes) {
      ++report_.snapshots;
      const auto snapshot = read_fitting_snapshot(reader_, snapshots_, index);
      if (!snapshot.has_value()) {
        add_damage(index, DamagedPart::snapshot, snapshot.error().detail);
      }
    }
    return {};
  }

  Reader& reader_;
  Snapshots& snapshots_;
  VerifyReport report_;
};

}  // namespace

core::Result<std::size_t> read_checked_heads(Reader& reader, LogIndex from_index, std::size_t limit,
                                             const HeadVisitor& visitor) {
  assert(from_index >= 1);
  core::Result<crypto::Digest> previous = reader.read_chain_at(from_index - 1);
  if (!previous.has_value()) return previous.error();
  LogIndex expected = from_index;
  std::optional<std::string> misfit;
  const auto visited = reader.read_heads(from_index, limit, [&](const HeadView& record) {
    if (record.index != expected || chain_record(*previous, record) != record.chain) {
      misfit = at_record(expected) + " does not fit the hash chain";
      return false;
    }
    *previous = record.chain;
    ++expected;
    return visitor(record);
  });
  if (visited.has_value() && misfit.has_value()) return {core::Reason::store_damaged, *misfit};
  return visited;
}

core::Result<FoundSnapshot> find_latest_snapshot(Reader& reader, Snapshots& snapshots) {
  const core::Result<std::vector<LogIndex>> indexes = snapshots.list_snapshots();
  if (!indexes.has_value()) return indexes.error();
  FoundSnapshot found;
  for (const LogIndex index : *indexes) {
    core::Result<Snapshot> snapshot = read_fitting_snapshot(reader, snapshots, index);
    if (snapshot.has_value()) {
      found.snapshot = *std::move(snapshot);
      break;
    }
    found.skipped.push_back({index, snapshot.error().detail});
  }
  return found;
}

std::optional<LogIndex> VerifyReport::first_damaged_index() const {
  std::optional<LogIndex> first;
  for (const Damage& damage : damages) {
    if (damage.part == DamagedPart::store) continue;
    first = std::min(first.value_or(damage.index), damage.index);
  }
  return first;
}

core::Result<VerifyReport> verify_store(Reader& reader, Snapshots& snapshots) {
  return Audit(reader, snapshots).run();
}

}  // namespace intertie::storage
