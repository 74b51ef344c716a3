// Steps that several events share when they change the state. Part of apply(): nothing here fails.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/engine/state_machine.h"
#include "intertie/execution/site_messages.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

WaitingJob make_waiting(const Job& job);

/// A waiting job's start time and deadline.
void add_timer(State& state, const Job& job);
void remove_timers(State& state, const Job& job);

/// Into the queue of its shape, or to its timer if it starts later. Keeps no reservation or offer.
void enqueue(State& state, Job& job);

/// Out of wherever it waits.
void dequeue(State& state, Job& job);

/// The cards are free and the reservation is forgotten.
void free_reservation(State& state, std::uint64_t number);

/// One job less of the shape. The last one takes it along: users choose shapes, so they must not
/// pile up.
void release_shape(State& state, std::uint32_t shape);

SiteState& get_site_of(State& state, std::uint32_t pool);

/// Position of a pool in its site's own list.
std::uint32_t get_position(const SiteState& site, std::uint32_t pool);

void push_message(SiteState& site, const execution::HubMessage& message,
                  const engine::RecordPlace& place, std::uint64_t attachment);

/// Orders the site to start the job's attempt in its reservation. `owner`: see StartAttempt;
/// `document`: log index of the record whose body is the job document.
void push_start(State& state, const Job& job, std::string owner, const engine::RecordPlace& place,
                std::uint64_t document);

/// In whose name a site keeps the inputs of the job, as its orders say.
std::string name_data_owner(const State& state, const Job& job);

}  // namespace intertie::hub
