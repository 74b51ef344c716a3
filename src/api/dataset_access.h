// Which dataset a request is about, and its content as an answer, to users and to sites.
#pragma once

#include "intertie/core/result.h"
#include "intertie/transfer/dataset.h"
#include "intertie/transfer/dataset_name.h"

#include "call.h"

namespace intertie::api {

/// Ranges of missing chunks that one answer lists; the next answer has more.
inline constexpr std::size_t kMissingRangesMax = 1'000;

/// The key in the path, its first parameter: 64 hexadecimal digits (the identity), or "data:...",
/// "sha256:..." in full. bad_field.
core::Result<transfer::DatasetKey> read_dataset_key(const Call& call);

/// Answers with the bytes (Range honoured) or, without a body, with their size. An incomplete
/// dataset is not_found.
void respond_content(const CallPointer& call, const transfer::DatasetInfo& info, bool has_body);

/// The same to the hub of another region: when the line there has a turn, and as much of a range as
/// may go with it.
void respond_content_over_line(const CallPointer& call, const transfer::DatasetInfo& info,
                               const LineUse& line);

/// Answers with the manifest's encoding.
void respond_manifest(const CallPointer& call, const transfer::DatasetInfo& info);

/// `sources`: endpoints from which the site may pull it (DataSources).
enum class DatasetPart : std::uint8_t { manifest, content, sources };

/// Site listener: what the owner of job `?job` may read, if an attempt of it is this site's. What
/// does not lie here comes from the region that holds it, under a grant of the job's home.
/// not_found, or data_policy if it may not lie there. A manifest from elsewhere names its holder in
/// Intertie-Holder.
void respond_job_dataset(const CallPointer& call, DatasetPart part);

}  // namespace intertie::api
