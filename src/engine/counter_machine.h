// The smallest state machine that shows what the engine does, and a log driven by hand. For tests.
#pragma once

#include <cassert>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/engine/engine.h"
#include "intertie/engine/log_port.h"
#include "intertie/engine/state_machine.h"

namespace intertie::engine {

/// Adds numbers. Owes one event of work for each `owed` added, one a turn.
class CounterMachine {
 public:
  struct Event {
    std::int64_t added = 0;
    std::optional<std::uint64_t> subject = std::nullopt;
  };
  enum class Conduct : std::uint8_t { accept, refuse, refuse_after_emitting, answer_only };
  struct Command {
    std::int64_t added = 0;
    Conduct conduct = Conduct::accept;
    std::int64_t owed = 0;
    std::optional<std::uint64_t> subject = std::nullopt;
    std::size_t events = 1;
  };
  using Reply = std::int64_t;  // The sum after the command.

  core::Result<Reply> decide(const Command& command, core::Time now, EventSink<Event>& sink) {
    decided_at.push_back(now);
    if (command.conduct == Conduct::refuse) return {core::Reason::denied, "asked to refuse"};
    if (command.conduct == Conduct::answer_only) return sum;
    for (std::size_t count = 0; count < command.events; ++count) {
      const std::int64_t before = sum;
      const auto index = sink.emit({command.added, command.subject}, "a body");
      applied_at_once = applied_at_once && sum == before + command.added && index == last.index;
    }
    owed += command.owed;
    if (command.conduct == Conduct::refuse_after_emitting) return core::Reason::denied;
    return sum;
  }

  bool has_work(core::Time now) const { return owed > 0 && now >= work_from; }

  void work(core::Time now, EventSink<Event>& sink) {
    worked_at.push_back(now);
    --owed;
    sink.emit({100, std::nullopt});
  }

  void apply(const Event& event, RecordPlace place) {
    sum += event.added;
    last = place;
  }

  // Writes the sum *before* the event: shows that index() is called before apply().
  void index(const Event&, RecordPlace place, std::vector<storage::IndexWrite>& writes) const {
    writes.push_back(storage::put(1, std::to_string(place.index), std::to_string(sum)));
  }

  static EncodedEvent encode(const Event& event) { return {7, 1, std::to_string(event.added)}; }

  static core::Result<Event> decode(std::uint16_t kind, std::uint16_t version,
                                    std::string_view head) {
    if (kind != 7) return {core::Reason::version_too_new, "unknown kind of event"};
    if (version != 1) return {core::Reason::version_too_new, "version of an event"};
    const auto number = parse(head);
    if (!number) return {core::Reason::store_damaged, "not a number"};
    return Event{*number, std::nullopt};
  }

  static std::optional<std::uint64_t> subject(const Event& event) { return event.subject; }

  std::string encode_state() const { return std::to_string(sum); }

  core::Result<void> decode_state(std::string_view bytes) {
    const auto number = parse(bytes);
    if (!number) return {core::Reason::store_damaged, "the state is not a number"};
    sum = *number;
    return {};
  }

  std::int64_t sum = 0;
  std::int64_t owed = 0;
  core::Time work_from;
  RecordPlace last;
  bool applied_at_once = true;
  std::vector<core::Time> decided_at;
  std::vector<core::Time> worked_at;

 private:
  static std::optional<std::int64_t> parse(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  }
};

/// Keeps every batch it was given; the test says when and how each append ends.
class HandLog final : public LogPort {
 public:
  using BatchPointer = std::shared_ptr<const storage::Batch>;

  void start_append(BatchPointer batch) override {
    assert(!is_busy);
    is_busy = true;
    given.push_back(std::move(batch));
  }

  std::optional<core::Result<storage::LogPosition>> poll_append() override {
    return std::exchange(outcome_, std::nullopt);
  }

  void finish() {
    assert(is_busy);
    is_busy = false;
    outcome_ = storage::LogPosition{given.back()->records.back().index, {}};
  }

  void fail(core::Reason reason = core::Reason::store_unavailable) {
    assert(is_busy);
    is_busy = false;
    outcome_ = core::Result<storage::LogPosition>(reason, "disk full");
  }

  std::vector<BatchPointer> given;
  bool is_busy = false;

 private:
  std::optional<core::Result<storage::LogPosition>> outcome_;
};

}  // namespace intertie::engine
