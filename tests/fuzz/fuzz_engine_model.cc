// The engine under commands, reads, slow and failing appends in any order. The model is the log
// itself: what became durable, record by record, with the sum after each.
#include <optional>
#include <set>

#include "byte_choices.h"
#include "counter_machine.h"
#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

using engine::CounterMachine;
using Conduct = CounterMachine::Conduct;

constexpr int kStepsMax = 300;
constexpr std::uint64_t kFirst = 10;  // The log's last index at the start.

/// One asked thing and its answer.
struct Asked {
  Conduct conduct = Conduct::accept;
  std::optional<core::Result<std::int64_t>> answer;
  std::uint64_t durable_then = 0;  // When it was answered.
};

class Run {
 public:
  explicit Run(std::string_view input) : bytes_(input) {}

  void play() {
    for (int step = 0; step < kStepsMax && !bytes_.is_empty(); ++step) step_once();
    for (int turn = 0; turn < 10'000 && !is_over(); ++turn) {
      if (log_.is_busy) finish();
      engine_.poll(++now_);
    }
    check(is_over(), "the engine comes to rest");
    compare();
  }

 private:
  struct Clock {
    core::Time time{1'000'000'000};
    core::Time operator++() { return time = time + core::milliseconds(1); }
  };

  bool is_over() const { return engine_.is_idle() && !log_.is_busy && machine_.owed == 0; }

  void step_once() {
    switch (bytes_.below(8)) {
      case 0:
      case 1:
        return submit();
      case 2:
        return read();
      case 3:
        if (log_.is_busy) finish();
        return;
      case 4:
        if (log_.is_busy) fail();
        return;
      case 5:
        now_.time = now_.time - core::seconds(static_cast<std::int64_t>(bytes_.below(100)));
        return;
      default:
        engine_.poll(++now_);
        check_batches();
    }
  }

  void submit() {
    CounterMachine::Command command;
    command.added = static_cast<std::int64_t>(1'000 + bytes_.below(200));
    command.conduct = bytes_.chance(1, 4)   ? Conduct::refuse
                      : bytes_.chance(1, 4) ? Conduct::answer_only
                                            : Conduct::accept;
    command.events = 1 + bytes_.below(3);
    command.owed = static_cast<std::int64_t>(bytes_.below(3) / 2);
    const std::size_t number = asked_.size();
    asked_.push_back({command.conduct, {}, 0});
    engine_.submit(command, [this, number](core::Result<std::int64_t> answer) {
      note_answer(number, std::move(answer));
    });
  }

  void note_answer(std::size_t number, core::Result<std::int64_t> answer) {
    check(!asked_[number].answer.has_value(), "nothing is answered twice");
    asked_[number].answer = std::move(answer);
    asked_[number].durable_then = engine_.durable_index();
  }

  void read() {
    ++reads_;
    engine_.read(
        [this](const core::Result<const CounterMachine*>& machine) -> std::function<void()> {
          if (!machine) return [this] { ++released_; };
          return [this, sum = (*machine)->sum, place = (*machine)->last.index] {
            ++released_;
            check(place <= std::max(engine_.durable_index(), kFirst), "what is read is durable");
            read_sums_.emplace_back(place, sum);
          };
        });
  }

  void finish() {
    for (const auto& record : log_.given.back()->records) durable_.push_back(record);
    has_failed_ = false;
    log_.finish();
  }

  void fail() {
    has_failed_ = true;
    was_failed_ = true;
    failed_batch_ = log_.given.back();
    log_.fail();
  }

  // A batch that failed is the next one that is given.
  void check_batches() {
    if (!has_failed_ || !log_.is_busy) return;
    check(log_.given.back() == failed_batch_, "the very same batch is given again");
  }

  void compare() {
    std::set<std::int64_t> sums = {0};
    std::vector<std::int64_t> after = {0};
    std::uint64_t index = kFirst;
    core::Time last{};
    for (const storage::Record& record : durable_) {
      check(record.index == ++index, "indexes have no gaps");
      check(record.time >= last, "log time never decreases");
      last = record.time;
      after.push_back(after.back() + std::stoll(record.head));
      sums.insert(after.back());
    }
    check(machine_.sum == after.back(), "the state is the fold of the log");
    check(machine_.applied_at_once, "each event is applied at once");
    std::int64_t latest = 0;
    for (const Asked& asked : asked_) {
      check(asked.answer.has_value(), "everything is answered");
      if (!*asked.answer) {
        const core::Reason reason = asked.answer->error().reason;
        const bool may_fail = was_failed_ && reason == core::Reason::store_unavailable;
        check(may_fail || (asked.conduct == Conduct::refuse && reason == core::Reason::denied),
              "a refusal has its reason");
        continue;
      }
      const std::int64_t sum = **asked.answer;
      check(asked.conduct != Conduct::refuse, "what is to be refused is refused");
      check(sums.contains(sum), "an answer is a state of the log");
      check(sum >= latest, "commands are decided in their order");
      latest = sum;
      const std::size_t durable = static_cast<std::size_t>(asked.durable_then - kFirst);
      check(durable < after.size() && sum <= after[durable], "an answer was durable when it left");
    }
    for (const auto& [place, sum] : read_sums_) {
      const std::size_t at = place < kFirst ? 0 : static_cast<std::size_t>(place - kFirst);
      check(at < after.size() && after[at] == sum, "a read saw the state of its place");
    }
    check(released_ >= reads_, "every read is released");
  }

  ByteChoices bytes_;
  CounterMachine machine_;
  engine::HandLog log_;
  Clock now_;
  engine::Engine<CounterMachine> engine_{machine_, log_, storage::LogPosition{kFirst, {}},
                                         core::Time{1'000'000'000}};
  std::vector<Asked> asked_;
  std::vector<storage::Record> durable_;
  std::vector<std::pair<std::uint64_t, std::int64_t>> read_sums_;
  engine::HandLog::BatchPointer failed_batch_;
  bool has_failed_ = false;
  bool was_failed_ = false;
  int reads_ = 0;
  int released_ = 0;
};

}  // namespace

void take_input(std::string_view input) { Run(input).play(); }

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) seeds.push_back(make_choice_bytes(seed, 1'000));
  return seeds;
}

}  // namespace intertie::fuzz
