// Files and folders that a task has made. They may be deeper than any path can say, a million in
// one folder, or closed to their own user: std::filesystem gives up on such trees.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"

namespace intertie::execution_runners {

/// Removes `name` in the open folder `parent` with all beneath it; links are removed, not followed.
/// Fine if it is not there. Nobody else may change the tree meanwhile. Uses two descriptors and no
/// recursion at any depth; time is linear in the number of entries. io_failed.
core::Result<void> remove_tree(int parent, const std::string& name);
/// The same for an absolute path.
core::Result<void> remove_tree(const std::string& path);

/// Bytes that a folder takes on its disk, its folders' own included; what cannot be looked at
/// counts as nothing. Uses one descriptor, and memory for the names of folders on the way.
std::int64_t measure_tree(const std::string& path);

}  // namespace intertie::execution_runners
