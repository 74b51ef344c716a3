#include "clearing.h"

namespace intertie::api {

ClearingView make_clearing_view(const hub::State& state, std::uint32_t peer) {
  const hub::PeerState& one = state.peers[peer];
  ClearingView view;
  view.balance_micros =
      state.ledger.find_account(ledger::AccountHandle{one.terms.account})->balance;
  view.contested_micros = one.contested;
  view.disputed_micros = one.disputed;
  view.rows_received = one.inbox.received;
  view.rows_sent = one.outbox.last_number();
  return view;
}

void compare_clearing(PeerClearingView& view, const ClearingView& ours,
                      const ClearingView& theirs) {
  view.ours_micros = ours.balance_micros;
  view.contested_micros = ours.contested_micros;
  view.disputed_micros = ours.disputed_micros;
  view.theirs_micros = theirs.balance_micros;
  view.their_contested_micros = theirs.contested_micros;
  view.their_disputed_micros = theirs.disputed_micros;
  view.difference_micros = ours.balance_micros + theirs.balance_micros;
  if (theirs.rows_received > ours.rows_sent || ours.rows_received > theirs.rows_sent) {
    view.state = MirrorState::differs;
    view.detail = "one side has rows that the other does not remember: intertie hub peer reconcile";
    return;
  }
  view.rows_to_send = ours.rows_sent - theirs.rows_received;
  view.rows_to_come = theirs.rows_sent - ours.rows_received;
  // What the payer disputes, the owner of the cards has charged all the same.
  const core::Money disputed = ours.disputed_micros + theirs.disputed_micros;
  const bool is_explained = *view.difference_micros + disputed == core::Money{} &&
                            ours.contested_micros == theirs.disputed_micros &&
                            theirs.contested_micros == ours.disputed_micros;
  if (view.rows_to_send + view.rows_to_come > 0) {
    view.state = MirrorState::catching_up;
  } else if (!is_explained) {
    view.state = MirrorState::differs;
  } else {
    view.state = disputed == core::Money{} ? MirrorState::mirrors : MirrorState::disputed;
  }
}

}  // namespace intertie::api
