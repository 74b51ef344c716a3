// The content store: the catalogue, its files, and the way of a chunk to its name.
#include "intertie/transfer_wire/content_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

#include "catalogue.h"
#include "chunk_files.h"
#include "store_files.h"

namespace intertie::transfer_wire {
namespace {

constexpr std::size_t kRecordBytesMax = 16u << 20;
constexpr std::size_t kImportBytes = 1u << 20;
// How exact the last use is on disk.
constexpr core::Duration kUseInterval = core::minutes(1);

core::Error make_not_found(const crypto::Digest& root) {
  return {core::Reason::not_found, transfer::format_dataset(root)};
}

}  // namespace

struct ChunkWriter::Parts {
  std::string owner;
  crypto::Digest root;
  std::uint32_t chunk = 0;
  crypto::Digest digest;
  std::uint64_t length = 0;
  std::string path;
  OpenFile file;
  crypto::Sha256 sum;
  std::uint64_t size = 0;

  ~Parts() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

ChunkWriter::ChunkWriter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ChunkWriter::ChunkWriter(ChunkWriter&&) noexcept = default;
ChunkWriter& ChunkWriter::operator=(ChunkWriter&&) noexcept = default;
ChunkWriter::~ChunkWriter() = default;

core::Result<void> ChunkWriter::add(std::string_view piece) {
  if (piece.size() > parts_->length - parts_->size) {
    return {core::Reason::too_large, "chunk " + std::to_string(parts_->chunk) + ": has " +
                                         std::to_string(parts_->length) + " bytes"};
  }
  parts_->sum.update(piece);
  parts_->size += piece.size();
  return write_all(parts_->file.get(), piece);
}

std::uint64_t ChunkWriter::size() const { return parts_->size; }

core::Result<void> ChunkWriter::restart() {
  parts_->sum.finish();
  parts_->size = 0;
  if (::ftruncate(parts_->file.get(), 0) != 0 || ::lseek(parts_->file.get(), 0, SEEK_SET) != 0) {
    return make_file_error("chunk");
  }
  return {};
}

class ContentStore::Parts {
 public:
  explicit Parts(StoreOptions options) : options_(std::move(options)), files_(options_.folder) {}

  core::Result<void> open();

  std::string get_folder(const std::string& owner) const {
    return options_.folder + "/owners/" + crypto::encode_hex(crypto::compute_sha256(owner).bytes);
  }
  std::string get_path(const Entry& entry, std::string_view suffix) const {
    return get_folder(entry.owner) + "/" + crypto::encode_hex(entry.root.bytes) +
           std::string(suffix);
  }
  core::Result<DatasetInfo> begin(const DatasetWish& wish, bool is_durable, core::Time now);
  core::Result<void> write_record(const Entry& entry);
  core::Result<void> change(Entry& entry, const DatasetWish& wish);
  core::Result<void> make_room_for(const std::string& owner, std::uint64_t bytes);
  /// too_large for what no place could be made for, whatever is given up.
  core::Result<void> check_size(std::uint64_t bytes) const;
  void remove_entry(std::uint64_t number);
  void touch(Entry& entry, core::Time now);
  core::Result<void> note_chunk(const std::string& owner, const crypto::Digest& root,
                                std::uint32_t chunk, core::Time now);
  void lose_chunk(const std::string& owner, const crypto::Digest& root, std::uint32_t chunk);
  core::Result<std::shared_ptr<const transfer::Manifest>> start_reading(const std::string& owner,
                                                                        const crypto::Digest& root,
                                                                        core::Time now);

  const StoreOptions options_;
  ChunkFiles files_;
  mutable std::mutex mutex_;
  Catalogue catalogue_;

