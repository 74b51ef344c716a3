// The jobs of a run, drawn from the seed.
#pragma once

#include <cstdint>
#include <optional>

#include "intertie/core/quantity.h"
#include "intertie/hub/job_document.h"

#include "world.h"

namespace intertie::simulation {

/// What a job's command does. It travels in the command's words, so a site knows only what the
/// channel has brought it.
struct Work {
  std::uint64_t serial = 0;  // Unique over all hubs: the same job in whichever region it runs.
  core::Duration length;
  std::int32_t exit_code = 0;
  std::uint32_t failing_attempts = 0;  // The first ones exit with exit_code, later ones with 0.
};

/// The work of a document that draw_job made; nothing for any other.
std::optional<Work> find_work(const hub::JobDocument& document);

/// The next job of the mix. Draws from `random` alone, so that the same jobs come whatever becomes
/// of the earlier ones.
hub::JobDocument draw_job(const World& world, core::Random& random, std::uint64_t serial);

}  // namespace intertie::simulation
