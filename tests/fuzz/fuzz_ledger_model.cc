// Operations on a ledger, chosen by bytes, against the naive model of ledger_model_test.
#include "byte_choices.h"
#include "fuzz_target.h"
#include "ledger_model.h"

namespace intertie::fuzz {
namespace {

constexpr int kStepsMax = 400;

/// The driver owns its choices; the input says when to stop.
class Steered {
 public:
  explicit Steered(ByteChoices* bytes) : bytes_(bytes) {}
  std::uint64_t below(std::uint64_t bound) { return bytes_->below(bound); }
  std::int64_t between(std::int64_t low, std::int64_t high) { return bytes_->between(low, high); }
  bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return bytes_->chance(numerator, denominator);
  }

 private:
  ByteChoices* bytes_;
};

}  // namespace

void take_input(std::string_view input) {
  ByteChoices bytes(input);
  ledger::ModelDriver<Steered> driver{Steered(&bytes), &check};
  driver.open_accounts();
  for (int step = 0; step < kStepsMax && !bytes.is_empty(); ++step) driver.step();
  driver.compare();
}

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) seeds.push_back(make_choice_bytes(seed, 4'000));
  return seeds;
}

}  // namespace intertie::fuzz
