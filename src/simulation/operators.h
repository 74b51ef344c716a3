// The hubs' operators: they decide about charges in dispute, say what was paid, and bring accounts
// together after a hub was restored.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/random.h"
#include "intertie/hub/commands.h"

#include "region.h"
#include "world.h"

namespace intertie::simulation {

/// Looks every few seconds, for the whole run. All it knows it reads from the hubs.
class Operators {
 public:
  Operators(World& world, Regions& regions);

  void begin();

  /// Nothing waits for an operator, or for an answer to one; accounts that a backup tore apart
  /// mirror each other again.
  bool is_done() const;
  /// What is_done() waits for, in words.
  std::string describe_left() const;

 private:
  void look();
  void resolve_one(Region& region);
  void settle(Region& region);
  void decide_asked(Region& region);
  void adjust(std::size_t one, std::size_t other);
  bool is_torn(std::size_t one, std::size_t other) const;
  bool is_one_dead(std::size_t one, std::size_t other) const;
  bool is_at_rest(std::size_t one, std::size_t other) const;
  core::Money compute_difference(std::size_t one, std::size_t other) const;
  void order(Region& region, hub::Command command);

  World& world_;
  Regions& regions_;
  core::Random random_;
  std::uint64_t payments_ = 0;
};

}  // namespace intertie::simulation
