// The test program's main: launcher, a site's agent that is going to be killed, or tests.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "intertie/execution_runners/launcher.h"
#include "intertie/service/site_service.h"

namespace {

/// "site-agent FOLDER TOKEN LOG": runs until it is killed.
int run_site_agent(char** argv) {
  intertie::service::SiteOptions options;
  options.folder = argv[0];
  options.name = "plant-1";
  options.region = "22";
  options.join_token = argv[1];
  options.launcher_argv = {"/proc/self/exe", "launcher"};
  options.measure = intertie::service::MeasureMode::none;
  options.log_path = argv[2];
  auto site = intertie::service::SiteService::start(std::move(options));
  if (!site) {
    std::fprintf(stderr, "%s\n", to_text(site.error()).c_str());
    return 1;
  }
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::string_view(argv[1]) == "launcher") {
    return intertie::execution_runners::run_launcher(argc - 2, argv + 2);
  }
  if (argc > 4 && std::string_view(argv[1]) == "site-agent") return run_site_agent(argv + 2);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
