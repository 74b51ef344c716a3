// What must not be there once an attack has ended.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace intertie::attack {

/// Everything on this machine that carries `mark` or the System V `key`, one line each: processes
/// (by environment or command line), names in folders that everybody may write to, mounts, shared
/// memory, semaphores, queues.
std::vector<std::string> find_leftovers(const std::string& mark, key_t key);

}  // namespace intertie::attack