 private:
  core::Result<bool> load_owner(const std::string& folder);
};

core::Result<std::unique_ptr<ContentStore>> ContentStore::open(StoreOptions options) {
  auto parts = std::make_unique<Parts>(std::move(options));
  if (auto done = parts->open(); !done) return done.error();
  return std::unique_ptr<ContentStore>(new ContentStore(std::move(parts)));
}

ContentStore::ContentStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ContentStore::~ContentStore() = default;

core::Result<void> ContentStore::Parts::open() {
  if (auto done = files_.open(); !done) return done;
  const std::string owners = options_.folder + "/owners";
  if (auto done = make_folder(owners); !done) return done;
  bool is_sound = true;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(owners, error)) {
    const auto loaded = load_owner(entry.path().string());
    if (!loaded) return loaded.error();
    is_sound = is_sound && *loaded;
  }
  if (error) return {core::Reason::io_failed, owners + ": " + error.message()};
  // A record that cannot be read may still name chunks: then none is thrown away.
  if (!is_sound) return {};
  files_.sweep([this](const crypto::Digest& chunk) { return catalogue_.is_chunk_needed(chunk); });
  return {};
}

// False: a record was damaged and put aside.
core::Result<bool> ContentStore::Parts::load_owner(const std::string& folder) {
  bool is_sound = true;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    const std::string path = file.path().string();
    if (file.path().extension() != ".dataset") continue;
    const auto bytes = read_file(path, kRecordBytesMax);
    if (!bytes) return bytes.error();
    auto entry = parse_record(*bytes);
    if (!entry || path != get_path(*entry, ".dataset")) {
      is_sound = false;
      std::filesystem::rename(path, path + ".damaged", error);
      continue;
    }
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return make_file_error(path);
    entry->last_used = {facts.st_mtim.tv_sec * 1'000'000 + facts.st_mtim.tv_nsec / 1'000};
    entry->time_on_disk = entry->last_used;
    if (entry->incoming) {
      const auto journal = read_file(get_path(*entry, ".chunks"), kRecordBytesMax);
      if (!journal && journal.error().reason != core::Reason::not_found) return journal.error();
      if (journal) {
        *entry->incoming =
            transfer::ChunkJournal::replay(entry->root, entry->incoming->size(), *journal);
      }
      // Every chunk had arrived; only the record was not rewritten.
      if (entry->incoming->is_complete()) entry->incoming.reset();
    }
    catalogue_.add(std::move(*entry));
  }
  if (error) return core::Error{core::Reason::io_failed, folder + ": " + error.message()};
  return is_sound;
}

core::Result<void> ContentStore::Parts::write_record(const Entry& entry) {
  const std::string path = get_path(entry, ".dataset");
  const auto done = write_durably(files_.make_temporary(), path, format_record(entry));
  if (done) set_file_time(path, entry.last_used);
  return done;
}

// Of an entry that is there already: its new name, policy and pin.
core::Result<void> ContentStore::Parts::change(Entry& entry, const DatasetWish& wish) {
  const std::string name = wish.name.empty() ? entry.name : wish.name;
  const bool is_pinned = entry.is_pinned || wish.is_pinned;
  const bool is_cache = entry.is_cache && wish.is_cache;
  const bool is_same = name == entry.name && wish.policy == entry.policy &&
                       is_pinned == entry.is_pinned && is_cache == entry.is_cache;
  if (is_same) return {};
  Entry* const older = catalogue_.rename(entry, name);
  entry.policy = wish.policy;
  entry.is_pinned = is_pinned;
  entry.is_cache = is_cache;
  if (older != nullptr) {
    if (auto done = write_record(*older); !done) return done;
  }
  return write_record(entry);
}

core::Result<void> ContentStore::Parts::check_size(std::uint64_t bytes) const {
  constexpr std::uint64_t kManifestMax =
      std::uint64_t{core::limits::chunk_bytes_max} * core::limits::manifest_chunks_max;
  const auto own = static_cast<std::uint64_t>(options_.rules.owner_bytes_max.count);
  const auto all = static_cast<std::uint64_t>(options_.rules.bytes_max.count);
  if (bytes <= kManifestMax && bytes <= all && (own == 0 || bytes <= own)) return {};
  return {core::Reason::too_large, std::to_string(bytes) + " bytes: more than may ever lie here"};
}

core::Result<void> ContentStore::Parts::make_room_for(const std::string& owner,
                                                      std::uint64_t bytes) {
  const std::uint64_t owned = catalogue_.used_by(owner);
  // One item stands for all while there is room: the common case costs no list.
  transfer::StoredItem all;
  all.bytes = catalogue_.used();
  auto evicted = transfer::make_room({all}, options_.rules, owned, bytes);
  if (!evicted) {
    evicted = transfer::make_room(catalogue_.list_items(), options_.rules, owned, bytes);
  }
  if (!evicted) return evicted.error();
  for (const std::uint64_t number : *evicted) remove_entry(number);
  return {};
}

void ContentStore::Parts::remove_entry(std::uint64_t number) {
  const Entry& entry = *catalogue_.find(number);
  // The record goes first: chunks without one are swept, a record without chunks is a loss.
  ::unlink(get_path(entry, ".dataset").c_str());
  ::unlink(get_path(entry, ".chunks").c_str());
  for (const crypto::Digest& chunk : catalogue_.remove(number)) files_.remove(chunk);
}

void ContentStore::Parts::touch(Entry& entry, core::Time now) {
  entry.last_used = std::max(entry.last_used, now);
  if (entry.last_used - entry.time_on_disk < kUseInterval) return;
  entry.time_on_disk = entry.last_used;
  set_file_time(get_path(entry, ".dataset"), entry.last_used);
}

core::Result<DatasetInfo> ContentStore::Parts::begin(const DatasetWish& wish, bool is_durable,
                                                     core::Time now) {
  if (auto checked = transfer::check_manifest(wish.manifest); !checked) return checked.error();
  if (auto checked = transfer::check_policy(wish.policy); !checked) return checked.error();
  if (!wish.name.empty()) {
    if (auto checked = transfer::check_dataset_name(wish.name); !checked) return checked.error();
  }
  const crypto::Digest root = transfer::compute_root(wish.manifest);
  const std::lock_guard lock(mutex_);
  Catalogue& catalogue = catalogue_;
  if (Entry* const known = catalogue.find(wish.owner, root)) {
    if (auto done = change(*known, wish); !done) return done.error();
    touch(*known, now);
    return make_info(*known);
  }
  if (catalogue.count_of(wish.owner) >= core::limits::datasets_per_owner_max) {
    return core::Error{core::Reason::too_large, "datasets_per_owner_max datasets of one owner"};
  }
  if (auto done = make_room_for(wish.owner, wish.manifest.size); !done) return done.error();
  if (catalogue.count_of(wish.owner) == 0) {
    if (auto done = make_folder(get_folder(wish.owner)); !done) return done.error();
    if (auto done = sync_folder(options_.folder + "/owners"); !done) return done.error();
  }
  Entry entry;
  entry.root = root;
  entry.owner = wish.owner;
  entry.manifest = std::make_shared<const transfer::Manifest>(wish.manifest);
  entry.policy = wish.policy;
  entry.is_pinned = wish.is_pinned;
  entry.is_cache = wish.is_cache;
  entry.created = entry.last_used = entry.time_on_disk = now;
  if (!wish.manifest.chunks.empty()) {
    entry.incoming.emplace(static_cast<std::uint32_t>(wish.manifest.chunks.size()));
  }
  Entry& added = catalogue.add(std::move(entry));
  Entry* const older = catalogue.rename(added, wish.name);
  auto done = older != nullptr ? write_record(*older) : core::Result<void>();
  if (done && (is_durable || !added.incoming)) done = write_record(added);
  if (!done) {
    remove_entry(added.number);
    return done.error();
  }
  return make_info(added);
}

core::Result<DatasetInfo> ContentStore::begin(const DatasetWish& wish, core::Time now) {
  return parts_->begin(wish, true, now);
}

core::Result<DatasetInfo> ContentStore::put(DatasetWish wish, std::string_view content,
                                            core::Time now) {
  transfer::ManifestWriter manifest(content.size(), true);
  manifest.add(content);
  auto finished = manifest.finish();
  if (!finished) return finished.error();
  wish.manifest = std::move(*finished);
  // With one chunk, the record of the complete dataset is the first.
  const auto info = parts_->begin(wish, wish.manifest.chunks.size() > 1, now);
  if (!info || info->is_complete()) return info;
  for (std::uint32_t chunk = 0; chunk < info->chunks; ++chunk) {
    const transfer::ByteSpan span = transfer::get_chunk_span(wish.manifest, chunk);
    const auto done =
        put_chunk(wish.owner, info->root, chunk, content.substr(span.offset, span.length), now);
    if (done) continue;
    // What was not there before leaves nothing behind.
    if (info->chunks_here == 0) static_cast<void>(remove(wish.owner, info->root));
    return done.error();
  }
  return find(wish.owner, {transfer::DatasetKey::Kind::root, info->root, {}, {}});
}

core::Result<transfer::ChunkJournal> ContentStore::get_journal(const std::string& owner,
                                                               const crypto::Digest& root) const {
  const std::lock_guard lock(parts_->mutex_);
  const Entry* const entry = parts_->catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  if (entry->incoming) return *entry->incoming;
  transfer::ChunkJournal all(static_cast<std::uint32_t>(entry->manifest->chunks.size()));
  for (std::uint32_t chunk = 0; chunk < all.size(); ++chunk) all.add(chunk);
  return all;
}

core::Result<ChunkWriter> ContentStore::open_chunk(const std::string& owner,
                                                   const crypto::Digest& root,
                                                   std::uint32_t chunk) {
  auto parts = std::make_unique<ChunkWriter::Parts>();
  {
    const std::lock_guard lock(parts_->mutex_);
    const Entry* const entry = parts_->catalogue_.find(owner, root);
    if (entry == nullptr) return make_not_found(root);
    if (chunk >= entry->manifest->chunks.size()) {
      return core::Error{core::Reason::out_of_range,
                         "chunk: 0 to " + std::to_string(entry->manifest->chunks.size() - 1)};
    }
    parts->digest = entry->manifest->chunks[chunk];
    parts->length = transfer::get_chunk_span(*entry->manifest, chunk).length;
  }
  parts->owner = owner;
  parts->root = root;
  parts->chunk = chunk;
  parts->path = parts_->files_.make_temporary();
  parts->file = OpenFile(parts->path, O_RDWR | O_CREAT | O_EXCL);
  if (!parts->file) return make_file_error(std::exchange(parts->path, {}));
  return ChunkWriter(std::move(parts));
}

core::Result<void> ContentStore::finish_chunk(ChunkWriter& writer, core::Time now) {
  ChunkWriter::Parts& chunk = *writer.parts_;
  if (chunk.size != chunk.length || chunk.sum.finish() != chunk.digest) {
    if (auto done = writer.restart(); !done) return done;
    return {core::Reason::bad_digest,
            "chunk " + std::to_string(chunk.chunk) + " of " + transfer::format_dataset(chunk.root)};
  }
  if (::fsync(chunk.file.get()) != 0) return make_file_error(chunk.path);
  const auto& on_point = parts_->options_.on_point;
  if (on_point) on_point(StorePoint::chunk_before_rename);
  const std::string path = parts_->files_.get_path(chunk.digest);
  {
    // As long as the dataset is in the catalogue, nobody removes its chunks.
    const std::lock_guard lock(parts_->mutex_);
    if (parts_->catalogue_.find(chunk.owner, chunk.root) == nullptr) {
      return make_not_found(chunk.root);
    }
    // Also where an equal chunk is: the same work for everybody, so nobody learns of it.
    if (::rename(chunk.path.c_str(), path.c_str()) != 0) return make_file_error(path);
    chunk.path.clear();
  }
  if (auto done = sync_folder(path.substr(0, path.rfind('/'))); !done) return done;
  if (on_point) on_point(StorePoint::chunk_after_rename);
  parts_->files_.note_verified(chunk.digest, chunk.file.get());
  return parts_->note_chunk(chunk.owner, chunk.root, chunk.chunk, now);
}

core::Result<void> ContentStore::Parts::note_chunk(const std::string& owner,
                                                   const crypto::Digest& root, std::uint32_t chunk,
                                                   core::Time now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  touch(*entry, now);
  if (!entry->incoming || !entry->incoming->add(chunk)) return {};
  if (!entry->incoming->is_complete()) {
    // Not synced: what a power loss takes from the journal comes again, which is all it costs.
    const OpenFile journal(get_path(*entry, ".chunks"), O_WRONLY | O_CREAT | O_APPEND);
    if (!journal) return make_file_error("journal");
    return write_all(journal.get(), transfer::ChunkJournal::format_record(root, chunk));
  }
  auto kept = std::exchange(entry->incoming, std::nullopt);
  if (auto done = write_record(*entry); !done) {
    kept->remove(chunk);
    entry->incoming = std::move(kept);
    return done;
  }
  ::unlink(get_path(*entry, ".chunks").c_str());
  return {};
}

core::Result<void> ContentStore::put_chunk(const std::string& owner, const crypto::Digest& root,
                                           std::uint32_t chunk, std::string_view bytes,
                                           core::Time now) {
  auto writer = open_chunk(owner, root, chunk);
  if (!writer) return writer.error();
  if (auto done = writer->add(bytes); !done) return done;
  return finish_chunk(*writer, now);
}

core::Result<DatasetInfo> ContentStore::import_file(int file, DatasetWish wish, core::Time now) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0) return make_file_error("import");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  // Before a byte is read: a file of one block can say that it has 2^50 of them.
  if (auto done = parts_->check_size(size); !done) return done.error();
  transfer::ManifestWriter manifest(size, true);
  std::string piece;
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    piece.clear();
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(kImportBytes, size - at));
    if (auto done = read_at(file, at, length, piece); !done) return done.error();
    if (piece.empty()) break;
    manifest.add(piece);
  }
  auto finished = manifest.finish();
  if (!finished) return core::Error{core::Reason::bad_digest, finished.error().detail};
  wish.manifest = std::move(*finished);
  const auto info = begin(wish, now);
  if (!info || info->is_complete()) return info;
  for (std::uint32_t chunk = 0; chunk < info->chunks; ++chunk) {
    const transfer::ByteSpan span = transfer::get_chunk_span(wish.manifest, chunk);
    piece.clear();
    auto done = read_at(file, span.offset, static_cast<std::size_t>(span.length), piece);
    if (done) done = put_chunk(wish.owner, info->root, chunk, piece, now);
    if (!done) return done.error();
  }
  return find(wish.owner, {transfer::DatasetKey::Kind::root, info->root, {}, {}});
}

