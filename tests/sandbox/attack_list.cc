#include "attack_list.h"

namespace intertie::attack {

const std::vector<Attack>& list_attacks() {
  using enum Promise;
  static const std::vector<Attack> kAttacks = {
      {"proc_root", 0, held, held},
      {"proc_memory", 0, held, held},
      {"descriptors", 0, held, held},
      {"hard_links", 0, held, held},
      {"symbolic_links", 0, held, held},
      {"namespaces", 0, held, held},
      {"capabilities", 0, held, held},
      {"kernel_files", 0, held, held},
      {"signals", 0, held, held},
      {"clocks", 0, held, held},
      {"foreign_calls", 0, held, held},
      {"terminals", 0, held, held},
      {"deep_tree", 21, held, held},
      {"fork_bomb", 22, held, held},
      {"memory_hog", 22, held, held},
      {"descriptor_hog", 22, held, held},
      {"inodes", 22, open, held},
      {"output_flood", 22, held, held},
      {"stop_init", 23, held, held, End::at_limit},
      {"close_all", 23, held, held, End::cancelled},
      {"daemons", 23, held, held, End::cancelled},
      {"set_user_id", 24, held, held},
      {"core_dump", 25, held, held},
      {"network", 26, held, held},
      {"abstract_socket", 26, held, held},
      {"path_socket", 26, open, held},
      {"leave_behind", 28, held, held},
  };
  return kAttacks;
}

Promise get_promise(const Attack& attack, execution::Isolation level) {
  return level == execution::Isolation::process ? attack.at_process : attack.at_namespace;
}

}  // namespace intertie::attack
