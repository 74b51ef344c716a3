// What the routes of the public log answer (docs/formats/public-log.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/hub/public_log.h"
#include "intertie/identity/record.h"

namespace intertie::api {

/// The head as it is now: readable, and as signed. Only the envelope proves anything.
struct PublicHeadView {
  hub::PublicHead head;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(PublicHeadView, (), (head, envelope))

struct PublicLeafView {
  std::uint64_t number = 0;
  std::string leaf;      // Exactly the bytes that are hashed: JSON of hub::PublicLeaf.
  std::string envelope;  // What its digest is of; "" if that is private or was erased.
};
BOOST_DESCRIBE_STRUCT(PublicLeafView, (), (number, leaf, envelope))

struct PublicLeafList {
  std::vector<PublicLeafView> leaves;
};
BOOST_DESCRIBE_STRUCT(PublicLeafList, (), (leaves))

/// That leaf `leaf` stands in the tree of `size` leaves (RFC 9162, 2.1.3).
struct InclusionView {
  std::uint64_t leaf = 0;
  std::uint64_t size = 0;
  std::vector<std::string> proof;  // "sha256:<hex>", from the leaf upwards.
};
BOOST_DESCRIBE_STRUCT(InclusionView, (), (leaf, size, proof))

/// That the tree of `to` leaves begins with that of `from` leaves (RFC 9162, 2.1.4).
struct ConsistencyView {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::vector<std::string> proof;
};
BOOST_DESCRIBE_STRUCT(ConsistencyView, (), (from, to, proof))

/// Body of POST /v1/sites/{site}:revoke.
struct RevokeRequest {
  identity::RevocationReason reason = identity::RevocationReason::order;

  static constexpr std::string_view required_fields[] = {"reason"};
};
BOOST_DESCRIBE_STRUCT(RevokeRequest, (), (reason))

}  // namespace intertie::api
