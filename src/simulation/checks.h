// What must hold in every region and between them, looked at from time to time and at the end.
#pragma once

#include <string>
#include <vector>

#include "process_table.h"
#include "region.h"
#include "world.h"

namespace intertie::simulation {

/// Reports what it finds to World::fail.
class Checks {
 public:
  Checks(World& world, ProcessTable& processes, Regions& regions)
      : world_(world), processes_(processes), regions_(regions) {}

  /// What is too dear for every step: a hub's live state, counted from scratch; one after another,
  /// and not again before its log has grown by a 256th.
  void recount_next();

  /// The same log gives the same state: with and without snapshots, folded and lived through.
  /// Not again before the log has grown by a sixteenth: a long run would do nothing else.
  /// `is_anew`: always, and read from its beginning.
  void check_folds(Region& region, bool is_anew = false);

  /// Everything ended, is settled, acknowledged and forgotten.
  bool is_done() const;

  /// It was not done after a long time: says what is left.
  void fail_stuck(const std::string& operators);

  /// After everything is done. The digest is over all logs and final states.
  void check_end();
  const std::string& digest() const { return digest_; }

 private:
  struct Counted {
    std::uint64_t life = 0;
    storage::LogIndex last = 0;
    bool is_idle = false;  // It had nothing in hand: its log says it all.
    friend bool operator==(const Counted&, const Counted&) = default;
  };

  bool is_done(const Region& region) const;
  void recount(const Region& region);
  void check_beacons(const Region& region);
  void check_lines(const Region& region);
  void check_debts(const Region& region, const ledger::LedgerDump& dump);
  void compare_with_facts(const Region& region, const ledger::LedgerDump& dump);
  std::string describe_left(const Region& region) const;
  void check_mirrors();

  World& world_;
  ProcessTable& processes_;
  Regions& regions_;
  std::size_t next_ = 0;                   // To be recounted.
  std::vector<Counted> counted_;           // By hub: when it was found sound.
  std::vector<storage::LogIndex> folded_;  // By hub: when its folds were found equal.
  std::string digest_;
};

}  // namespace intertie::simulation
