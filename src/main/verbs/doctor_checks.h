// What doctor finds out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::cli {

enum class Verdict : std::uint8_t { good, doubtful, bad };

struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string detail;
  std::string fix;
};

/// Whether this machine can listen at "ADDRESS:PORT" now; binds there for a moment. What cannot be
/// used is `otherwise`.
Finding check_port(const std::string& listen, Verdict otherwise);

/// How far our clock is from the hub's, which tells whole seconds: `before` and `after` are ours,
/// around the question. Beyond core::limits::clock_margin leases and tokens suffer: bad. Pure.
Finding check_skew(core::Time hub, core::Time before, core::Time after);

/// The keys of a hub or site whose folder this is, and of both below the folder of `intertie dev`:
/// nobody else may read them (bad), and certificates end (bad if they have, doubtful within a
/// month). Nothing if there are none. Reads files.
std::vector<Finding> check_keys(const std::string& folder, core::Time now);

}  // namespace intertie::cli
