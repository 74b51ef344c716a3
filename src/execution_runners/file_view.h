// The private file system of a task with namespace isolation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/execution/task.h"

#include "descriptor.h"
#include "host.h"

namespace intertie::execution_runners {

/// One host file or folder as a detached mount, ready to be attached at `target`. A symbolic link
/// has no mount.
struct ViewPart {
  Descriptor mount;
  std::string target;  // Absolute in the task.
  std::string link;
  bool is_folder = true;
};

/// Opens all parts in the order they must be attached. A launcher that is root does it outside the
/// sandbox (the task's user may not reach the site's folders); otherwise the sandbox's own init
/// does it, which has the same user but only there the right to clone mounts.
/// Sources beneath `folder` are opened without following any link.
core::Result<std::vector<ViewPart>> open_view(const execution::RunRequest& request, int folder,
                                              const Host& host);

/// Opens a bind's source: relative ones beneath `folder`, without links; absolute ones without a
/// link at the end. Only files and folders.
core::Result<Descriptor> open_bind_source(int folder, const std::string& source);

/// Builds the new root and enters it. For a process with all rights in a fresh mount namespace.
/// `parts` empty: opens them itself.
core::Result<void> enter_view(const execution::RunRequest& request, const Host& host,
                              std::vector<ViewPart> parts);

}  // namespace intertie::execution_runners
