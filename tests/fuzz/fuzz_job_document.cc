// Job documents: from their text to a submission, with all checks between.
#include "intertie/codec/json.h"
#include "intertie/hub/submission.h"

#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  const std::string_view key = take_line(input);
  const auto document = codec::from_json<hub::JobDocument>(input, codec::Boundary::strict);
  if (!document) return;
  const auto submission = hub::prepare_submission(*document, key);
  if (!submission) return;
  check(hub::check_document(*document).has_value(), "what is submitted has been checked");
  // The same document is the same request, whatever its key.
  const auto other = hub::prepare_submission(*document, "another key");
  check(other && other->head.request_digest == submission->head.request_digest,
        "the digest is the document's");
}

std::vector<std::string> make_seeds() {
  hub::JobDocument job;
  job.name = "a";
  job.run = {"sh", "-c", "true"};
  job.need.cpus = core::MilliCpus{1500};
  job.need.memory = core::Bytes{1 << 30};
  job.timeout = core::minutes(5);
  std::vector<std::string> seeds = {"key\n" + codec::to_json(job)};
  job.data.in.push_back({"sha256:" + std::string(64, '0'), "", "in/a.txt", true, {}, {}, {}, {}});
  job.data.out.push_back({"out.txt", ""});
  job.retries = 3;
  seeds.push_back("\n" + codec::to_json(job));
  return seeds;
}

}  // namespace intertie::fuzz
