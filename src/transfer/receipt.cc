// Receipts.
#include "intertie/transfer/receipt.h"

#include "intertie/codec/json.h"
#include "intertie/transfer/manifest.h"

#include "line_units.h"

namespace intertie::transfer {
namespace {

constexpr std::size_t kReceiptNameBytesMax = 256;

}  // namespace

core::Result<void> check_receipt(const Receipt& receipt) {
  const auto refuse = [](const char* what) -> core::Result<void> {
    return {core::Reason::bad_field, std::string("receipt: ") + what};
  };
  if (auto root = parse_dataset(receipt.dataset); !root) return root.error();
  if (receipt.size.count < 0 || receipt.received.count < 0 || receipt.kept.count < 0) {
    return refuse("a size below zero");
  }
  if (receipt.source.size() > kReceiptNameBytesMax ||
      receipt.destination.size() > kReceiptNameBytesMax) {
    return refuse("source, destination");
  }
  if (receipt.ended < receipt.started) return refuse("its times");
  if (receipt.kept > receipt.size || receipt.received < receipt.size - receipt.kept) {
    return refuse("less was received than the dataset has");
  }
  if (receipt.direct.count < 0 || receipt.direct > receipt.received) return refuse("direct");
  return {};
}

std::string sign_receipt(const Receipt& receipt, const crypto::KeyPair& key) {
  return identity::seal_envelope(kReceiptType, codec::to_json(receipt), key).value();
}

core::Result<Receipt> open_receipt(std::string_view envelope, const identity::KeyLookup& find_key) {
  const auto opened = identity::open_envelope(envelope, kReceiptType, find_key);
  if (!opened) return opened.error();
  auto receipt = codec::from_json<Receipt>(opened->payload, codec::Boundary::tolerant);
  if (!receipt) return receipt.error();
  if (auto checked = check_receipt(*receipt); !checked) return checked.error();
  return receipt;
}

std::int64_t compute_rate(core::Bytes received, core::Duration took) {
  if (took.count <= 0) return 0;
  return static_cast<std::int64_t>(static_cast<Wide>(received.count) * kMicrosPerSecond /
                                   took.count);
}

}  // namespace intertie::transfer
