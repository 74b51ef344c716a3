// What runs at a site, or at another region's hub, for those who ask about it.
#include "intertie/hub/running_job.h"

#include "attempts.h"

namespace intertie::hub {

std::optional<SiteAttempt> find_site_attempt(const State& state, std::uint64_t job,
                                             std::uint32_t attempt, std::uint32_t site) {
  if (site >= state.sites.size() || !is_current(state, job, attempt, site)) return std::nullopt;
  const Job& found = *state.find_job(job);
  if (found.attempt == 0) return std::nullopt;
  SiteAttempt running;
  running.job = job;
  running.attempt = attempt;
  running.document = found.document;
  running.site_seal_key = state.sites[site].seal_key;
  running.site_record = state.sites[site].signed_index;
  if (const Guest* guest = state.find_guest(job)) {
    running.guest = *guest;
  } else {
    running.owner = state.principals[found.owner].name;
  }
  return running;
}

std::optional<PeerAttempt> find_peer_attempt(const HubMachine& machine, std::uint32_t peer,
                                             std::uint64_t offer, std::uint32_t attempt) {
  const State& state = machine.state();
  const Offer* const found = state.find_offer(offer);
  if (found == nullptr || found->terms.peer != peer) return std::nullopt;
  if (attempt == 0 || found->attempt != attempt) return std::nullopt;
  const Job& job = *state.find_job(found->terms.job);
  PeerAttempt running{job.number,
                      attempt,
                      job.document,
                      state.principals[job.owner].name,
                      state.peers[peer].terms.sign_key,
                      {found->terms.site_sign_key}};
  const std::string now = machine.find_announced_key(found->terms.pool);
  if (!now.empty() && now != found->terms.site_sign_key) running.site_sign_keys.push_back(now);
  return running;
}

}  // namespace intertie::hub
