#include "snapshot_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <system_error>

#include "durable_file.h"

namespace intertie::storage_sqlite {
namespace {

constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kUnfinished = ".part";
constexpr std::size_t kDigits = 20;  // Of the largest 64-bit number.

std::optional<storage::LogIndex> parse_name(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kDigits) return std::nullopt;
  storage::LogIndex index = 0;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, index);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return index;
}

core::Result<std::vector<std::string>> list_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::directory_iterator{}) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  if (error) return {core::Reason::store_unavailable, folder + ": " + error.message()};
  return names;
}

class SnapshotFiles final : public storage::Snapshots {
 public:
  SnapshotFiles(std::string folder, const storage::Incarnation& incarnation,
                storage::FailHook fail_hook)
      : folder_(std::move(folder)), incarnation_(incarnation), fail_hook_(std::move(fail_hook)) {}

  core::Result<void> write_snapshot(const storage::Snapshot& snapshot) override {
    using storage::FailPoint;
    const std::string path = compute_snapshot_path(folder_, snapshot.index);
    const std::string unfinished = path + std::string(kUnfinished);
    if (auto passed = pass(FailPoint::snapshot_begin); !passed.has_value()) return passed;
    const std::string stored = storage::encode_snapshot(incarnation_, snapshot);
    auto done = write_synced(unfinished, stored);
    if (done.has_value()) done = pass(FailPoint::snapshot_before_rename);
    if (done.has_value()) done = rename_durably(unfinished, path);
    if (!done.has_value()) {
      std::error_code ignored;  // The next start removes it too.
      std::filesystem::remove(unfinished, ignored);
      return done;
    }
    if (auto passed = pass(FailPoint::snapshot_after_rename); !passed.has_value()) return passed;
    return remove_old();
  }

  core::Result<std::vector<storage::LogIndex>> list_snapshots() override {
    return list_snapshot_files(folder_);
  }

  core::Result<storage::Snapshot> read_snapshot(storage::LogIndex index) override {
    const core::Result<std::string> stored = read_whole_file(compute_snapshot_path(folder_, index));
    if (!stored.has_value()) return stored.error();
    return storage::decode_snapshot(incarnation_, *stored);
  }

 private:
  core::Result<void> pass(storage::FailPoint point) const {
    return fail_hook_ ? fail_hook_(point) : core::Result<void>{};
  }

  core::Result<void> remove_old() const {
    const core::Result<std::vector<storage::LogIndex>> indexes = list_snapshot_files(folder_);
    if (!indexes.has_value()) return indexes.error();
    for (std::size_t i = storage::snapshots_kept; i < indexes->size(); ++i) {
      std::error_code error;
      std::filesystem::remove(compute_snapshot_path(folder_, (*indexes)[i]), error);
      if (error) return {core::Reason::store_unavailable, folder_ + ": " + error.message()};
    }
    return {};
  }

  std::string folder_;
  storage::Incarnation incarnation_;
  storage::FailHook fail_hook_;
};

}  // namespace

std::unique_ptr<storage::Snapshots> open_snapshot_files(const std::string& folder,
                                                        const storage::Incarnation& incarnation,
                                                        const storage::FailHook& fail_hook) {
  return std::make_unique<SnapshotFiles>(folder, incarnation, fail_hook);
}

core::Result<std::vector<storage::LogIndex>> list_snapshot_files(const std::string& folder) {
  const core::Result<std::vector<std::string>> names = list_names(folder);
  if (!names.has_value()) return names.error();
  std::vector<storage::LogIndex> indexes;
  for (const std::string& name : *names) {
    if (const auto index = parse_name(name)) indexes.push_back(*index);
  }
  std::sort(indexes.begin(), indexes.end(), std::greater{});
  return indexes;
}

std::string compute_snapshot_path(const std::string& folder, storage::LogIndex index) {
  std::string digits = std::to_string(index);
  digits.insert(0, kDigits - digits.size(), '0');
  return folder + "/" + std::string(kPrefix) + digits;
}

void remove_unfinished_snapshots(const std::string& folder) {
  const core::Result<std::vector<std::string>> names = list_names(folder);
  if (!names.has_value()) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kUnfinished)) continue;
    std::error_code ignored;  // It only takes space.
    std::filesystem::remove(folder + "/" + name, ignored);
  }
}

}  // namespace intertie::storage_sqlite
