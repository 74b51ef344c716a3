// A line between two hubs on one machine: line_relay PORT UPSTREAM_PORT MEGABITS_PER_SECOND
// DELAY_MS
//
// Listens on 127.0.0.1:PORT (0: a free one, which it prints) until its standard input ends.
#include "line_relay.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("line_relay PORT UPSTREAM_PORT MEGABITS_PER_SECOND DELAY_MS\n", stderr);
    return 2;
  }
  const auto read = [&](int at) { return std::strtoll(argv[at], nullptr, 10); };
  const intertie::testing_tools::LineShape shape{read(3) * 1'000'000, read(4)};
  if (shape.bits_per_second <= 0 || shape.delay_ms < 0) {
    std::fputs("line_relay: a capacity above 0 and a delay of 0 or more\n", stderr);
    return 2;
  }
  const intertie::testing_tools::LineRelay relay(static_cast<std::uint16_t>(read(2)), shape,
                                                 static_cast<std::uint16_t>(read(1)));
  if (!relay.is_ready()) {
    std::perror("line_relay");
    return 1;
  }
  std::printf("%d\n", relay.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
