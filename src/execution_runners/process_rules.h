// The file rules of one task at level process.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "intertie/core/result.h"

#include "landlock.h"
#include "sandbox.h"

namespace intertie::execution_runners {

/// It writes in `work` (its own folder, open), in /dev/shm if its user is its own, and where its
/// binds and devices let it. Running as the agent's own user it reads no more than its inputs, what
/// it may write, and the system. Called while the caller still gets to the task's folder.
core::Result<FileRules> make_process_rules(const SandboxRequest& sandbox, int work);

/// Processes and threads of a user now, as RLIMIT_NPROC counts them. Reads all of /proc.
std::int64_t count_threads_of(uid_t user);

}  // namespace intertie::execution_runners
