// Keys that no box is sealed to any more, kept to open the boxes that are under way.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/crypto/sealed_box.h"

namespace intertie::service {

/// In the folder of keys of a hub or a site (mode 0600): a line for each, oldest first, "RFC3339
/// KEY" with the time from which nothing is sealed to it and the private key as in seal.key.
inline constexpr char kFormerSealKeysFile[] = "/former-seal.keys";
inline constexpr std::size_t kFormerSealKeysMax = 16;

struct FormerSealKey {
  core::Time since;
  crypto::SealKeyPair key;
};

/// Empty if there is no such file. io_failed, denied, bad_key.
core::Result<std::vector<FormerSealKey>> read_former_seal_keys(const std::string& folder);

/// Writes into folder `to` the former keys of folder `from` and `last`. busy: kFormerSealKeysMax of
/// them are still needed.
core::Result<void> write_former_seal_keys(const std::string& from, const std::string& to,
                                          const crypto::SealKeyPair& last, core::Time now);

/// Writes exactly these; none: removes the file.
core::Result<void> put_former_seal_keys(const std::string& folder,
                                        std::span<const FormerSealKey> keys);

/// crypto::open_bound with the present key, else with the former ones, newest first. The error is
/// that of the present key.
core::Result<crypto::Secret> open_bound_with(std::string_view box, crypto::BoxContext context,
                                             const crypto::SealKeyPair& present,
                                             std::span<const FormerSealKey> former);

}  // namespace intertie::service
