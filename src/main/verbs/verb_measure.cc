// intertie measure: what this machine can do, as a table and as a signed statement.
#include <filesystem>

#include "intertie/codec/json.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/identifier.h"
#include "intertie/measurement/class_rule.h"
#include "intertie/measurement/signed_statement.h"
#include "intertie/measurement_probes/measure.h"

#include "output/for_people.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "session/serving.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

std::string_view measure_name(measurement::Measure what) {
  const codec::Type& type = codec::type_of<measurement::Measure>();
  for (const codec::Enumerator& enumerator : type.enumerators) {
    if (enumerator.value == static_cast<std::int64_t>(what)) return enumerator.name;
  }
  return "";
}

std::string render_permille(std::int64_t value) {
  return std::to_string(value / 10) + "." + std::to_string(value % 10) + "%";
}

/// (high - low) / median.
Cell spread_cell(const measurement::Spread& spread) {
  if (spread.median <= 0) return {};
  const std::int64_t permille = (spread.high - spread.low) * 500 / spread.median;
  return Cell("±" + render_permille(permille), std::to_string(permille));
}

std::vector<Cell> make_row(const measurement::Figure& figure, const std::string& part) {
  const bool is_rate = figure.unit == measurement::Unit::operations_per_second;
  const std::string unit = is_rate ? "op/s" : "B/s";
  const auto rate = [&unit](std::int64_t value) {
    return value == 0 ? Cell("", "0") : Cell(short_rate(value, unit), std::to_string(value));
  };
  return {Cell(std::string(measure_name(figure.what))),
          Cell(part),
          rate(figure.wall_clock.median),
          rate(figure.per_cpu_second.median),
          spread_cell(is_rate ? figure.per_cpu_second : figure.wall_clock),
          rate(figure.peak),
          Cell(figure.contended ? "contended" : "", figure.contended ? "true" : "false"),
          Cell(figure.kernel)};
}

Listing make_listing(const measurement::Statement& statement) {
  Listing listing;
  listing.columns = {{"what", "WHAT"},
                     {"part", "PART"},
                     {"wall_clock_per_second", "ALL, PER SECOND", Align::right},
                     {"per_cpu_second", "A CPU SECOND", Align::right},
                     {"spread_permille", "SPREAD", Align::right},
                     {"peak_per_cpu_second", "PEAK", Align::right},
                     {"contended", "NOTE"},
                     {"kernel", "KERNEL"}};
  for (const measurement::Figure& figure : statement.figures) {
    listing.rows.push_back(make_row(figure, "processors"));
  }
  for (const measurement::MeasuredDevices& devices : statement.devices) {
    const std::string name = std::to_string(devices.count) + " x " + devices.kind +
                             (devices.model.empty() ? "" : " " + devices.model);
    for (const measurement::Figure& figure : devices.figures) {
      listing.rows.push_back(make_row(figure, name));
    }
    if (devices.figures.empty()) {
      listing.rows.push_back({Cell("found"), Cell(name), {}, {}, {}, {}, {}, {}});
    }
  }
  return listing;
}

void say_summary(const measurement::Statement& statement, const Terminal& terminal) {
  const measurement::Machine& machine = statement.machine;
  terminal.say("machine   " + machine.processor_model + ", " + core::to_text(machine.usable_cpus) +
               " of " + std::to_string(machine.hardware_threads) + " CPUs, " +
               short_bytes(machine.usable_memory) + " of memory");
  for (const measurement::ClassFinding& finding : measurement::judge_classes(statement, {})) {
    terminal.say("class     " + std::string(core::compute_class_name(finding.compute_class)) +
                 (finding.qualifies ? ": yes, " : ": no, ") + finding.because);
  }
}

core::Result<crypto::KeyPair> read_or_make_key(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = folder + "/measurer.key.pem";
  if (std::filesystem::exists(path, error)) {
    const core::Result<std::string> pem = read_file(path, 64u << 10);
    if (!pem) return pem.error();
    return crypto::import_private_pem(*pem);
  }
  crypto::KeyPair key = crypto::KeyPair::generate();
  const core::Result<void> written =
      write_private_file(path, key.export_private_pem().reveal_text());
  if (!written) return written.error();
  return key;
}

core::Result<void> sign(const Invocation& invocation, const measurement::Statement& statement,
                        const Terminal& terminal) {
  const core::Result<crypto::KeyPair> key = read_or_make_key(invocation.get("sign", "."));
  if (!key) return key.error();
  const core::Result<measurement::SignedStatement> done =
      measurement::sign_statement(statement, *key);
  if (!done) return done.error();
  const std::string path = invocation.get("to", "measurement.json");
  const core::Result<void> written = write_private_file(path, done->envelope);
  if (!written) return written.error();
  terminal.say("signed    " + path + " by " + crypto::to_text(key->public_key()));
  terminal.say("valid     until " + core::to_rfc3339(statement.expires));
  return {};
}

}  // namespace

Outcome run_measure(const Invocation& invocation, const Terminal& terminal) {
  if (invocation.has("sign") && !invocation.has("subject")) {
    return make_complaint({core::Reason::bad_argument, "--sign needs --subject ID"});
  }
  measurement_probes::Options options;
  options.is_quick = invocation.has("quick");
  options.disk_folder = invocation.get("disk", "");
  if (const auto subject = invocation.find("subject")) {
    const core::Result<identity::Identifier> id = identity::parse_identifier(*subject);
    if (!id) return make_complaint(id.error());
    options.subject = identity::to_text(*id);
  }
  Progress progress(terminal, "measuring");
  options.progress = [&progress](const measurement_probes::Progress& step) {
    progress.update(static_cast<std::uint64_t>(step.step),
                    static_cast<std::uint64_t>(std::max<std::int64_t>(step.steps, 1)), step.what);
  };
  const core::Result<measurement::Statement> statement = measurement_probes::measure(options);
  progress.finish();
  if (!statement) return make_complaint(statement.error());
  const core::Result<void> sound = measurement::check_figures(statement->figures, "figures");
  if (!sound) return make_complaint(sound.error());
  if (invocation.has("sign")) {
    const core::Result<void> done = sign(invocation, *statement, terminal);
    if (!done) return make_complaint(done.error());
  }
  say_summary(*statement, terminal);
  if (terminal.is_json()) {
    return terminal.show_object(codec::encode(*statement), "", options.subject);
  }
  return terminal.show(make_listing(*statement), {}, "Nothing was measured.");
}

}  // namespace intertie::cli
