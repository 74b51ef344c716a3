// How fast a folder's file system writes durably and reads back.
#pragma once

#include <filesystem>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement_probes {

struct DiskPlan {
  std::filesystem::path folder;
  int repeats = 5;
  core::Duration length;  // Wanted for one repeat in one direction.
  core::Bytes size_max;   // Of the file.
};

/// Two figures: disk_write (sequential writes and one fdatasync) and disk_read (the same bytes read
/// back and compared). Past the page cache with O_DIRECT where the file system allows; the kernel's
/// name says which. The file has no name from the start, or is removed at once, so nothing stays
/// behind even after a crash. About 2 * repeats * length on a disk that reaches 1 MiB in `length`.
/// Refuses with io_failed, and internal when other bytes come back.
core::Result<std::vector<measurement::Figure>> measure_disk(const DiskPlan& plan);

}  // namespace intertie::measurement_probes
