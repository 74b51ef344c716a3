// The system-call filters every task runs under.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "intertie/core/result.h"

namespace intertie::execution_runners {

/// Two ready programs: building one takes milliseconds, so the launcher does it once at its start.
struct SeccompFilters {
  std::vector<sock_filter> with_internet;  // Internet sockets allowed (the network may be private).
  std::vector<sock_filter> without_internet;  // For tasks on the host's network that got none.
};

/// not_supported when libseccomp or the architecture cannot do it.
core::Result<SeccompFilters> build_seccomp_filters();

/// Puts the calling process, and all it starts, under the filter for good. Sets no_new_privs.
/// False with errno.
bool enter_seccomp(const std::vector<sock_filter>& filter);

}  // namespace intertie::execution_runners
