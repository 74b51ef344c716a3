// Takes memory and touches it, until it is ended or has 512 MiB: the test gives it 64.
#include <sys/mman.h>

#include <cstring>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  constexpr std::size_t kPiece = 8u << 20;
  for (std::size_t taken = 0; taken < 512u << 20; taken += kPiece) {
    void* const piece =
        ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return kHeld;
    std::memset(piece, 1, kPiece);
  }
  finds.add_if(true, "512 MiB");
  return finds.code();
}
