// The attacks, and what each isolation level promises of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/execution/isolation.h"

namespace intertie::attack {

/// held: it must not succeed. open: the level does not promise to stop it, and says so in
/// docs/security-sandbox.md.
enum class Promise { held, open };

/// How it should end: by itself; by its time limit; because it is cancelled.
enum class End { exits, at_limit, cancelled };

struct Attack {
  std::string_view name;  // Of its program; attacks/NAME.cc.
  int number;             // Of the adversarial test it belongs to; 0: none.
  Promise at_process;
  Promise at_namespace;
  End end = End::exits;
};

const std::vector<Attack>& list_attacks();

Promise get_promise(const Attack& attack, execution::Isolation level);

}  // namespace intertie::attack
