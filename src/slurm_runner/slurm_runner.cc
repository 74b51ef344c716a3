#include "intertie/slurm_runner/slurm_runner.h"

#include <utility>

#include "engine.h"

namespace intertie::slurm_runner {

SlurmRunner::SlurmRunner(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

SlurmRunner::~SlurmRunner() = default;

core::Result<std::unique_ptr<SlurmRunner>> SlurmRunner::attach(SlurmOptions options) {
  auto engine = std::make_unique<Engine>(std::move(options));
  if (auto started = engine->start(); !started) return started.error();
  return std::unique_ptr<SlurmRunner>(new SlurmRunner(std::move(engine)));
}

int SlurmRunner::descriptor() const { return engine_->descriptor(); }

core::Result<void> SlurmRunner::start_task(const execution::RunRequest& request,
                                           const execution_runners::TaskOrigin& origin) {
  return engine_->add(request, origin);
}

core::Result<void> SlurmRunner::cancel(execution::TaskKey key) {
  engine_->cancel(key);
  return {};
}

core::Result<void> SlurmRunner::extend_lease(execution::TaskKey key, core::Duration duration) {
  engine_->extend_lease(key, duration);
  return {};
}

core::Result<void> SlurmRunner::acknowledge(execution::TaskKey key) {
  engine_->acknowledge(key);
  return {};
}

core::Result<std::vector<execution_runners::RunnerEvent>> SlurmRunner::poll() {
  return engine_->take_events();
}

core::Result<std::vector<execution_runners::RunnerTask>> SlurmRunner::list() {
  return engine_->list();
}

core::Result<void> SlurmRunner::stop(bool cancel_all) {
  engine_->stop(cancel_all);
  return {};
}

SlurmRunner::Counts SlurmRunner::counts() const { return engine_->counts(); }

}  // namespace intertie::slurm_runner
