// The ledger against a naive model that keeps the whole history, over random operations.
#include "ledger_model.h"

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::ledger {
namespace {

TEST(LedgerModel, AgreesWithTheWholeHistory) {
  std::map<Verdict, int> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    ModelDriver<core::Random> driver(
        core::Random(seed), [](bool holds, const char* promise) { ASSERT_TRUE(holds) << promise; });
    driver.open_accounts();
    for (int step = 0; step < 1'000; ++step) {
      SCOPED_TRACE(step);
      driver.step();
      if (step % 50 == 0) driver.compare();
      if (::testing::Test::HasFatalFailure()) return;
    }
    driver.compare();
    for (const auto& [verdict, count] : driver.seen) seen[verdict] += count;
  }
  // The test is only worth something if every verdict occurs.
  const Verdict expected[] = {Check::apply,
                              Check::repeated,
                              Reason::idempotency_conflict,
                              Reason::out_of_range,
                              Reason::duplicate_field,
                              Reason::unbalanced_entry,
                              Reason::unknown_account,
                              Reason::account_closed,
                              Reason::amount_overflow,
                              Reason::insufficient_funds,
                              Reason::already_final,
                              Reason::unknown_hold,
                              Reason::budget_exceeded};
  for (const Verdict& verdict : expected) {
    EXPECT_GE(seen[verdict], 5) << verdict.index() << " "
                                << (verdict.index() == 1 ? reason_code(std::get<Reason>(verdict))
                                                         : std::string_view("check"));
  }
}

}  // namespace
}  // namespace intertie::ledger