core::Result<DatasetInfo> ContentStore::find(const std::string& reader,
                                             const transfer::DatasetKey& key) const {
  const std::lock_guard lock(parts_->mutex_);
  const Entry* const entry = parts_->catalogue_.find_readable(reader, key);
  if (entry == nullptr) return core::Error{core::Reason::not_found, transfer::to_text(key)};
  return make_info(*entry);
}

std::vector<DatasetInfo> ContentStore::list(const std::string& owner) const {
  const std::lock_guard lock(parts_->mutex_);
  std::vector<DatasetInfo> all;
  for (const Entry* entry : parts_->catalogue_.list(owner)) all.push_back(make_info(*entry));
  return all;
}

core::Result<std::shared_ptr<const transfer::Manifest>> ContentStore::get_manifest(
    const std::string& owner, const crypto::Digest& root) const {
  const std::lock_guard lock(parts_->mutex_);
  const Entry* const entry = parts_->catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  return entry->manifest;
}

core::Result<std::shared_ptr<const transfer::Manifest>> ContentStore::Parts::start_reading(
    const std::string& owner, const crypto::Digest& root, core::Time now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = catalogue_.find(owner, root);
  if (entry == nullptr || entry->incoming) return make_not_found(root);
  touch(*entry, now);
  return entry->manifest;
}

