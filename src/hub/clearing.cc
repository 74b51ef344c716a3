#include "clearing.h"

#include <optional>
#include <string>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "contests.h"
#include "decisions.h"
#include "parked.h"
#include "reservations.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kTextBytesMax = 256;

core::Money find_balance(const State& state, std::uint32_t peer) {
  return state.ledger.find_account({state.peers[peer].terms.account})->balance;
}

// The clearing account changes by `amount`, and the other account by as much the other way.
ledger::Entry make_entry(const State& state, std::uint32_t peer, ledger::EntryId id,
                         core::Money amount, std::uint32_t other) {
  ledger::Entry entry;
  entry.id = id;
  entry.postings = {{{state.peers[peer].terms.account}, amount}, {{other}, -amount}};
  return entry;
}

core::Result<void> check_text(const std::string& name, const std::string& text, bool is_needed) {
  if (text.size() > kTextBytesMax || (is_needed && text.empty())) {
    return {core::Reason::bad_field, name + (is_needed ? ": 1 to 256 bytes" : ": up to 256 bytes")};
  }
  return {};
}

core::Error make_no_peer(std::uint32_t peer) {
  return {core::Reason::not_found, "peer " + std::to_string(peer)};
}

const ClearingProposal* find_payment(const PeerState& peer, std::uint64_t id) {
  const auto found = peer.payments.find(id);
  return found == peer.payments.end() ? nullptr : &found->second;
}

// What the peer owes that it does not dispute, and of which nobody says that it was paid.
core::Money compute_owed(const State& state, std::uint32_t peer) {
  core::Money owed = -find_balance(state, peer) - state.peers[peer].contested;
  for (const auto& [id, payment] : state.peers[peer].payments) owed -= payment.amount;
  return owed;
}

ClearingDecided make_decided(std::uint32_t peer, std::uint64_t id, const ClearingProposal& about) {
  ClearingDecided decided;
  decided.peer = peer;
  decided.id = id;
  decided.kind = about.kind;
  decided.amount = about.amount;
  return decided;
}

}  // namespace

// Order of the checks: form, a repeat, who owes, how much, how many wait.
core::Result<Reply> decide(Context& context, const SettlePeer& command) {
  const State& state = context.state;
  if (command.peer >= state.peers.size()) return make_no_peer(command.peer);
  const PeerState& peer = state.peers[command.peer];
  if (const auto checked = check_text("memo", command.memo, false); !checked) {
    return checked.error();
  }
  if (command.amount.count <= 0) return {core::Reason::out_of_range, "amount: above 0"};
  if ((command.key.high & kHoldIds) != 0) {
    return {core::Reason::out_of_range, "key: the upper half is kept for holds"};
  }
  for (const auto& [id, payment] : peer.payments) {
    if (payment.key != command.key) continue;
    if (payment.amount == command.amount) return Reply{Done{}};
    return {core::Reason::idempotency_conflict, "the same key with another amount"};
  }
  ledger::Entry entry =
      make_entry(state, command.peer, command.key, command.amount, state.bank.index);
  entry.memo = ledger::Memo::deposit;
  const auto booked = ledger::check_entry(state.ledger, entry);
  if (!booked) return booked.error();
  if (*booked == ledger::Check::repeated) return Reply{Done{}};
  const std::string region = "region " + peer.terms.region;
  if (find_balance(state, command.peer).count >= 0) {
    return {core::Reason::denied, region +
                                      " owes nothing. Who was paid says so: if this hub has "
                                      "paid, the operator there does this"};
  }
  const core::Money owed = compute_owed(state, command.peer);
  if (command.amount > owed) {
    return {core::Reason::out_of_range,
            "amount: " + region + " owes " + std::to_string(owed.count) +
                " micros that are neither in dispute nor said to be paid"};
  }
  if (peer.payments.size() >= core::limits::payments_unanswered_per_peer_max) {
    return {core::Reason::overloaded, "payments_unanswered_per_peer_max"};
  }
  ClearingProposed proposed;
  proposed.peer = command.peer;
  proposed.id = state.next_clearing;
  proposed.terms = {ClearingKind::payment, command.amount, command.memo,
                    state.bank.index,      command.key,    command.by};
  context.emit(std::move(proposed));
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const AdjustPeer& command) {
  const State& state = context.state;
  if (command.peer >= state.peers.size()) return make_no_peer(command.peer);
  if (const auto checked = check_text("reason", command.reason, true); !checked) {
    return checked.error();
  }
  if (command.amount.count == 0 || command.amount.count == INT64_MIN) {
    return {core::Reason::out_of_range, "amount: not 0"};
  }
  std::optional<std::uint32_t> other;
  if (!command.account.empty() && command.account != kLossesAccount) {
    const ledger::Account* account = state.ledger.find_account(command.account);
    if (account == nullptr) return {core::Reason::unknown_account, command.account};
    if (account->terms.kind == ledger::AccountKind::clearing) {
      return {core::Reason::bad_field, "account: not one of a peer"};
    }
    other = account->handle.index;
    const auto checked = ledger::check_entry(
        state.ledger,
        make_entry(state, command.peer, make_peer_entry_id(state), command.amount, *other));
    if (!checked) return checked.error();
  }

  ClearingProposed proposed;
  proposed.peer = command.peer;
  proposed.id = state.next_clearing;
  proposed.terms = {ClearingKind::adjustment,
                    command.amount,
                    command.reason,
                    other ? *other : use_losses(context).index,
                    {},
                    command.by};
  context.emit(std::move(proposed));
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const DecideAdjustment& command) {
  const State& state = context.state;
  if (command.peer >= state.peers.size()) return make_no_peer(command.peer);
  const PeerState& peer = state.peers[command.peer];
  if (!peer.asked) {
    return {core::Reason::not_found,
            "region " + peer.terms.region + " has proposed no adjustment that waits"};
  }
  ClearingDecided decided = make_decided(command.peer, peer.asked->id, peer.asked->terms);
  decided.is_accepted = command.is_accepted;
  decided.by = command.by;
  decided.detail = command.is_accepted ? "" : "the operator there does not agree";
  context.emit(std::move(decided));
  return Reply{Done{}};
}

