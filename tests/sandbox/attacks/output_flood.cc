// Writes 64 MiB of control characters to both logs: what a terminal would obey.
#include <unistd.h>

#include <string>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  std::string block;
  while (block.size() < 64u << 10) {
    // A title, the clipboard (OSC 52), a question that is answered as if typed, C1, an erased line.
    block +=
        "\x1b]0;title\x07\x1b]52;c;cm0K\x07\x1b[6n\x1b[c\x05\xc2\x9b"
        "31m\r\x1b[2K\x7f";
  }
  for (int round = 0; round < 512; ++round) {
    (void)!::write(STDOUT_FILENO, block.data(), block.size());
    (void)!::write(STDERR_FILENO, block.data(), block.size());
  }
  return kHeld;
}
