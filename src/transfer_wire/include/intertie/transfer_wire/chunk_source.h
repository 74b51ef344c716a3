// Where the bytes of a dataset come from: a hub over HTTP now, another site's data endpoint later.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/transfer/manifest.h"

namespace intertie::transfer_wire {

/// Takes the next piece. An error ends the reading and is handed on.
using PieceSink = std::function<core::Result<void>(std::string_view piece)>;

/// One connection to one holder of datasets. One thread at a time, except interrupt().
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;

  /// The bytes of `span`, in order. A source may end early or send other bytes: who asks verifies.
  /// not_found, denied, data_policy and certificate_refused: it is no use to ask again.
  virtual core::Result<void> read(const crypto::Digest& root, transfer::ByteSpan span,
                                  const PieceSink& sink) = 0;

  /// Ends the call under way, and every later one, with `stopping`. Any thread.
  virtual void interrupt() const = 0;
};

/// Opens another connection to the same holder; cheap, connects when it is first used. Any thread.
using SourceFactory = std::function<std::unique_ptr<ChunkSource>()>;

}  // namespace intertie::transfer_wire
