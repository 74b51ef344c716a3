#include "home_leases.h"

#include <algorithm>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "decisions.h"
#include "liveness.h"

namespace intertie::hub {
namespace {

constexpr core::Duration kLeaseCheckInterval = core::seconds(1);

PeerWord& get_word(Context& context, std::uint32_t peer) {
  auto& words = context.soft.peer_words;
  while (words.size() <= peer) {
    words.emplace_back();
    words.back().heard = context.now;
  }
  return words[peer];
}

std::optional<core::Duration> find_answered(const Soft& soft, std::uint32_t peer) {
  return peer < soft.peer_words.size() ? soft.peer_words[peer].answered : std::nullopt;
}

void count(PeerWord& word, core::Duration sent) {
  word.answered = std::max(word.answered.value_or(sent), sent);
}

// Committed, under a lease, and it would still start, or run on, without one.
bool is_bound(const State& state, std::uint64_t number, const Guest& guest) {
  const Job& job = state.jobs.at(number);
  if (guest.home_lease.count <= 0 || job.attempt == 0 || job.is_cancel_requested) return false;
  return job.on_loss == OnLoss::restart || job.phase != JobPhase::running;
}

}  // namespace

void note_peer_spoke(Context& context, std::uint32_t peer) {
  get_word(context, peer).heard = context.now;
}

void note_peer_rows(Context& context, std::uint32_t peer) {
  PeerWord& word = get_word(context, peer);
  if (!word.unread || word.unread->rows > context.state.peers[peer].inbox.received) return;
  count(word, word.unread->sent);
  word.unread.reset();
}

void forget_peer_word(Context& context, std::uint32_t peer) {
  PeerWord& word = get_word(context, peer);
  word.answered.reset();
  word.unread.reset();
}

// The oldest answer that does not count yet is kept: a newer one names newer rows, and under steady
// load none would ever count.
core::Result<Reply> decide(Context& context, const NotePeerAnswer& command) {
  if (command.peer >= context.state.peers.size()) {
    return {core::Reason::not_found, "peer " + std::to_string(command.peer)};
  }
  PeerWord& word = get_word(context, command.peer);
  if (command.rows <= context.state.peers[command.peer].inbox.received) {
    count(word, command.sent);
    word.unread.reset();
  } else if (!word.unread) {
    word.unread = {command.sent, command.rows};
  }
  return Reply{Done{}};
}

bool is_home_alive(const Soft& soft, const Guest& guest, core::Duration lease) {
  if (lease.count <= 0 || engine::is_fault_planted(engine::Fault::home_lease_unchecked)) {
    return true;
  }
  if (const auto answered = find_answered(soft, guest.peer)) {
    if (soft.clock.boot - *answered <= lease) return true;
  }
  const HubClock& heard = guest.home_heard;
  return heard.boot_id != 0 && heard.boot_id == soft.clock.boot_id &&
         soft.clock.boot - heard.boot <= lease;
}

bool is_home_alive(const State& state, const Soft& soft, std::uint64_t job) {
  const Guest* guest = state.find_guest(job);
  return guest == nullptr || is_home_alive(soft, *guest, guest->home_lease);
}

// After a start of this hub nobody knows how long a home has been silent. What runs has its lease
// from before; what has not begun waits, and its site with it, for no message can hold one alone.
void check_home_leases(Context& context) {
  Soft& soft = context.soft;
  const core::Duration boot = soft.clock.boot;
  if (soft.leases_checked && boot - *soft.leases_checked < kLeaseCheckInterval) return;
  soft.leases_checked = boot;
  soft.sites_held.clear();
  std::vector<std::uint64_t> lapsed;
  for (const auto& [number, guest] : context.state.guests) {
    if (!is_bound(context.state, number, guest)) continue;
    if (is_home_alive(soft, guest, guest.home_lease)) continue;
    const Job& job = context.state.jobs.at(number);
    const core::Duration patience =
        job.phase == JobPhase::running ? guest.home_lease : core::limits::home_answer_max;
    if (find_answered(soft, guest.peer) || boot - soft.started >= patience) {
      lapsed.push_back(number);
    } else if (job.phase != JobPhase::running) {
      const Reservation& reservation = *context.state.find_reservation(job.reservation);
      soft.sites_held.insert(get_site(context.state, reservation));
    }
  }
  std::ranges::sort(lapsed);
  for (const std::uint64_t number : lapsed) {
    context.emit(JobCancelRequested{number, kNobody, core::Reason::lease_lapsed});
  }
}

bool is_site_held(const Soft& soft, std::uint32_t site) { return soft.sites_held.contains(site); }

std::optional<core::Time> find_certain_end(const State& state, const Soft& soft,
                                           const Offer& offer) {
  if (offer.home_lease.count <= 0 || offer.attempt == 0) return std::nullopt;
  const std::uint32_t peer = offer.terms.peer;
  if (peer >= soft.peer_words.size()) return std::nullopt;
  const Job& job = *state.find_job(offer.terms.job);
  const core::Duration bound =
      offer.home_lease + core::limits::site_lost_after + compute_bound(state, job);
  const core::Duration drift{bound.count / core::limits::clock_drift_divisor};
  return soft.peer_words[peer].heard + bound + drift;
}

void excuse_peers(Soft& soft, core::Duration unobserved, core::Time now) {
  for (PeerWord& word : soft.peer_words) word.heard = std::min(word.heard + unobserved, now);
}

}  // namespace intertie::hub
