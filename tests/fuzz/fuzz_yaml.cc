// YAML job files, as people write them.
#include "intertie/codec/json.h"
#include "intertie/codec/yaml.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/submission.h"

#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  for (const codec::Boundary boundary : {codec::Boundary::strict, codec::Boundary::tolerant}) {
    const auto document = codec::from_yaml<hub::JobDocument>(input, boundary);
    if (!document) continue;
    const std::string written = codec::to_json(*document);
    const auto again = codec::from_json<hub::JobDocument>(written, codec::Boundary::strict);
    check(again.has_value(), "what YAML says can be said in JSON");
    check(codec::to_json(*again) == written, "and is the same there");
  }
}

std::vector<std::string> make_seeds() {
  return {
      "name: a\nrun: [sh, -c, 'echo hi']\nneed: {cpus: 1.5, memory: 2GiB, devices: 2}\n"
      "timeout: 1h\nretries: 3\nenv: {A: '1', B: two}\n",
      "run:\n  - cat\n  - >-\n    folded\n    text\ndata:\n  in:\n    - from: sha256:00\n"
      "      to: in.txt\n  out:\n    - from: out.txt\n",
      "a: &a [1, 2]\nrun: *a\n",
      "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
      "{run: [\"\\x41\\u00e9\\U0001F600\"], timeout: !!int 3}\n---\n...\n",
      "? run\n: - a\n  - |\n   b\n"};
}

}  // namespace intertie::fuzz
