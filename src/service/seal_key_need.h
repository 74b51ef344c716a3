// Which sealing keys the secrets of jobs still need.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/hub/state.h"

#include "former_seal_keys.h"

namespace intertie::service {

/// A key stays so long at least: somebody may have sealed to it before the hub stopped, and submit
/// afterwards.
inline constexpr core::Duration kFormerSealKeyKeep = core::hours(24);

/// Log indices of the documents of live jobs with secrets that this hub opens. O(jobs).
std::vector<std::uint64_t> list_documents_with_secrets(const hub::State& state);

/// Drops former keys that none of these documents was sealed to. A document that does not name its
/// key needs all of them. Returns how many were dropped; what `read_body` and the codec say.
core::Result<std::size_t> drop_unneeded_seal_keys(
    std::vector<FormerSealKey>& former, const std::vector<std::uint64_t>& documents,
    const std::function<core::Result<std::string>(std::uint64_t)>& read_body, core::Time now);

}  // namespace intertie::service
