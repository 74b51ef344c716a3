// Leaves a tree that is deeper than any path (4,096 bytes) and than descriptors (1,024), closed to
// its owner, wide, and oddly named.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

namespace {

void make_deep() {
  int here = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int depth = 0; depth < 1'100; ++depth) {
    if (::mkdirat(here, "deep", 0755) != 0) break;
    const int next = ::openat(here, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (next < 0) break;
    ::close(here);
    here = next;
  }
  ::close(::openat(here, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0));
}

}  // namespace

int main() {
  using namespace intertie::attack;
  make_deep();
  for (const char* name : {"closed", "closed/inner", "closed/inner/more", "moved-0", "moved-0/d"}) {
    ::mkdir(name, 0755);
  }
  ::mkdir("new\nline \xff\x1b[2J", 0755);
  (void)!::symlink("/", "slash");
  (void)!::mkfifo("fifo", 0600);
  for (int count = 0; count < 500; ++count) {
    ::close(::open(("wide-" + std::to_string(count)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0));
  }
  ::chmod("closed/inner/more", 0);
  ::chmod("closed/inner", 0);
  ::chmod("closed", 0);
  return kHeld;
}
