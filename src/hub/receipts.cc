#include "receipts.h"

#include <optional>
#include <utility>

#include "intertie/transfer/manifest.h"
#include "intertie/transfer/receipt.h"

namespace intertie::hub {
namespace {

InputMoved make_moved(const transfer::Receipt& receipt) {
  InputMoved moved;
  moved.job = receipt.job;
  moved.attempt = receipt.attempt;
  moved.dataset = transfer::parse_dataset(receipt.dataset).value();  // It was checked.
  moved.size = receipt.size;
  moved.source = receipt.source;
  moved.started = receipt.started;
  moved.ended = receipt.ended;
  moved.received = receipt.received;
  moved.direct = receipt.direct;
  moved.cuts = receipt.cuts;
  moved.fallback = receipt.fallback;
  return moved;
}

// As push_start names them to the site.
std::string name_owner(const State& state, const Job& job) {
  const Guest* const guest = state.find_guest(job.number);
  if (guest == nullptr) return state.principals[job.owner].name;
  return state.peers[guest->peer].terms.id + ":" + guest->user;
}

void note_copy(Copies& copies, const crypto::Digest& dataset, std::string owner,
               std::uint32_t site) {
  if (copies.sites.size() >= Copies::kCopiesMax) copies.sites.clear();
  copies.sites[{dataset, std::move(owner)}].insert(site);
}

}  // namespace

std::vector<DataCopy> find_copies(const State& state, const Soft& soft, std::uint64_t number,
                                  const crypto::Digest& dataset) {
  const Job* const job = state.find_job(number);
  const Reservation* const reservation =
      job == nullptr ? nullptr : state.find_reservation(job->reservation);
  if (reservation == nullptr) return {};
  const std::string owner = name_owner(state, *job);
  const auto found = soft.copies.sites.find({dataset, owner});
  if (found == soft.copies.sites.end()) return {};
  std::vector<DataCopy> copies;
  for (const std::uint32_t handle : found->second) {
    const SiteState& site = state.sites[handle];
    const auto address = soft.data_addresses.find(handle);
    const bool is_there = address != soft.data_addresses.end() && !site.tls_key.empty() &&
                          site.status != topology::PoolStatus::lost;
    if (!is_there || handle == get_site(state, *reservation)) continue;
    copies.push_back({site.site.identifier, owner, address->second, site.tls_key});
  }
  return copies;
}

std::optional<InputMoved> read_receipt(const std::string& envelope,
                                       const identity::KeyLookup& find_key) {
  const auto receipt = transfer::open_receipt(envelope, find_key);
  if (!receipt) return std::nullopt;
  return make_moved(*receipt);
}

void take_receipt(Context& context, const MessagePlace& place,
                  const execution::InputArrived& message) {
  const SiteState& site = context.state.sites[place.site];
  if (context.state.find_job(message.job)->phase != JobPhase::placed) return;
  const auto receipt = transfer::open_receipt(message.envelope, [&](const crypto::Digest& id) {
    return find_site_key(site, id, place.number);
  });
  if (!receipt || receipt->job != message.job || receipt->attempt != message.attempt ||
      receipt->destination != site.site.identifier) {
    return;
  }
  InputMoved moved = make_moved(*receipt);
  note_copy(context.soft.copies, moved.dataset,
            name_owner(context.state, *context.state.find_job(message.job)), place.site);
  context.emit(std::move(moved), message.envelope);
}

}  // namespace intertie::hub
