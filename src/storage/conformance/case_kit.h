// What the conformance cases share: collected findings, sample records, whole-log reads.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "intertie/storage/chain.h"
#include "intertie/storage/conformance.h"
#include "intertie/storage/verify.h"

namespace intertie::storage::conformance {

/// Collects what did not hold.
class Findings {
 public:
  bool expect(bool holds, std::string_view what) {
    if (!holds) text_.append(what).append("\n");
    return holds;
  }

  /// Expects a value and gives it, or a default one with a finding.
  template <class T>
  T need(core::Result<T> result, std::string_view what) {
    if (expect(result.has_value(), what)) return std::move(*result);
    text_ += "  " + core::to_text(result.error()) + "\n";
    return T{};
  }

  void need(const core::Result<void>& result, std::string_view what) {
    if (!expect(result.has_value(), what)) text_ += "  " + core::to_text(result.error()) + "\n";
  }

  template <class T>
  void expect_refusal(const core::Result<T>& result, core::Reason reason, std::string_view what) {
    if (!expect(!result.has_value(), what)) return;
    const bool is_named = expect(result.error().reason == reason, what);
    if (!is_named) text_ += "  " + core::to_text(result.error()) + "\n";
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// A head as it was read, with bytes of its own.
struct ReadRecord {
  Record record;
  crypto::Digest body_digest;
  crypto::Digest chain;
};

/// Record `index` with bytes that depend on the index; every third has a body.
Record make_record(LogIndex index);

/// Records first..first + count - 1, each with two index writes.
Batch make_batch(LogIndex first, std::size_t count);

/// The store's whole log, read through a Reader, bodies included where they are present.
std::vector<ReadRecord> read_log(Store& store, Findings& findings);

/// A whole-store verification through new readers.
VerifyReport verify(Store& store, Findings& findings);

/// A snapshot of the log's present end.
Snapshot make_snapshot(const LogPosition& position, std::string bytes);

/// Opens; a null store comes with a finding.
std::unique_ptr<Store> open(StoreHost& host, Findings& findings, FailHook fail_hook = {});

/// Opens a store with records 1..count.
std::unique_ptr<Store> open_filled(StoreHost& host, std::size_t count, Findings& findings);

}  // namespace intertie::storage::conformance
