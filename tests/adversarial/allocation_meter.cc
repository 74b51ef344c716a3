#include "allocation_meter.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> now_bytes{0};
std::atomic<std::size_t> peak_bytes{0};

void* take(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  const std::size_t usable = ::malloc_usable_size(memory);
  const std::size_t now = now_bytes.fetch_add(usable) + usable;
  std::size_t peak = peak_bytes.load();
  while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
  }
  return memory;
}

void give(void* memory) noexcept {
  if (memory == nullptr) return;
  now_bytes.fetch_sub(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// The replaceable forms that all others call.
void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }

namespace intertie::adversarial {

std::size_t get_allocated_bytes() { return now_bytes.load(); }
std::size_t get_peak_bytes() { return peak_bytes.load(); }
void reset_peak() { peak_bytes.store(now_bytes.load()); }

}  // namespace intertie::adversarial
