#include "site_slurm.h"

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

#include "files.h"

namespace intertie::service {

core::Result<std::vector<execution_slurm::SlurmPool>> find_slurm_offer(const std::string& folder,
                                                                       const SlurmSite& slurm,
                                                                       const topology::Pool& model,
                                                                       bool has_joined) {
  using Pools = std::vector<execution_slurm::SlurmPool>;
  const std::string path = folder + "/slurm-pools.json";
  if (has_joined) {
    const auto text = read_private_file(path, core::limits::document_bytes_max);
    if (!text) return text.error();
    return codec::from_json<Pools>(*text, codec::Boundary::tolerant);
  }
  auto found = slurm_runner::discover_pools(slurm.runner.config, {slurm.partitions, model});
  if (!found) return found;
  const auto written = write_file_durably(path, codec::to_json_pretty(*found), 0600);
  if (!written) return written.error();
  return found;
}

}  // namespace intertie::service
