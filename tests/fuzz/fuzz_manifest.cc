// Datasets: manifests, their names, journals of what has come.
#include "intertie/core/limits.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/grant.h"
#include "intertie/transfer/journal.h"
#include "intertie/transfer/manifest.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

void take_manifest(std::string_view bytes) {
  const auto manifest = transfer::decode_manifest(bytes);
  if (!manifest) return;
  check(transfer::check_manifest(*manifest).has_value(), "a manifest that was read is sound");
  check(transfer::encode_manifest(*manifest) == bytes, "a manifest has one encoding");
  check(manifest->chunks.size() <= core::limits::manifest_chunks_max, "a manifest is bounded");
  std::uint64_t end = 0;
  for (std::uint32_t chunk = 0; chunk < manifest->chunks.size(); ++chunk) {
    const transfer::ByteSpan span = transfer::get_chunk_span(*manifest, chunk);
    check(span.offset == end && span.length > 0, "chunks follow each other");
    end += span.length;
  }
  check(end == manifest->size, "chunks make up the whole");
}

void take_names(std::string_view text) {
  if (const auto root = transfer::parse_dataset(text)) {
    check(transfer::format_dataset(*root) == text, "an identity has one text");
  }
  if (const auto key = transfer::parse_dataset_key(text)) {
    const auto again = transfer::parse_dataset_key(transfer::to_text(*key));
    check(again && *again == *key, "a dataset's name is read as it is written");
  }
  if (const auto user = transfer::parse_region_user(text)) {
    check(transfer::to_text(*user) == text, "a user of a region has one text");
    const std::string there = transfer::translate_user(user->name, user->region, "90");
    check(transfer::translate_user(there, "90", user->region) == user->name || user->region == "90",
          "a user's name comes back from another region");
  }
  (void)transfer::check_dataset_name(text);
}

void take_journal(std::string_view bytes) {
  constexpr std::uint32_t kChunks = 40;
  const auto journal = transfer::ChunkJournal::replay(
      crypto::compute_sha256(std::string_view("root")), kChunks, bytes);
  std::uint32_t missing = 0;
  for (const auto& [first, last] : journal.list_missing(kChunks)) {
    check(first <= last && last < kChunks, "what is missing are chunks");
    missing += last - first + 1;
  }
  check(missing + journal.count() == kChunks, "a chunk is there or missing");
}

transfer::Manifest make_manifest(std::size_t size) {
  transfer::ManifestWriter writer(size, true);
  writer.add(std::string(size, 'x'));
  return *writer.finish();
}

}  // namespace

void take_input(std::string_view input) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  if (input.front() == 'm') take_manifest(rest);
  if (input.front() == 'n') take_names(rest);
  if (input.front() == 'j') take_journal(rest);
}

std::vector<std::string> make_seeds() {
  const std::string digits(64, 'a');
  std::vector<std::string> seeds = {"ndata:" + digits, "nsha256:" + digits, "ndata://weather",
                                    "ndata://ada/weather", "n22/ada"};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'000}}) {
    seeds.push_back("m" + transfer::encode_manifest(make_manifest(size)));
  }
  const crypto::Digest root = crypto::compute_sha256(std::string_view("root"));
  seeds.push_back("j" + transfer::ChunkJournal::format_record(root, 0) +
                  transfer::ChunkJournal::format_record(root, 39));
  return seeds;
}

}  // namespace intertie::fuzz
