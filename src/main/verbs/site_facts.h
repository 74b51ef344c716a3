// What a site says of itself in its record, as options.
#pragma once

#include "intertie/core/result.h"
#include "intertie/service/site_amendment.h"

#include "command_line/parse.h"

namespace intertie::cli {

/// --place, --commissioned, --claim, --aka. bad_argument names the option. Pure.
core::Result<service::SiteFacts> read_site_facts(const Invocation& invocation);

/// Where a site's folder is: --data, else the usual one.
std::string get_site_folder(const Invocation& invocation);

}  // namespace intertie::cli
