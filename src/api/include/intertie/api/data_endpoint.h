// What a data endpoint of a hub or a site answers: ranges of datasets, under a pass
// (docs/formats/data-grant.md). It knows nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "intertie/api/backend.h"
#include "intertie/api/request.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"
#include "intertie/transfer/dataset.h"
#include "intertie/transfer/manifest.h"

namespace intertie::api {

/// What it needs of its process. Any thread.
struct DataHolder {
  std::string id;  // As passes name it.
  crypto::PublicKey hub_key;
  std::function<core::Time()> now;
  /// not_found unless `reader` may read it.
  std::function<core::Result<transfer::DatasetInfo>(const std::string& reader,
                                                    const crypto::Digest& root)>
      find;
  std::function<core::Result<std::string>(const transfer::DatasetInfo& info,
                                          transfer::ByteSpan span)>
      read;
  /// As Backend::pace_line.
  std::function<void(const LineUse& use, std::int64_t wanted,
                     std::function<void(core::Result<std::int64_t>)> done)>
      pace;
};

/// Any thread; outlives its requests.
class DataEndpoint {
 public:
  explicit DataEndpoint(DataHolder holder) : holder_(std::move(holder)) {}

  /// `GET /data/v1/datasets/HEX/content` with Range and Intertie-Pass, over a connection with the
  /// certificate whose key the pass names. Refused, in this order: any other path (not_found), the
  /// certificate, the pass (open_pass), what may not be read or lie in the puller's region, a
  /// request without a range (bad_field) or beyond the end. At most kDataPieceBytes are answered,
  /// at the pace of the line.
  void handle(const Request& request, const AnswerPointer& answer) const;

 private:
  const DataHolder holder_;
};

inline constexpr std::uint64_t kDataPieceBytes = 2u << 20;
inline constexpr const char* kDataPrefix = "/data/v1/datasets";

}  // namespace intertie::api
