// What hubs ask each other about datasets (docs/formats/data-grant.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/dataset_views.h"
#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::api {

/// The hub that runs an offer's attempt asks the job's home for leave to fetch an input.
struct GrantRequest {
  std::uint64_t offer = 0;
  std::string dataset;  // "data:<hex>" or "sha256:<hex>".
};
BOOST_DESCRIBE_STRUCT(GrantRequest, (), (offer, dataset))

struct GrantAnswer {
  std::string dataset;  // "data:<hex>"
  core::Bytes size;
  std::vector<std::string> regions;  // Whose hubs hold it.
  std::string grant;                 // base64url of the envelope, as the header takes it.
  core::Time expires;
};
BOOST_DESCRIBE_STRUCT(GrantAnswer, (), (dataset, size, regions, grant, expires))

/// Which of these a user of the asking hub could read here.
struct LocateRequest {
  std::string user;
  std::vector<std::string> datasets;  // As job files name them.
};
BOOST_DESCRIBE_STRUCT(LocateRequest, (), (user, datasets))

struct LocatedView {
  std::string key;  // As asked.
  DatasetView dataset;
};
BOOST_DESCRIBE_STRUCT(LocatedView, (), (key, dataset))

struct LocateAnswer {
  std::vector<LocatedView> found;  // Complete ones only.
};
BOOST_DESCRIBE_STRUCT(LocateAnswer, (), (found))

}  // namespace intertie::api
