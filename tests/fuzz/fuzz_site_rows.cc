// Rows of a site's channel: whatever a site sends, the hub takes the row or refuses it, and lives.
#include <memory>

#include "fuzz_target.h"
#include "test_world.h"

namespace intertie::fuzz {
namespace {

constexpr int kInputsPerWorld = 200;

struct Scene {
  hub::TestWorld world;
  std::unique_ptr<hub::TestWorld::TestSite> site;
  execution::StartAttempt start;

  Scene() {
    world.create_hub();
    site = world.join("alpha", hub::TestWorld::make_pool(4));
    world.measure(*site);
    world.beat(*site);
    (void)world.submit(hub::TestWorld::make_document());
    for (const execution::HubMessage& message : world.read_rows(*site)) {
      if (const auto* found = std::get_if<execution::StartAttempt>(&message)) start = *found;
    }
    check(start.job != 0, "the scene has a job at the site");
  }
};

}  // namespace

void take_input(std::string_view input) {
  static std::unique_ptr<Scene> scene;
  static int left = 0;
  if (left-- == 0) {
    scene = std::make_unique<Scene>();
    left = kInputsPerWorld;
  }
  const std::string payload(input);
  const std::uint64_t number = scene->site->outbox.push(payload, 0, 0);
  const auto reply = scene->world.ask(hub::AcceptSiteRows{scene->site->handle,
                                                          "inc-" + scene->site->identifier,
                                                          number,
                                                          {payload},
                                                          scene->site->seen,
                                                          {}});
  check(reply.has_value(), "a row that cannot be used is acknowledged");
  check(std::get<hub::RowsAccepted>(*reply).received == number, "no row blocks the channel");
  core::Money sum;
  const ledger::Ledger& ledger = scene->world.machine().state().ledger;
  for (std::uint32_t i = 0; i < ledger.account_count(); ++i) {
    sum += ledger.find_account(ledger::AccountHandle{i})->balance;
  }
  check(sum.count == 0, "balances sum to zero");
}

std::vector<std::string> make_seeds() {
  Scene scene;
  const auto& start = scene.start;
  const core::Time now = scene.world.now;
  const std::vector<execution::SiteMessage> messages = {
      execution::AttemptStarted{start.job, start.attempt, now},
      execution::UsageReport{
          start.job, start.attempt,
          scene.world.make_usage(*scene.site, start, now, now + core::seconds(1), 1, false)},
      execution::AttemptEnded{start.job, start.attempt, now, {}, "", {{0, 0, 0}}, {}},
      execution::AttemptNotStarted{start.job, start.attempt, core::Reason::staging_failed, "x"},
      execution::StatementReport{0, "{}"}};
  std::vector<std::string> seeds;
  for (const auto& message : messages) seeds.push_back(codec::to_cbor(message));
  return seeds;
}

}  // namespace intertie::fuzz
