#include "site_measure.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/measurement_probes/measure.h"

#include "files.h"

namespace intertie::service {
namespace {

std::string get_statement_path(const std::string& folder) { return folder + "/measurement.json"; }

std::optional<measurement::Statement> find_stored(const std::string& folder, core::Time now) {
  const auto text = read_private_file(get_statement_path(folder), core::limits::document_bytes_max);
  if (!text) return std::nullopt;
  auto statement = codec::from_json<measurement::Statement>(*text, codec::Boundary::tolerant);
  if (!statement || compute_renewal(*statement) <= now) return std::nullopt;
  return std::move(*statement);
}

}  // namespace

core::Time compute_renewal(const measurement::Statement& statement) {
  const core::Duration life = statement.expires - statement.ended;
  return statement.expires - std::min(core::hours(24), core::Duration{life.count / 2});
}

core::Result<std::optional<measurement::Statement>> obtain_statement(const SiteOptions& options,
                                                                     core::Time now,
                                                                     FailPoints& fail_points) {
  using Found = std::optional<measurement::Statement>;
  if (options.statement) return Found(*options.statement);
  if (options.measure == MeasureMode::none) return Found();
  if (auto stored = find_stored(options.folder, now)) return Found(std::move(*stored));
  measurement_probes::Options probes;
  probes.is_quick = options.measure == MeasureMode::quick;
  probes.disk_folder = options.folder;
  probes.root = options.device_root;
  probes.should_stop = options.should_stop;
  auto measured = measurement_probes::measure(probes);
  if (!measured) return measured.error();
  fail_points.pass(ServicePoint::measurement_before_write);
  const auto written = write_file_durably(get_statement_path(options.folder),
                                          codec::to_json_pretty(*measured), 0600);
  if (!written) return written.error();
  fail_points.pass(ServicePoint::measurement_after_write);
  return Found(std::move(*measured));
}

}  // namespace intertie::service