void take_request(Context& context, std::uint32_t peer, const ClearingPaid& message) {
  const State& state = context.state;
  const ClearingProposal about{ClearingKind::payment,
                               message.amount,
                               message.memo.substr(0, kTextBytesMax),
                               state.bank.index,
                               {},
                               0};
  ClearingDecided decided = make_decided(peer, message.id, about);
  const core::Money owed = find_balance(state, peer);
  if (message.amount.count <= 0 || message.amount > owed) {
    decided.detail = "it is owed " + std::to_string(owed.count) + " micros there";
  } else {
    ledger::Entry entry =
        make_entry(state, peer, make_peer_entry_id(state), -message.amount, state.bank.index);
    entry.memo = ledger::Memo::withdrawal;
    if (const auto checked = ledger::check_entry(state.ledger, entry); !checked) {
      decided.detail = core::to_text(checked.error());
    } else {
      decided.is_accepted = true;
      if (!engine::is_fault_planted(engine::Fault::payment_one_sided)) {
        decided.entry = std::move(entry);
      }
    }
  }
  context.emit(std::move(decided));
}

void take_request(Context& context, std::uint32_t peer, const AdjustmentProposed& message) {
  context.emit(ClearingAsked{peer,
                             {message.id,
                              {ClearingKind::adjustment,
                               message.amount,
                               message.reason.substr(0, kTextBytesMax),
                               0,
                               {},
                               0}}});
}

void take_answer(Context& context, std::uint32_t peer, const ClearingAnswered& message) {
  const State& state = context.state;
  const PeerState& one = state.peers[peer];
  const ClearingProposal* proposal = find_payment(one, message.id);
  if (proposal == nullptr && one.adjustment && one.adjustment->id == message.id) {
    proposal = &one.adjustment->terms;
  }
  if (proposal == nullptr) return;
  ClearingDecided decided = make_decided(peer, message.id, *proposal);
  decided.is_ours = true;
  decided.is_accepted = message.is_accepted;
  decided.by = proposal->by;
  decided.detail = message.detail.substr(0, kTextBytesMax);
  if (message.is_accepted) {
    const bool is_payment = proposal->kind == ClearingKind::payment;
    ledger::Entry entry =
        make_entry(state, peer, is_payment ? proposal->key : make_peer_entry_id(state),
                   proposal->amount, proposal->account);
    entry.memo = is_payment ? ledger::Memo::deposit : ledger::Memo::correction;
    const auto checked = ledger::check_entry(state.ledger, entry);
    if (checked) {
      decided.entry = std::move(entry);
    } else {
      decided.is_accepted = false;
      decided.detail = core::to_text(checked.error());
    }
  }
  const std::uint32_t account = proposal->account;
  context.emit(std::move(decided));
  wake_account(context, account);
}

}  // namespace intertie::hub
