// Logs of released versions, kept in the tree: this version reads them to the same end
// (docs/formats/recorded-log.md).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/crypto/bytes.h"
#include "intertie/hub/machine.h"

namespace intertie::hub {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Replayed {
  HubMachine machine;
  std::size_t records = 0;
  std::set<std::uint16_t> kinds;
};

void replay(const std::string& text, Replayed& into) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    core::Time time;
    std::uint16_t kind = 0;
    std::uint16_t version = 0;
    std::string head;
    ASSERT_TRUE(fields >> time.micros >> kind >> version >> head) << line;
    const auto bytes = crypto::decode_base64url(head);
    ASSERT_TRUE(bytes.has_value()) << line;
    const auto event = HubMachine::decode(kind, version, crypto::as_text(*bytes));
    ASSERT_TRUE(event.has_value()) << line << "\n" << core::to_text(event.error());
    into.machine.apply(*event, {++into.records, time});
    into.kinds.insert(kind);
  }
}

void describe_sites(const State& state, std::ostream& out) {
  for (const SiteState& site : state.sites) {
    out << "site " << site.site.name << ' ' << site.site.identifier << " pools "
        << site.pools.size() << " sent " << site.outbox.last_number() << " received "
        << site.inbox.received << " drained " << site.is_drained << " revoked " << site.is_revoked
        << '\n';
  }
  for (const PeerState& peer : state.peers) {
    out << "peer " << peer.terms.region << ' ' << peer.terms.id << " sent "
        << peer.outbox.last_number() << " received " << peer.inbox.received << " contested "
        << peer.contested.count << " disputed " << peer.disputed.count << '\n';
  }
  for (const LineRegistered& line : state.lines) {
    out << "line " << line.line.from << '-' << line.line.to << ' '
        << line.line.bandwidth_bits_per_second << " bit/s version " << line.seq << '\n';
  }
}

void describe_jobs(const State& state, std::ostream& out) {
  std::map<std::uint64_t, std::string> jobs;
  for (const auto& [number, job] : state.jobs) {
    std::ostringstream line;
    line << "phase " << static_cast<int>(job.phase) << " attempt " << job.attempt << " retries "
         << job.retries_left << " guest " << (state.find_guest(number) != nullptr);
    jobs[number] = line.str();
  }
  for (const auto& [number, line] : jobs) out << "job " << number << ' ' << line << '\n';
  const Counters& counts = state.counters;
  out << "submitted " << counts.submitted << " succeeded " << counts.succeeded << " failed "
      << counts.failed << " cancelled " << counts.cancelled << " refused " << counts.refused
      << " attempts " << counts.attempts << " disputes " << counts.disputes << '\n'
      << "next job " << state.next_job << " reservation " << state.next_reservation << " offer "
      << state.next_offer << " clearing " << state.next_clearing << '\n'
      << "open disputes " << state.disputes.size() << " reservations " << state.reservations.size()
      << " offers " << state.offers.size() << " guests " << state.guests.size() << " line legs "
      << state.line_legs.size() << " public leaves " << state.public_log.frontier.size() << '\n';
}

// What people would miss if it changed: written by hand against the state, not by its codec, whose
// text may gain fields.
std::string describe(const Replayed& replayed) {
  const State& state = replayed.machine.state();
  std::ostringstream out;
  out << "records " << replayed.records << " kinds " << replayed.kinds.size() << '\n'
      << "hub " << state.facts.id << ' ' << state.facts.region << ' ' << state.facts.currency
      << '\n';
  core::Money sum;
  for (std::size_t i = 0; i < state.ledger.account_count(); ++i) {
    const auto* account =
        state.ledger.find_account(ledger::AccountHandle{static_cast<std::uint32_t>(i)});
    out << "account " << account->terms.name << " balance " << account->balance.count << " held "
        << account->held.count << '\n';
    sum = sum + account->balance;
  }
  out << "sum " << sum.count << '\n';
  describe_sites(state, out);
  describe_jobs(state, out);
  return out.str();
}

std::vector<std::filesystem::path> list_logs() {
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(INTERTIE_RECORDED_LOGS)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::ranges::sort(logs);
  return logs;
}

TEST(RecordedLogs, AreReadToTheSameEnd) {
  const auto logs = list_logs();
  ASSERT_FALSE(logs.empty());
  for (const auto& path : logs) {
    SCOPED_TRACE(path.string());
    Replayed replayed;
    ASSERT_NO_FATAL_FAILURE(replay(read_file(path), replayed));
    auto summary_path = path;
    summary_path.replace_extension(".txt");
    const std::string summary = describe(replayed);
    if (std::getenv("INTERTIE_WRITE_DOCS") != nullptr && !std::filesystem::exists(summary_path)) {
      std::ofstream(summary_path) << summary;
    }
    EXPECT_EQ(summary, read_file(summary_path));
    HubMachine again;
    ASSERT_TRUE(again.decode_state(replayed.machine.encode_state()).has_value());
    EXPECT_EQ(again.encode_state(), replayed.machine.encode_state());
  }
}

}  // namespace
}  // namespace intertie::hub
