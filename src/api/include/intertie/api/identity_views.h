// What an identifier of any region stands for (docs/formats/identity.md).
#pragma once

#include <string>

#include <boost/describe.hpp>

#include "intertie/core/time.h"

namespace intertie::api {

/// The envelopes prove it; all else repeats what they say, but for `is_stale`.
struct IdentityView {
  std::string id;
  std::string type;
  std::string region;     // The registry's code, from the identifier.
  std::string registry;   // The hub that keeps it.
  bool is_known = false;  // False: the registry has signed that there is none.
  std::string name;
  std::string status;
  std::string holder;
  core::Time as_of;       // When the registry said so.
  bool is_stale = false;  // The registry cannot be reached: this is what it said last.
  std::string statement;  // Envelope of a hub::IdentityStatement, as the registry signed it.
  std::string record;     // Envelope of the record; of a pool, its site's; "": none.
};
BOOST_DESCRIBE_STRUCT(IdentityView, (),
                      (id, type, region, registry, is_known, name, status, holder, as_of, is_stale,
                       statement, record))

}  // namespace intertie::api
