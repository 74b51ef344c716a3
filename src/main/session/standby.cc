#include "session/standby.h"

#include "intertie/storage_postgres/lead_watch.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kLookInterval = core::milliseconds(200);

}  // namespace

void Standby::say_once(const std::string& text) {
  if (text != said_) terminal_.say(text);
  said_ = text;
}

bool Standby::wait_for_lead() {
  storage_postgres::PostgresOptions options;
  options.connection = store_;
  options.patience = core::seconds(3);
  storage_postgres::LeadWatch watch(options);
  for (;;) {
    const auto facts = watch.look();
    if (!facts || !facts->has_leader) return !stop_.has_come();
    say_once("Waiting: " + (facts->address.empty() ? "another process" : facts->address) +
             " leads (epoch " + std::to_string(facts->epoch) + ").");
    if (stop_.wait(kLookInterval)) return false;
  }
}

bool Standby::wait_after(const core::Error& error) {
  if (error.reason != core::Reason::store_unavailable) return false;
  say_once("Waiting: " + core::to_text(error));
  return !stop_.wait(kLookInterval);
}

}  // namespace intertie::cli
