// What the engine asks of a state machine (ARCHITECTURE.md, idea 1).
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/storage/index.h"
#include "intertie/storage/record.h"

namespace intertie::engine {

/// Takes the events of a decision. emit() writes the event to the batch and applies it to the state
/// at once, so the next line of the decision sees its effect. A decision emits only after its last
/// check: once it has emitted, it must not refuse.
template <class Event>
class EventSink {
 public:
  virtual ~EventSink() = default;

  /// `body` is what decisions never read (command line, explanation, envelope). Returns the index
  /// of the event's record.
  virtual storage::LogIndex emit(Event event, std::string body = {}) = 0;
};

/// An event in the form the log keeps.
struct EncodedEvent {
  std::uint16_t kind = 0;
  std::uint16_t version = 1;
  std::string head;
};

/// Where a record stands in the log.
struct RecordPlace {
  storage::LogIndex index = 0;
  core::Time time;
};

/// A machine owns its state and its soft state. All members run on the engine's thread and read
/// neither clock nor randomness nor files.
template <class M>
concept StateMachine = requires(M machine, const M& constant, typename M::Command command,
                                typename M::Event event, core::Time now,
                                EventSink<typename M::Event>& sink, RecordPlace place,
                                std::vector<storage::IndexWrite>& writes, std::string_view bytes) {
  typename M::Reply;
  /// Checks, then emits. A refusal means that nothing was emitted.
  { machine.decide(command, now, sink) } -> std::same_as<core::Result<typename M::Reply>>;
  /// Whether a turn of work() would do something (woken queues, due deadlines).
  { constant.has_work(now) } -> std::same_as<bool>;
  /// Does a bounded piece of it.
  machine.work(now, sink);
  /// Cannot fail; sees nothing but the state, the event and its place in the log.
  machine.apply(event, place);
  /// The index rows that follow from the event; called before apply().
  constant.index(event, place, writes);
  { M::encode(event) } -> std::same_as<EncodedEvent>;
  {
    M::decode(std::uint16_t{}, std::uint16_t{}, bytes)
    } -> std::same_as<core::Result<typename M::Event>>;
  /// What a watcher can wait for (a job's number), if the event is about one.
  { M::subject(event) } -> std::same_as<std::optional<std::uint64_t>>;
  { constant.encode_state() } -> std::same_as<std::string>;
  { machine.decode_state(bytes) } -> std::same_as<core::Result<void>>;
};

}  // namespace intertie::engine
