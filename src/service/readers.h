// One reader of the store for each thread that asks.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "intertie/storage/store.h"

namespace intertie::service {

/// Readers are connections of their own and belong to one thread at a time; the threads of the
/// service are few and live as long as it does. Any thread.
class Readers {
 public:
  /// `store` outlives this object.
  explicit Readers(storage::Store& store);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// The calling thread's own. If none can be opened: one whose calls all refuse.
  storage::Reader& get();

 private:
  storage::Store& store_;
  const std::unique_ptr<storage::Reader> refusing_;
  std::mutex mutex_;
  std::map<std::thread::id, std::unique_ptr<storage::Reader>> readers_;
};

}  // namespace intertie::service
