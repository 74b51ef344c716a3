#include "index_rows.h"

#include <cassert>
#include <utility>

#include "intertie/codec/cbor.h"

#include "contests.h"
#include "disputes.h"

namespace intertie::hub {
namespace {

constexpr char kWaiting = 'w';
constexpr char kRunning = 'r';
constexpr char kEnded = 'e';
constexpr std::size_t kSlotsInRow = 256;

storage::TableId id(Table table) { return static_cast<storage::TableId>(table); }

struct RowWriter {
  const State& state;
  const engine::RecordPlace& place;
  std::uint16_t kind;
  std::vector<storage::IndexWrite>& writes;

  template <class Event>
  std::string encode(const Event& event) const {
    const std::string head = codec::to_cbor(event);
    return codec::to_cbor(IndexedEvent{kind, place.time, {head.begin(), head.end()}});
  }

  template <class Event>
  void put_event(Table table, std::string key, const Event& event) const {
    writes.push_back(
        storage::put(id(table), std::move(key) + encode_number(place.index), encode(event)));
  }

  // Who may see a dispute: the job's owner, the site's operator, and operators of the hub.
  std::vector<std::uint64_t> list_parties(std::uint32_t owner, std::uint32_t site) const {
    std::vector<std::uint64_t> parties = {all_parties, owner};
    const auto found = state.principal_handles.find(state.sites[site].site.operator_account);
    if (found != state.principal_handles.end() && found->second != owner) {
      parties.push_back(found->second);
    }
    return parties;
  }

  // The same of one between hubs: the job's owner, or whose account got the charge.
  std::vector<std::uint64_t> list_parties(const OpenDispute& dispute) const {
    if (dispute.side == DisputeSide::site) return list_parties(dispute.owner, dispute.site);
    std::vector<std::uint64_t> parties = {all_parties};
    if (dispute.owner != kNobody) parties.push_back(dispute.owner);
    if (!dispute.is_known) return parties;
    const auto& name = state.ledger.find_account({dispute.provider})->terms.owner;
    const auto found = state.principal_handles.find(name);
    if (found != state.principal_handles.end()) parties.push_back(found->second);
    return parties;
  }

  void put_peer_dispute(const OpenDispute& dispute, bool is_open) const {
    for (const std::uint64_t party : list_parties(dispute)) {
      writes.push_back(
          storage::put(id(Table::disputes_by_party),
                       make_dispute_prefix(party, is_open) + encode_number(place.index), ""));
    }
  }

  void close_dispute(std::uint64_t dispute) const {
    const std::string number = encode_number(dispute);
    for (const std::uint64_t party : list_parties(state.disputes.at(dispute))) {
      writes.push_back(
          storage::erase(id(Table::disputes_by_party), make_dispute_prefix(party, true) + number));
      writes.push_back(storage::put(id(Table::disputes_by_party),
                                    make_dispute_prefix(party, false) + number, ""));
    }
  }

  void put_entry(const ledger::Entry& entry, std::uint64_t job) const {
    for (std::size_t position = 0; position < entry.postings.size(); ++position) {
      put_posting(entry.postings[position].account, position,
                  {place.time, entry.postings[position].amount, entry.memo, job});
    }
  }

  void put_phase(std::uint32_t owner, std::uint64_t job, char phase) const {
    writes.push_back(storage::put(id(Table::jobs_by_phase),
                                  make_phase_prefix(owner, phase) + encode_number(job), ""));
  }
  void move_phase(const Job& job, char to) const {
    const char from = job.phase == JobPhase::waiting ? kWaiting : kRunning;
    if (from == to) return;
    writes.push_back(storage::erase(
        id(Table::jobs_by_phase), make_phase_prefix(job.owner, from) + encode_number(job.number)));
    put_phase(job.owner, job.number, to);
  }

  void put_posting(ledger::AccountHandle account, std::size_t position,
                   const IndexedPosting& posting) const {
    writes.push_back(storage::put(
        id(Table::postings),
        encode_number(account.index) + encode_number(place.index) + encode_number(position),
        codec::to_cbor(posting)));
  }

  void put_postings(const ledger::Post& post, std::uint64_t job) const {
    const ledger::Entry entry = ledger::make_entry(state.ledger, post);
    for (std::size_t position = 0; position < entry.postings.size(); ++position) {
      put_posting(entry.postings[position].account, position,
                  {place.time, entry.postings[position].amount, entry.memo, job});
    }
  }

