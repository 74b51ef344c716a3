// A store in memory, for simulation and tests: the same promises, and a disk that can be cruel.
#pragma once

#include <cstddef>
#include <memory>

#include "intertie/core/result.h"
#include "intertie/storage/fail_point.h"
#include "intertie/storage/store.h"

namespace intertie::storage {

/// The disk under a MemoryStore. It outlives the store, as a disk outlives a process: to restart,
/// destroy the store, call crash() and open another one. Readers may be on other threads.
class MemoryDisk {
 public:
  explicit MemoryDisk(const Incarnation& incarnation);
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  /// Power fails. A batch whose append failed after its commit stays iff `keep_unacknowledged`:
  /// real disks do either. What a lying sync acknowledged is lost.
  void crash(bool keep_unacknowledged);

  /// From now on appends are acknowledged before they are durable, as by a disk that ignores
  /// flushes. Only to prove that a test would notice.
  void set_sync_lies(bool lies);

  /// The format version found when opening; a value above the program's is refused.
  void set_format_version(int version);

  /// Flips the lowest bit of one byte of what is stored, for tests of verification.
  void flip_head_byte(LogIndex index, std::size_t offset);
  void flip_body_byte(LogIndex index, std::size_t offset);
  void flip_chain_byte(LogIndex index, std::size_t offset);
  void flip_snapshot_byte(LogIndex index, std::size_t offset);

  struct Content;  // Private to the implementation.
  Content& content() { return *content_; }

 private:
  std::unique_ptr<Content> content_;
};

/// Opens the store on `disk`, which must outlive it. Refuses with version_too_new, or
/// store_unavailable while another Store on this disk is open.
core::Result<std::unique_ptr<Store>> open_memory_store(MemoryDisk& disk, FailHook fail_hook = {});

}  // namespace intertie::storage
