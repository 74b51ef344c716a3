// Receipts of pulls that are under way, so that an agent that dies meanwhile loses none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/transfer/receipt.h"

namespace intertie::service {

/// What is known of a pull while it goes on. The journal beside it says what has come.
struct ReceiptDraft {
  transfer::Receipt receipt;
  bool is_straight = false;  // What comes now comes from the source itself.
};
BOOST_DESCRIBE_STRUCT(ReceiptDraft, (), (receipt, is_straight))

/// One file a pull, named by job, attempt and dataset. It outlives the process, not the machine:
/// nothing is synced, and what cannot be read counts as absent. Any thread; one pull is one
/// thread's.
class ReceiptDrafts {
 public:
  struct Key {
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    crypto::Digest root;
  };

  /// Makes the folder if it is missing; its parent must exist. io_failed.
  static core::Result<ReceiptDrafts> open(std::string folder);

  std::optional<ReceiptDraft> find(const Key& key) const;
  /// Best effort: a receipt matters less than the data.
  void keep(const Key& key, const ReceiptDraft& draft) const;
  void remove(const Key& key) const;
  /// Removes what is older than a week: nobody has asked for that input again.
  void sweep() const;

 private:
  explicit ReceiptDrafts(std::string folder) : folder_(std::move(folder)) {}
  std::string make_path(const Key& key) const;

  std::string folder_;
};

/// Counts into a draft that was found again what the journal says has come since: bytes of the
/// dataset that are here now. The interruption is a cut. Pure.
void resume_draft(ReceiptDraft& draft, core::Bytes here);

}  // namespace intertie::service
