// JSON into described structs: from the network (strict and tolerant), and back.
#include "intertie/api/site_views.h"
#include "intertie/api/views.h"
#include "intertie/codec/json.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/job_document.h"
#include "intertie/identity/record.h"
#include "intertie/measurement/statement.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

// What was read, written again, reads as the same.
template <class T>
void read_as(std::string_view text) {
  for (const codec::Boundary boundary : {codec::Boundary::strict, codec::Boundary::tolerant}) {
    const auto read = codec::from_json<T>(text, boundary);
    if (!read) continue;
    const std::string written = codec::to_json(*read);
    const auto again = codec::from_json<T>(written, codec::Boundary::strict);
    check(again.has_value(), "JSON that was written can be read");
    check(codec::to_json(*again) == written, "JSON that was read is written the same");
  }
}

}  // namespace

void take_input(std::string_view input) {
  const std::string_view kind = take_line(input);
  if (kind == "job") return read_as<hub::JobDocument>(input);
  if (kind == "join") return read_as<api::JoinRequest>(input);
  if (kind == "rows") return read_as<api::RowsRequest>(input);
  if (kind == "usage") return read_as<execution::UsageRecord>(input);
  if (kind == "record") return read_as<identity::RegistrationRecord>(input);
  if (kind == "statement") return read_as<measurement::Statement>(input);
  if (kind == "view") return read_as<api::JobView>(input);
}

std::vector<std::string> make_seeds() {
  hub::JobDocument job;
  job.name = "a";
  job.run = {"sh", "-c", "true"};
  job.need.cpus = core::MilliCpus{1500};
  job.data.in.push_back({"sha256:00", "", "in.txt", true, core::Bytes{4}, {}, {}, {}});
  return {"job\n" + codec::to_json(job),
          "join\n" + codec::to_json(api::JoinRequest{}),
          "rows\n" + codec::to_json(api::RowsRequest{"inc", 1, {"AAAA"}, 0}),
          "usage\n" + codec::to_json(execution::UsageRecord{}),
          "record\n" + codec::to_json(identity::RegistrationRecord{}),
          "statement\n" + codec::to_json(measurement::Statement{}),
          "view\n" + codec::to_json(api::JobView{}),
          "job\n{\"run\":[\"\\ud800\"],\"need\":{\"cpus\":1e999}}",
          "job\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
}

}  // namespace intertie::fuzz
