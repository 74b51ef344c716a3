// What a task at level process may leave outside its folder although all its processes are dead.
#pragma once

#include <sys/types.h>

namespace intertie::execution_runners {

/// Removes the shared memory, semaphores and message queues of `user` (System V, and files in
/// /dev/shm), as that user. It must be a user of tasks alone; while a process of it runs nothing is
/// done. Needs root.
void remove_leftovers(uid_t user);

}  // namespace intertie::execution_runners
