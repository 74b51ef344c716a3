// Signed usage records of an attempt: all its ranks together, rank 0 standing for the gang.
#pragma once

#include "intertie/agent/events.h"
#include "intertie/agent/state.h"
#include "intertie/crypto/signature.h"

namespace intertie::agent {

/// The record of the interval since the last one, ending at `to`, with the cumulative figures
/// `measured`.
UsageSigned sign_usage(const State& state, const Attempt& attempt, core::Time to,
                       const execution::Measured& measured, bool is_last,
                       const crypto::KeyPair& key);

/// Adds up ranks: times and bytes are summed, the peak of memory too (ranks run side by side).
execution::Measured add_measured(const execution::Measured& a, const execution::Measured& b);

}  // namespace intertie::agent