void ContentStore::Parts::lose_chunk(const std::string& owner, const crypto::Digest& root,
                                     std::uint32_t chunk) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = catalogue_.find(owner, root);
  if (entry == nullptr || entry->incoming) return;
  entry->incoming.emplace(static_cast<std::uint32_t>(entry->manifest->chunks.size()));
  std::string journal;
  for (std::uint32_t each = 0; each < entry->incoming->size(); ++each) {
    if (entry->manifest->chunks[each] == entry->manifest->chunks[chunk]) continue;
    entry->incoming->add(each);
    journal += transfer::ChunkJournal::format_record(root, each);
  }
  // Should this fail, the next start believes the record and finds out again at the next read.
  static_cast<void>(write_durably(files_.make_temporary(), get_path(*entry, ".chunks"), journal));
  static_cast<void>(write_record(*entry));
}

core::Result<std::string> ContentStore::read(const std::string& owner, const crypto::Digest& root,
                                             transfer::ByteSpan span, core::Time now) {
  const auto manifest = parts_->start_reading(owner, root, now);
  if (!manifest) return manifest.error();
  const std::uint64_t size = (*manifest)->size;
  std::string bytes;
  if (span.offset >= size) return bytes;
  const std::uint64_t end = span.offset + std::min(span.length, size - span.offset);
  for (std::uint64_t at = span.offset; at < end;) {
    const auto chunk = static_cast<std::uint32_t>(at / (*manifest)->chunk_bytes);
    const transfer::ByteSpan whole = transfer::get_chunk_span(**manifest, chunk);
    const std::uint64_t length = std::min(end, whole.offset + whole.length) - at;
    const auto done = parts_->files_.read((*manifest)->chunks[chunk], at - whole.offset,
                                          static_cast<std::size_t>(length), bytes);
    if (!done) {
      const core::Reason reason = done.error().reason;
      const bool is_lost = reason == core::Reason::bad_digest || reason == core::Reason::not_found;
      if (is_lost) parts_->lose_chunk(owner, root, chunk);
      return done.error();
    }
    at += length;
  }
  return bytes;
}

