// The driver: what a Slurm job of Intertie runs. It is the ancestor of the tasks' commands.
#pragma once

namespace intertie::slurm_runner {

/// argv is {"--batch", FOLDER}, without the program's name and verb. Runs those tasks of the batch
/// that are this job's, each under a meter, and reports their ends. Call it first thing in main: no
/// thread may exist. The launcher that it starts, and so every process of the tasks, is among its
/// descendants, which is how Slurm finds them. Exit code: 0, when every task that it took has been
/// reported, whatever became of it; 1 with a line on stderr; 3 if argv cannot be read.
int run_slurm_driver(int argc, char** argv);

}  // namespace intertie::slurm_runner
