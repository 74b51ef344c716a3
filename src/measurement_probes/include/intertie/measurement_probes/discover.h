// What this machine is: processors, memory, caches, devices.
#pragma once

#include <filesystem>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/measurement/device_kind.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement_probes {

/// Reads the machine's facts from hwloc, /proc, /sys and the cgroup of this process. Facts that
/// the system does not tell stay empty or zero; io_failed only if /proc/meminfo is unreadable.
/// `disk_folder` (may be empty) names the folder whose file system is described. About 20 ms.
core::Result<measurement::Machine> discover_machine(const std::filesystem::path& disk_folder);

/// Finds the devices that `kinds` describe below `root` ("/" on a real machine, another folder in
/// tests: its dev, proc and sys are read instead). Ordered by kind as given, then number. Never
/// fails: what is not readable is not there. About a millisecond.
std::vector<measurement::Device> discover_devices(const std::vector<measurement::DeviceKind>& kinds,
                                                  const std::filesystem::path& root);

/// Groups devices by kind and model, keeping order; figures empty. Pure.
std::vector<measurement::MeasuredDevices> group_devices(
    const std::vector<measurement::Device>& devices);

}  // namespace intertie::measurement_probes
