#include "batch_record.h"

#include <filesystem>
#include <system_error>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/secret.h"

#include "shared_files.h"

namespace intertie::slurm_runner {
namespace {

constexpr std::size_t kRecordBytesMax = 64u << 20;

}  // namespace

core::Result<std::string> BatchStore::open_tag() const {
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  if (auto made = make_folder(folder + "/batches", 0700); !made) return made.error();
  auto tag = read_shared(folder, "tag", 64);
  if (tag || tag.error().reason != core::Reason::not_found) return tag;
  std::string made;
  for (const auto byte : crypto::random_bytes(4)) {
    constexpr char kDigits[] = "0123456789abcdef";
    made += kDigits[static_cast<unsigned char>(byte) >> 4];
    made += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  if (auto written = write_shared(folder, "tag", made, std::nullopt, Keep::durable); !written) {
    return written.error();
  }
  return made;
}

core::Result<std::vector<BatchRecord>> BatchStore::read_all() const {
  std::vector<BatchRecord> records;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/batches", error)) {
    if (entry.path().extension() != ".json") continue;  // Half-written ones end in ".part".
    const auto text = read_shared(folder + "/batches", entry.path().filename(), kRecordBytesMax);
    if (!text) return text.error();
    auto record = codec::from_json<BatchRecord>(*text, codec::Boundary::tolerant);
    if (!record) {
      return core::Error{record.error().reason,
                         entry.path().string() + ": " + record.error().detail};
    }
    records.push_back(std::move(*record));
  }
  if (error) return core::Error{core::Reason::io_failed, folder + ": " + error.message()};
  return records;
}

core::Result<void> BatchStore::write(const BatchRecord& record) const {
  return write_shared(folder + "/batches", std::to_string(record.number) + ".json",
                      codec::to_json(record), std::nullopt, Keep::durable);
}

void BatchStore::remove(std::uint64_t number) const {
  remove_shared(folder + "/batches", std::to_string(number) + ".json");
}

}  // namespace intertie::slurm_runner
