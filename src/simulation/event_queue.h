// Virtual time: what is to happen, in the order of time, then of asking.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "intertie/core/quantity.h"

namespace intertie::simulation {

/// Time is counted from the start of the run. Equal times run in the order in which they were
/// asked for, so a run depends on nothing but its seed.
class EventQueue {
 public:
  using Action = std::function<void()>;

  core::Duration now() const { return now_; }
  std::uint64_t steps() const { return steps_; }

  void after(core::Duration delay, Action action) {
    assert(delay.count >= 0);
    heap_.push_back({now_ + delay, next_++, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
  }

  /// Runs the next one; false if there is none.
  bool step() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_ = entry.at;
    ++steps_;
    entry.action();
    return true;
  }

 private:
  struct Entry {
    core::Duration at;
    std::uint64_t number = 0;
    Action action;
  };
  static bool is_later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  std::vector<Entry> heap_;
  core::Duration now_;
  std::uint64_t next_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace intertie::simulation