  void operator()(const JobSubmitted& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    writes.push_back(storage::put(id(Table::jobs_by_owner),
                                  encode_number(event.owner) + encode_number(event.job), ""));
    put_phase(event.owner, event.job, kWaiting);
    for (const auto& [tag, value] : event.tags) {
      writes.push_back(
          storage::put(id(Table::jobs_by_tag),
                       make_tag_prefix(event.owner, tag, value) + encode_number(event.job), ""));
    }
    if (!event.idempotency) return;
    writes.push_back(storage::put(id(Table::idempotency),
                                  make_idempotency_key(event.owner, *event.idempotency),
                                  codec::to_cbor(IndexedKey{event.job, event.request_digest})));
  }

  // A large gang's slots would not fit into a row; the log has all of them.
  void operator()(const CapacityReserved& event) const {
    CapacityReserved brief = event;
    if (brief.slots.size() > kSlotsInRow) brief.slots.resize(kSlotsInRow);
    put_event(Table::job_events, encode_number(event.job), brief);
  }
  void operator()(const AttemptChosen& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    move_phase(*state.find_job(event.job), kRunning);
  }
  void operator()(const AttemptBegan& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
  }
  void operator()(const UsageSettled& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    put_postings(event.post, event.job);
  }
  void operator()(const UsageDisputed& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    put_event(Table::disputes, "", event);
    const bool is_open = make_open_dispute(state, event).has_value();
    const Job& job = *state.find_job(event.job);
    const std::uint32_t site = get_site(state, *state.find_reservation(job.reservation));
    for (const std::uint64_t party : list_parties(job.owner, site)) {
      writes.push_back(
          storage::put(id(Table::disputes_by_party),
                       make_dispute_prefix(party, is_open) + encode_number(place.index), ""));
    }
  }

  void operator()(const DisputeResolved& event) const {
    put_job_event(event);
    const std::string number = encode_number(event.dispute);
    writes.push_back(storage::put(id(Table::dispute_ends), number, encode(event)));
    close_dispute(event.dispute);
    if (event.entry) put_entry(*event.entry, event.job);
  }
  void operator()(const AttemptOver& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
  }
  void operator()(const JobRequeued& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    move_phase(*state.find_job(event.job), kWaiting);
  }
  void operator()(const JobCancelRequested& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
  }
  void operator()(const JobEnded& event) const {
    put_event(Table::job_events, encode_number(event.job), event);
    move_phase(*state.find_job(event.job), kEnded);
  }
  template <class Event>
  void put_job_event(const Event& event) const {
    if (event.job != 0) put_event(Table::job_events, encode_number(event.job), event);
  }
  void operator()(const OfferAsked& event) const {
    put_job_event(event);
    move_phase(*state.find_job(event.job), kRunning);
  }
  void operator()(const OfferClosed& event) const { put_job_event(event); }
  void operator()(const RemoteAttemptChosen& event) const { put_job_event(event); }
  void operator()(const RemoteAttemptBegan& event) const { put_job_event(event); }
  void operator()(const RemoteUsageSettled& event) const {
    put_job_event(event);
    put_postings(event.post, event.job);
  }
  void operator()(const RemoteUsageDisputed& event) const {
    put_job_event(event);
    put_event(Table::disputes, "", event);
    const bool is_open = has_room_for_dispute(state, event.peer, DisputeSide::payer);
    put_peer_dispute(make_peer_dispute(state, event), is_open);
  }
  void operator()(const ChargeContested& event) const {
    put_job_event(event);
    put_event(Table::disputes, "", event);
    put_peer_dispute(make_peer_dispute(state, event), true);
  }
  void operator()(const ContestResolved& event) const {
    put_job_event(event);
    if (event.dispute != 0) {
      writes.push_back(
          storage::put(id(Table::dispute_ends), encode_number(event.dispute), encode(event)));
      close_dispute(event.dispute);
    }
    if (event.entry) put_entry(*event.entry, event.job);
  }
  void operator()(const ClearingDecided& event) const {
    if (event.entry) put_entry(*event.entry, 0);
  }
  void operator()(const PeerChannelReconciled& event) const {
    for (const std::uint64_t number : list_contests(state, event.peer)) close_dispute(number);
  }
  void operator()(const RemoteAttemptOver& event) const { put_job_event(event); }
  void operator()(const GuestReserved& event) const {
    GuestReserved brief = event;
    if (brief.slots.size() > kSlotsInRow) brief.slots.resize(kSlotsInRow);
    put_job_event(brief);
    writes.push_back(storage::put(id(Table::guests),
                                  encode_number(event.peer) + encode_number(event.offer),
                                  encode_number(event.job)));
    writes.push_back(storage::put(id(Table::guest_jobs), encode_number(event.job), ""));
  }
  void operator()(const InputMoved& event) const { put_job_event(event); }
  void operator()(const GuestCommitted& event) const { put_job_event(event); }
  void operator()(const GuestDropped& event) const { put_job_event(event); }
  void operator()(const GuestEnded& event) const { put_job_event(event); }