core::Result<void> ContentStore::copy_to(const std::string& owner, const crypto::Digest& root,
                                         int file, core::Time now) {
  const auto manifest = parts_->start_reading(owner, root, now);
  if (!manifest) return manifest.error();
  for (std::uint32_t chunk = 0; chunk < (*manifest)->chunks.size(); ++chunk) {
    const std::uint64_t length = transfer::get_chunk_span(**manifest, chunk).length;
    const auto done = parts_->files_.copy_to((*manifest)->chunks[chunk], length, file);
    if (done) continue;
    const core::Reason reason = done.error().reason;
    const bool is_lost = reason == core::Reason::bad_digest || reason == core::Reason::not_found;
    if (is_lost) parts_->lose_chunk(owner, root, chunk);
    return done;
  }
  return {};
}

core::Result<DatasetInfo> ContentStore::set_pinned(const std::string& owner,
                                                   const crypto::Digest& root, bool is_pinned) {
  const std::lock_guard lock(parts_->mutex_);
  Entry* const entry = parts_->catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  if (entry->is_pinned != is_pinned) {
    entry->is_pinned = is_pinned;
    if (auto done = parts_->write_record(*entry); !done) {
      entry->is_pinned = !is_pinned;
      return done.error();
    }
  }
  return make_info(*entry);
}

