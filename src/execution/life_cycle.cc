// The table of the life cycle.
#include "intertie/execution/life_cycle.h"

namespace intertie::execution {

std::optional<TaskPhase> find_next_phase(TaskPhase phase, TaskStep step) {
  switch (step) {
    case TaskStep::staged:
      if (phase == TaskPhase::staging) return TaskPhase::ready;
      return std::nullopt;
    case TaskStep::started:
      if (phase == TaskPhase::ready) return TaskPhase::running;
      return std::nullopt;
    case TaskStep::ended:
      if (phase == TaskPhase::ready || phase == TaskPhase::running) return TaskPhase::ended;
      return std::nullopt;
    case TaskStep::aborted:
      if (phase == TaskPhase::staging || phase == TaskPhase::ready) return TaskPhase::ended;
      return std::nullopt;
    case TaskStep::collected:
      if (phase == TaskPhase::ended) return TaskPhase::collected;
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace intertie::execution
