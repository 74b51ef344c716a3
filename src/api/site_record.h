// The signed record of a site, as it is told to whoever asks for its identifier.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"
#include "intertie/storage/store.h"

namespace intertie::api {

/// The envelope of the record version in force (`record_index`: where it was logged), or of the
/// registration where that is 0; empty if neither had one. The store's errors; two reads at most.
core::Result<std::string> read_site_record(storage::Reader& reader, std::uint32_t site,
                                           std::uint64_t record_index);

}  // namespace intertie::api