core::Result<void> ContentStore::remove(const std::string& owner, const crypto::Digest& root) {
  const std::lock_guard lock(parts_->mutex_);
  const Entry* const entry = parts_->catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  if (!entry->leases.empty()) {
    return {core::Reason::in_use, transfer::format_dataset(root) + " by " + *entry->leases.begin()};
  }
  parts_->remove_entry(entry->number);
  return sync_folder(parts_->get_folder(owner));
}

core::Result<void> ContentStore::lease(const std::string& owner, const crypto::Digest& root,
                                       const std::string& holder) {
  const std::lock_guard lock(parts_->mutex_);
  Entry* const entry = parts_->catalogue_.find(owner, root);
  if (entry == nullptr) return make_not_found(root);
  entry->leases.insert(holder);
  return {};
}

void ContentStore::release(const std::string& holder) {
  const std::lock_guard lock(parts_->mutex_);
  for (auto& [number, entry] : parts_->catalogue_.entries()) entry.leases.erase(holder);
}

std::size_t ContentStore::sweep(core::Time now) {
  const std::lock_guard lock(parts_->mutex_);
  const auto expired =
      transfer::list_expired(parts_->catalogue_.list_items(), parts_->options_.rules, now);
  for (const std::uint64_t number : expired) parts_->remove_entry(number);
  return expired.size();
}

std::uint64_t ContentStore::used() const {
  const std::lock_guard lock(parts_->mutex_);
  return parts_->catalogue_.used();
}

}  // namespace intertie::transfer_wire
