// A hub whose users submit and cancel while its sites run, lose, drain and repeat what they said:
// what is reserved, held and paid, counted again in the plainest way after every step.
#include <map>
#include <memory>
#include <set>

#include "intertie/ledger/totals.h"

#include "byte_choices.h"
#include "fuzz_target.h"
#include "test_world.h"

namespace intertie::fuzz {
namespace {

using hub::TestWorld;

constexpr int kStepsMax = 60;
constexpr std::int64_t kCores[] = {4, 2};
constexpr std::int64_t kDeposit = 1'000'000'000;

class Run {
 public:
  explicit Run(std::string_view input) : bytes_(input) {
    world_.create_hub(0, "22");
    for (std::size_t i = 0; i < 2; ++i) {
      sites_.push_back(world_.join(i == 0 ? "alpha" : "beta", TestWorld::make_pool(kCores[i])));
      world_.measure(*sites_.back());
      world_.beat(*sites_.back());
    }
  }

  void play() {
    for (int step = 0; step < kStepsMax && !bytes_.is_empty(); ++step) {
      step_once();
      take_starts();
      recount();
    }
  }

 private:
  struct Started {
    std::size_t site = 0;
    execution::StartAttempt start;
  };

  void step_once() {
    switch (bytes_.below(10)) {
      case 0:
      case 1:
      case 2: {
        auto document = TestWorld::make_document(static_cast<std::int64_t>(1 + bytes_.below(5)));
        document.timeout = core::minutes(static_cast<std::int64_t>(1 + bytes_.below(600)));
        document.retries = static_cast<std::uint32_t>(bytes_.below(3));
        if (const auto made = world_.submit(document)) ++jobs_;
        return;
      }
      case 3:
        (void)world_.ask(hub::CancelJob{1 + bytes_.below(jobs_ + 2), 0});
        return;
      case 4:
      case 5:
        return run_one();
      case 6:
        world_.advance(core::seconds(static_cast<std::int64_t>(1 + bytes_.below(3))));
        for (const auto& site : sites_) world_.beat(*site);
        return;
      case 7:
        // Nobody is heard for so long.
        world_.advance(core::minutes(static_cast<std::int64_t>(1 + bytes_.below(200))));
        return;
      case 8:
        world_.must(
            hub::SetSiteDrained{static_cast<std::uint32_t>(bytes_.below(2)), bytes_.chance(1, 2)});
        return;
      default:
        return say_again();
    }
  }

  // The oldest attempt that waits at a site, from start to end.
  void run_one() {
    if (waiting_.empty()) return;
    const Started one = waiting_.front();
    waiting_.erase(waiting_.begin());
    const core::Duration length = core::seconds(static_cast<std::int64_t>(1 + bytes_.below(30)));
    world_.beat(*sites_[one.site]);
    world_.run(*sites_[one.site], one.start, length, bytes_.chance(1, 3) ? 1 : 0);
    for (const execution::TaskSlot& slot : one.start.slots) {
      ran_micros_ += slot.cpus.count * length.count / 1'000'000;  // 1 micro a cpu-millisecond.
    }
    done_.push_back(one);
  }

  // Late and repeated reports of attempts that are over, or were never there.
  void say_again() {
    const std::size_t site = bytes_.below(2);
    std::uint64_t job = 1 + bytes_.below(jobs_ + 2);
    auto attempt = static_cast<std::uint32_t>(bytes_.below(4));
    if (!done_.empty() && bytes_.chance(1, 2)) {
      const Started& one = done_[bytes_.below(done_.size())];
      job = one.start.job;
      attempt = one.start.attempt;
      if (bytes_.chance(1, 2)) {
        world_.say(
            *sites_[one.site],
            execution::UsageReport{job, attempt,
                                   world_.make_usage(*sites_[one.site], one.start,
                                                     world_.now - core::hours(1), world_.now)});
      }
    }
    // Of an attempt that still waits the site says nothing here: it would be believed.
    for (const Started& one : waiting_) {
      if (one.start.job == job && one.start.attempt == attempt) return;
    }
    execution::AttemptEnded ended{job, attempt, world_.now, {}, "", {{0, 0, 0}}, {}};
    world_.say(*sites_[site], ended);
  }

  // Attempts of one job are numbered upwards, and each is sent once.
  void take_starts() {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      for (const auto& message : world_.read_rows(*sites_[i])) {
        const auto* const start = std::get_if<execution::StartAttempt>(&message);
        if (start == nullptr) continue;
        check(start->attempt > attempts_[start->job],
              "an attempt is sent once, and a later one next");
        attempts_[start->job] = start->attempt;
        waiting_.push_back({i, *start});
      }
    }
  }

  void recount() {
    const hub::State& state = world_.machine().state();
    std::map<std::uint32_t, std::int64_t> cpus;
    std::set<std::uint64_t> with_cards;
    std::set<ledger::EntryId> holds;
    for (const auto& [id, reservation] : state.reservations) {
      for (const auto& slot : reservation.terms.slots) {
        cpus[reservation.terms.pool] += slot.cpus.count;
      }
      check(with_cards.insert(reservation.terms.job).second, "a job has cards at one place");
      const hub::Job* const job = state.find_job(reservation.terms.job);
      check(job != nullptr && job->reservation == id, "who has cards is a job that says so");
      if (reservation.attempt == 0) continue;
      check(holds.insert(reservation.hold).second, "an attempt has a hold of its own");
      check(state.ledger.find_hold(reservation.hold) != nullptr, "no attempt runs unpaid");
    }
    for (const auto& [pool, used] : cpus) {
      check(used <= kCores[pool] * 1'000, "no processor is given twice");
    }
    check(state.ledger.hold_count() == holds.size(), "no hold is left behind");
    const auto totals = ledger::compute_totals(ledger::dump_ledger(state.ledger));
    check(totals.sum.count == 0 && totals.problems.empty(), "the ledger is sound");
    const std::int64_t paid = kDeposit - world_.balance("ada").count;
    check(paid >= 0 && paid <= ran_micros_, "nobody pays for more than what ran");
  }

  ByteChoices bytes_;
  TestWorld world_;
  std::vector<std::unique_ptr<TestWorld::TestSite>> sites_;
  std::vector<Started> waiting_;
  std::vector<Started> done_;
  std::map<std::uint64_t, std::uint32_t> attempts_;
  std::uint64_t jobs_ = 0;
  std::int64_t ran_micros_ = 0;
};

}  // namespace

void take_input(std::string_view input) { Run(input).play(); }

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) seeds.push_back(make_choice_bytes(seed, 300));
  return seeds;
}

}  // namespace intertie::fuzz