  void operator()(const DemandUnmet& event) const {
    put_event(Table::unmet, "", event);
    if (event.job != 0) put_event(Table::job_events, encode_number(event.job), event);
  }

  void operator()(const EntryPosted& event) const { put_entry(event.entry, 0); }

  void operator()(const MeasurementAccepted& event) const {
    put_event(Table::statements, encode_number(event.pool), event);
  }
  void operator()(const MeasurementRefused& event) const {
    put_event(Table::statements, encode_number(event.pool), event);
  }
  void operator()(const SiteRegistered& event) const {
    put_event(Table::site_events, encode_number(event.site.handle.index), event);
  }
  void operator()(const SiteStatusChanged& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }

  void operator()(const SiteKeysRotated& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }
  void operator()(const SiteRevoked& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }
  void operator()(const SiteRecordAmended& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }
  void operator()(const SiteRecordLapsed& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }
  void operator()(const SiteReinstated& event) const {
    put_event(Table::site_events, encode_number(event.site), event);
  }

  template <class Other>
  void operator()(const Other&) const {}
};

void put_leaf(const PublicLog& log, const PublicLeaf& leaf, const engine::RecordPlace& place,
              std::vector<storage::IndexWrite>& writes) {
  const IndexedLeaf row{place.index, leaf.kind != LeafKind::settlement, encode_leaf(leaf)};
  writes.push_back(storage::put(id(Table::public_leaves), encode_number(log.frontier.size()),
                                codec::to_cbor(row)));
  const crypto::Digest hash = crypto::compute_leaf_hash(crypto::as_bytes(row.leaf));
  for (const crypto::MerkleNode& node : log.frontier.find_new_nodes(hash)) {
    writes.push_back(storage::put(id(Table::public_nodes), make_node_key(node.level, node.position),
                                  std::string(crypto::as_text(node.digest.bytes))));
  }
}

}  // namespace

std::string encode_number(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (int position = 7; position >= 0; --position) {
    bytes[static_cast<std::size_t>(position)] = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  return bytes;
}

std::uint64_t decode_number(std::string_view key, std::size_t offset) {
  assert(offset + 8 <= key.size());
  std::uint64_t number = 0;
  for (const char byte : key.substr(offset, 8)) {
    number = (number << 8) | static_cast<unsigned char>(byte);
  }
  return number;
}

std::string make_node_key(int level, std::uint64_t position) {
  return encode_number(static_cast<std::uint64_t>(level)) + encode_number(position);
}

std::string make_dispute_prefix(std::uint64_t party, bool is_open) {
  return encode_number(party) + (is_open ? 'o' : 'r');
}

std::string make_phase_prefix(std::uint32_t owner, char phase) {
  return encode_number(owner) + phase;
}

std::string make_tag_prefix(std::uint32_t owner, std::string_view tag, std::string_view value) {
  std::string prefix = encode_number(owner);
  prefix.append(tag).push_back('\0');
  prefix.append(value).push_back('\0');
  return prefix;
}

std::string make_idempotency_key(std::uint32_t owner, const Key128& key) {
  return encode_number(owner) + std::string(key.begin(), key.end());
}

void write_index_rows(const State& state, const Event& event, const engine::RecordPlace& place,
                      std::vector<storage::IndexWrite>& writes) {
  const auto kind = static_cast<std::uint16_t>(event.index());
  std::visit(RowWriter{state, place, kind, writes}, event);
  if (const auto leaf = find_public_leaf(state, event, place.time)) {
    put_leaf(state.public_log, *leaf, place, writes);
  }
}

}  // namespace intertie::hub
