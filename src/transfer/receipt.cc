// Receipts.
#include "intertie/transfer/receipt.h"

namespace intertie::transfer {

core::Result<void> check_receipt(const Receipt& receipt, const Manifest& manifest) {
  if (receipt.dataset != format_dataset(compute_root(manifest))) {
    return {core::Reason::bad_field, "receipt: of another dataset"};
  }
  if (receipt.size.count != static_cast<std::int64_t>(manifest.size)) {
    return {core::Reason::bad_field, "receipt: another size"};
  }
  if (receipt.ended < receipt.started) return {core::Reason::bad_field, "receipt: its times"};
  if (receipt.received < receipt.size) {
    return {core::Reason::bad_field, "receipt: less was received than the dataset has"};
  }
  return {};
}

std::int64_t compute_rate(const Receipt& receipt) {
  const core::Duration took = receipt.ended - receipt.started;
  if (took.count <= 0) return 0;
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(static_cast<Wide>(receipt.size.count) * 1'000'000 / took.count);
}

}  // namespace intertie::transfer
