// What a router remembers of names is older than a job: it must be read again, not read beyond.
#include <gtest/gtest.h>

#include "two_regions.h"

namespace intertie::api {
namespace {

JobView submit(TwoRegions& grid) {
  const Response made =
      grid.home.call("ada", "POST", "/v1/jobs", ApiWorld::make_document(), "once");
  EXPECT_EQ(made.status, 201) << made.body;
  grid.exchange();
  return ApiWorld::read<JobView>(made);
}

TEST(StaleDirectory, AJobAtAPeerThatCameLaterIsCancelled) {
  TwoRegions grid(true);
  const JobView job = submit(grid);
  const Response cancelled =
      grid.home.call("ada", "POST", "/v1/jobs/" + std::to_string(job.number) + ":cancel");
  ASSERT_EQ(cancelled.status, 202) << cancelled.body;
  EXPECT_EQ(ApiWorld::read<JobView>(cancelled).region, "42");
}

TEST(StaleDirectory, AJobAtAPeerThatCameLaterIsAskedForAgain) {
  TwoRegions grid(true);
  const JobView job = submit(grid);
  const Response again =
      grid.home.call("ada", "POST", "/v1/jobs", ApiWorld::make_document(), "once");
  EXPECT_EQ(again.status / 100, 2) << again.body;
  EXPECT_EQ(ApiWorld::read<JobView>(again).number, job.number);
  EXPECT_EQ(ApiWorld::read<JobView>(again).region, "42");
}

}  // namespace
}  // namespace intertie::api
