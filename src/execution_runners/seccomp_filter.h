// The system-call filters every task runs under.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "intertie/core/result.h"

namespace intertie::execution_runners {

/// Ready programs: building one takes milliseconds, so the launcher does it once at its start.
struct SeccompFilters {
  std::vector<sock_filter> with_internet;  // Internet sockets allowed (the network may be private).
  std::vector<sock_filter> without_internet;  // For tasks on the host's network that got none.
  std::vector<sock_filter> process;  // Level process, besides one of the others: what is shared.
};

/// `has_own_users`: tasks do not run as the caller's own user. not_supported when libseccomp or the
/// architecture cannot do it.
core::Result<SeccompFilters> build_seccomp_filters(bool has_own_users);

/// Puts the calling process, and all it starts, under the filter for good. Sets no_new_privs.
/// False with errno.
bool enter_seccomp(const std::vector<sock_filter>& filter);

}  // namespace intertie::execution_runners
