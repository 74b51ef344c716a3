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

/// The hub whose site is to have the dataset asks the holder's hub for passes, under the grant.
struct PassRequest {
  std::string site;  // Identifier of the site that will pull.
  std::string key;   // Of its TLS certificate.
};
BOOST_DESCRIBE_STRUCT(PassRequest, (), (site, key))

/// One endpoint that has the dataset.
struct DataSourceView {
  std::string holder;       // Identifier of the hub or site.
  std::string address;      // HOST:PORT
  std::string fingerprint;  // SHA-256 of its TLS key (DER), 64 hexadecimal digits.
  std::string pass;         // base64url of the envelope, as the header Intertie-Pass takes it.
  core::Time expires;
};
BOOST_DESCRIBE_STRUCT(DataSourceView, (), (holder, address, fingerprint, pass, expires))

/// Best first; empty: through the hub alone.
struct DataSources {
  std::vector<DataSourceView> sources;
};
BOOST_DESCRIBE_STRUCT(DataSources, (), (sources))

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
