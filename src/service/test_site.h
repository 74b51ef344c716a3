// For tests: a site beside the hub of test_hub.h, in the same temporary folder.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/service/site_service.h"

#include "test_hub.h"

namespace intertie::service {

inline SiteOptions make_site_options(const std::string& folder, HubService& hub) {
  SiteOptions options;
  options.folder = folder + "/site";
  options.log_path = folder + "/site.log";
  options.name = "plant-1";
  options.region = "90";
  options.join_token = hub.make_join_token("plant").value();
  options.launcher_argv = {"/proc/self/exe", "launcher"};
  options.measure = MeasureMode::quick;
  options.stop_tasks = true;
  return options;
}

// Starts the site and waits until it takes jobs; the test fails, and the pointer is empty, if it
// does not.
inline std::unique_ptr<SiteService> start_site(SiteOptions options) {
  auto site = SiteService::start(std::move(options));
  if (site && (*site)->wait_until_ready(core::seconds(30))) return std::move(*site);
  ADD_FAILURE() << (site ? "the site is not ready" : core::to_text(site.error()));
  return nullptr;
}

}  // namespace intertie::service
