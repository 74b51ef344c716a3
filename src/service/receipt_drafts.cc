#include "receipt_drafts.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"

#include "files.h"

namespace intertie::service {
namespace {

constexpr std::size_t kDraftBytesMax = 64u << 10;
constexpr std::chrono::hours kKept{24 * 7};

}  // namespace

core::Result<ReceiptDrafts> ReceiptDrafts::open(std::string folder) {
  if (auto made = make_private_folder(folder); !made) return made.error();
  return ReceiptDrafts(std::move(folder));
}

std::string ReceiptDrafts::make_path(const Key& key) const {
  return folder_ + "/" + std::to_string(key.job) + "." + std::to_string(key.attempt) + "." +
         crypto::encode_hex(key.root.bytes);
}

std::optional<ReceiptDraft> ReceiptDrafts::find(const Key& key) const {
  const auto bytes = read_whole_file(make_path(key), kDraftBytesMax);
  if (!bytes) return std::nullopt;
  auto draft = codec::from_json<ReceiptDraft>(*bytes, codec::Boundary::tolerant);
  if (!draft) return std::nullopt;
  return std::move(*draft);
}

void ReceiptDrafts::keep(const Key& key, const ReceiptDraft& draft) const {
  const std::string path = make_path(key);
  const std::string next = path + ".next";
  {
    std::ofstream file(next, std::ios::binary | std::ios::trunc);
    file << codec::to_json(draft);
    if (!file.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(next, path, ignored);
}

void ReceiptDrafts::remove(const Key& key) const {
  std::error_code ignored;
  std::filesystem::remove(make_path(key), ignored);
}

void ReceiptDrafts::sweep() const {
  std::error_code error;
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    std::error_code ignored;
    const auto written = std::filesystem::last_write_time(entry.path(), ignored);
    if (!ignored && written + kKept < now) std::filesystem::remove(entry.path(), ignored);
  }
}

void resume_draft(ReceiptDraft& draft, core::Bytes here) {
  transfer::Receipt& receipt = draft.receipt;
  ++receipt.cuts;
  const core::Bytes come = here - receipt.kept;
  if (come <= receipt.received) return;
  if (draft.is_straight) receipt.direct += come - receipt.received;
  receipt.received = come;
}

}  // namespace intertie::service
