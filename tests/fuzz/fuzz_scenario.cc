// Scenario files of the simulator, and descriptions of device kinds: what operators write.
#include "intertie/measurement/device_kind.h"
#include "intertie/simulation/scenario.h"

#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  (void)simulation::parse_scenario(input);
  (void)measurement::parse_device_kinds(input);
}

std::vector<std::string> make_seeds() {
  return {"name: a\nduration: 10m\nhubs: 3\nis_joined: true\npeer_credit: 100\n",
          "sites:\n  - {name: a, cores: 4}\nusers: 2\njobs: {per_second: 1}\n",
          "disturbances: {crash: 5, partition: 3}\nnetwork: {delay: 2ms, loss: 0.1}\n",
          "lines:\n  - {from: '22', to: '52', bandwidth_bits_per_second: 1000}\n",
          "- name: gpu\n  class: intelligent\n  nodes: [/dev/gpu*]\n"};
}

}  // namespace intertie::fuzz
