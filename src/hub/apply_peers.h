// How events about other regions' hubs change the state. Part of apply(): nothing here fails.
#pragma once

#include "intertie/engine/state_machine.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

void apply_peer_event(State& state, const PeerAdded& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const PeerChanged& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const PeerChannelOpened& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const PeerRowsAccepted& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const PeerChannelReconciled& event,
                      const engine::RecordPlace& place);

// Home.
void apply_peer_event(State& state, const OfferAsked& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const OfferClosed& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const RemoteAttemptChosen& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const RemoteAttemptBegan& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const RemoteUsageSettled& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const RemoteUsageDisputed& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const RemoteAttemptOver& event,
                      const engine::RecordPlace& place);

/// Tells the owner to stop a job that was cancelled here.
void withdraw_running(State& state, const Job& job, const engine::RecordPlace& place);

// Owner.
void apply_peer_event(State& state, const GuestReserved& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const GuestRefused& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const GuestCommitted& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const GuestDropped& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const GuestEnded& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const ChargeContested& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const ContestResolved& event, const engine::RecordPlace& place);

// Money beside jobs.
void apply_peer_event(State& state, const ClearingProposed& event,
                      const engine::RecordPlace& place);
void apply_peer_event(State& state, const ClearingAsked& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const ClearingDecided& event, const engine::RecordPlace& place);

void apply_peer_event(State& state, const LineRegistered& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const LineReserved& event, const engine::RecordPlace& place);
void apply_peer_event(State& state, const LineReleased& event, const engine::RecordPlace& place);

/// Of a guest: tells its home.
void apply_peer_event(State& state, const InputMoved& event, const engine::RecordPlace& place);

/// Tell the home hub, if the job is a guest.
void report_began(State& state, const AttemptBegan& event, const engine::RecordPlace& place);
void report_charge(State& state, const UsageSettled& event, core::Money charge,
                   const engine::RecordPlace& place);

/// Home: tells the owner what was decided about its charge.
void report_resolved(State& state, const OpenDispute& dispute, const DisputeResolved& event,
                     const engine::RecordPlace& place);

/// Rebuilds what is derived, after a snapshot was read.
void rebuild_peers(State& state);

}  // namespace intertie::hub
