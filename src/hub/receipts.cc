#include "receipts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer/receipt.h"

#include "job_moves.h"

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

// What came straight over the line from another region says what the line achieves. The identifier
// of who held it begins with its region.
void note_rate(Context& context, const transfer::Receipt& receipt) {
  const std::string& here = context.state.facts.region;
  const std::string from = receipt.source.substr(0, here.size());
  const bool is_known = std::ranges::any_of(
      context.state.peers, [&](const PeerState& peer) { return peer.terms.region == from; });
  const bool is_measure = is_known && from != here && receipt.direct == receipt.received &&
                          receipt.received.count >= core::limits::line_sample_bytes_min;
  if (!is_measure) return;
  const std::int64_t bytes =
      transfer::compute_rate(receipt.received, receipt.ended - receipt.started);
  const std::int64_t bits = std::min(bytes, core::limits::line_bits_per_second_max / 8) * 8;
  if (bits <= 0) return;
  context.soft.grid.lines().set_rate({from, here}, bits, context.now);
  ++context.soft.lines_noted;
}

}  // namespace

std::vector<DataCopy> find_copies(const State& state, const Soft& soft, std::uint64_t number,
                                  const crypto::Digest& dataset) {
  const Job* const job = state.find_job(number);
  const Reservation* const reservation =
      job == nullptr ? nullptr : state.find_reservation(job->reservation);
  if (reservation == nullptr) return {};
  const std::string owner = name_data_owner(state, *job);
  const std::set<std::uint32_t>* const found = state.copies.find({dataset, owner});
  if (found == nullptr) return {};
  std::vector<DataCopy> copies;
  for (const std::uint32_t handle : *found) {
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
  note_rate(context, *receipt);
  context.emit(make_moved(*receipt), message.envelope);
}

}  // namespace intertie::hub
