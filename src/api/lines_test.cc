// Lines as their operator registers them and everybody sees them.
#include <gtest/gtest.h>

#include "intertie/api/identity_views.h"
#include "intertie/api/line_views.h"
#include "intertie/api/public_views.h"
#include "intertie/hub/line_record.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

TEST(Lines, AnOperatorRegistersThemAndEverybodySeesThem) {
  ApiWorld world;
  const std::string body = R"({"to":"42","bandwidth_bits_per_second":100000000,"latency_ms":20,)"
                           R"("price_per_gigabyte_micros":50000})";
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "POST", "/v1/lines", body)), "denied");
  const Response made = world.call("root", "POST", "/v1/lines", body);
  EXPECT_EQ(made.status, 201) << made.body;
  const auto line = ApiWorld::read<LineView>(made);
  EXPECT_EQ(line.from, "22");
  EXPECT_EQ(line.to, "42");
  EXPECT_EQ(line.owner, ApiWorld::kHub);
  EXPECT_TRUE(line.is_own);
  EXPECT_EQ(line.measured_bits_per_second, 0);

  EXPECT_EQ(line.reserved_bits_per_second, 0);
  world.must(hub::ReserveLine{"42", "52/9", core::Bytes{7'500'000}});
  world.must(hub::ReserveLine{"42", "52/10", core::Bytes{7'500'000}});
  world.must(hub::NoteLine{"42", 7, core::milliseconds(3)});
  const auto list = world.get<LineList>("ada", "/v1/lines").lines;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, line.id);
  EXPECT_EQ(list[0].bandwidth_bits_per_second, 100'000'000);
  EXPECT_EQ(list[0].latency_ms, 20);
  EXPECT_EQ(list[0].price_per_gigabyte_micros, core::Money{50'000});
  EXPECT_EQ(list[0].reserved_bits_per_second, 2'000'000);
  EXPECT_EQ(list[1].from, "42");
  EXPECT_EQ(list[1].id, "");
  EXPECT_EQ(list[1].measured_bits_per_second, 7);
  EXPECT_EQ(list[1].measured_at, world.backend.time);
  EXPECT_EQ(list[1].measured_latency_us, 3'000);
  world.backend.advance(core::limits::line_rate_fresh);
  EXPECT_EQ(world.get<LineList>("ada", "/v1/lines").lines[1].measured_bits_per_second, 0);
}

TEST(Lines, TheSameLineAgainGetsOtherFiguresAndKeepsItsIdentifier) {
  ApiWorld world;
  const auto add = [&](const std::string& to, int bandwidth) {
    const std::string body =
        R"({"to":")" + to + R"(","bandwidth_bits_per_second":)" + std::to_string(bandwidth) + "}";
    return world.call("root", "POST", "/v1/lines", body);
  };
  const auto first = ApiWorld::read<LineView>(add("42", 5));
  const auto other = ApiWorld::read<LineView>(add("52", 6));
  const auto second = ApiWorld::read<LineView>(add("42", 7));
  EXPECT_EQ(first.id, second.id);
  EXPECT_NE(first.id, other.id);
  EXPECT_EQ(second.bandwidth_bits_per_second, 7);
  EXPECT_EQ(world.get<LineList>("ada", "/v1/lines").lines.size(), 2u);
  EXPECT_EQ(ApiWorld::read_code(add("22", 5)), "bad_field");
  EXPECT_EQ(ApiWorld::read_code(add("42", 0)), "out_of_range");

  // Each version is a leaf, and its envelope is the record that the hub has signed.
  const auto leaves =
      ApiWorld::read<PublicLeafList>(world.send(ApiWorld::make_request("GET", "/v1/public/leaves")))
          .leaves;
  ASSERT_EQ(leaves.size(), 4u);
  const auto record =
      hub::open_line_record(leaves.back().envelope, world.backend.registry_key.public_key());
  ASSERT_TRUE(record.has_value()) << core::to_text(record.error());
  EXPECT_EQ(record->seq, 2);
  EXPECT_EQ(record->line.bandwidth_bits_per_second, 7);
}

TEST(Lines, AnOperatorRetiresOneAndItsIdentifierStays) {
  ApiWorld world;
  const std::string body = R"({"to":"42","bandwidth_bits_per_second":100000000})";
  const std::string path = "/v1/lines/42:retire";
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", path)), "not_found");
  const auto line = ApiWorld::read<LineView>(world.call("root", "POST", "/v1/lines", body));
  EXPECT_EQ(line.status, "active");
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "POST", path)), "denied");
  const Response done = world.call("root", "POST", path);
  ASSERT_EQ(done.status, 200) << done.body;
  const auto retired = ApiWorld::read<LineView>(done);
  EXPECT_EQ(retired.id, line.id);
  EXPECT_EQ(retired.status, "retired");
  EXPECT_TRUE(world.get<LineList>("ada", "/v1/lines").lines.empty());
  const auto identity = world.get<IdentityView>("ada", "/v1/identities/" + line.id);
  EXPECT_TRUE(identity.is_known);
  EXPECT_EQ(identity.status, "retired");
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", path)), "not_found");
  const auto again = ApiWorld::read<LineView>(world.call("root", "POST", "/v1/lines", body));
  EXPECT_EQ(again.id, line.id);
  EXPECT_EQ(world.get<LineList>("ada", "/v1/lines").lines.size(), 1u);
}

}  // namespace
}  // namespace intertie::api
