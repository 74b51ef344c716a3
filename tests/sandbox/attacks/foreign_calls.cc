// Uses the other two tables of system calls of this processor: the filter's numbers mean others
// there (x32; 32-bit, by int 0x80). Children try, because a good answer is their death.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

namespace {

template <class Call>
bool survives(Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    call();
    ::_exit(0);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status);
}

}  // namespace

int main() {
  using namespace intertie::attack;
#if defined(__x86_64__)
  Finds finds;
  finds.add_if(survives([] { ::syscall(0x40000000 | SYS_getpid); }), "x32");
  finds.add_if(survives([] { ::syscall(0x40000000 | 521, 0, nullptr, nullptr); }), "x32 ptrace");
  finds.add_if(survives([] {
                 long number = 20;  // getpid of the 32-bit table; ptrace there is 26.
                 asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
               }),
               "int 0x80");
  return finds.code();
#else
  return skip("this processor has one table");
#endif
}
