// Two hubs with signing keys that register lines, for tests of lines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/hub/line_record.h"

#include "test_world.h"

namespace intertie::hub {

// A hub with a signing key, and what it registers.
class LineHub : public TestWorld {
 public:
  explicit LineHub(std::string code)
      : region(std::move(code)),
        id(region + "R00000000001XX"),
        key(crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, std::uint8_t(region[0])))) {
    must(CreateHub{{id, region, "test", "CNY", crypto::to_text(key.public_key()), 0}});
    must(CreatePrincipal{"ada", Role::user, 0, {}});
    must(CreatePrincipal{"plant", Role::provider, 0, {}});
    must(Deposit{{1, 1}, "ada", core::Money{1'000'000'000}});
  }

  LineRecord make_record(const std::string& to, std::int64_t seq = 1,
                         std::int64_t bandwidth = 100'000'000, std::uint32_t number = 0) const {
    return {seq,
            {make_line_identifier(region, to, number), id, region, to, bandwidth, 20,
             core::Money{50'000}},
            now,
            std::string(kLineActive)};
  }

  std::string sign(const LineRecord& record) const {
    return identity::seal_envelope(kLineRecordType, codec::to_json(record), key).value();
  }

  void introduce(LineHub& other) {
    AddPeer add;
    add.peer.id = other.id;
    add.peer.region = other.region;
    add.peer.sign_key = crypto::to_text(other.key.public_key());
    add.credit_max = core::Money{1'000'000'000};
    must(std::move(add));
  }

  Beacon make_beacon(bool is_full = false, bool is_due = false) {
    return std::get<Beacon>(must(MakeBeacon{0, is_full, is_due}));
  }

  topology::LineTerms get_terms(const topology::RegionLines::Ends& ends) {
    return machine().lines().get_terms(ends, now);
  }

  const std::string region;
  const std::string id;
  const crypto::KeyPair key;
};

class TwoRegions : public testing::Test {
 protected:
  TwoRegions() {
    home.introduce(away);
    away.introduce(home);
    tell(away.make_beacon(true));
  }

  void tell(Beacon beacon) { home.must(AcceptBeacon{0, std::move(beacon)}); }

  LineHub home{"22"};
  LineHub away{"42"};
};

}  // namespace intertie::hub
