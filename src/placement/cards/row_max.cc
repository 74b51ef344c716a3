// One function in two versions; the only file with instructions beyond the baseline.
#include "cards/row_max.h"

#include <cassert>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define INTERTIE_HAS_AVX2_VERSION 1
#endif

namespace intertie::placement::cards {

RowMax find_row_max_portable(const std::uint16_t* row, std::size_t length) {
  assert(length > 0 && length % row_block == 0);
  RowMax best{row[0], 0};
  for (std::size_t i = 1; i < length; ++i) {
    if (row[i] > best.value) best = {row[i], static_cast<std::uint32_t>(i)};
  }
  return best;
}

#ifdef INTERTIE_HAS_AVX2_VERSION
namespace {

__attribute__((target("avx2"))) RowMax find_row_max_avx2(const std::uint16_t* row,
                                                         std::size_t length) {
  assert(length > 0 && length % row_block == 0);
  const auto load = [row](std::size_t i) __attribute__((target("avx2"))) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + i));
  };
  __m256i a = _mm256_setzero_si256();
  __m256i b = a;
  __m256i c = a;
  __m256i d = a;
  for (std::size_t i = 0; i < length; i += row_block) {
    a = _mm256_max_epu16(a, load(i));
    b = _mm256_max_epu16(b, load(i + 16));
    c = _mm256_max_epu16(c, load(i + 32));
    d = _mm256_max_epu16(d, load(i + 48));
  }
  a = _mm256_max_epu16(_mm256_max_epu16(a, b), _mm256_max_epu16(c, d));
  const __m128i eight = _mm_max_epu16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  // The instruction finds the least of eight, so the complement's.
  const __m128i ones = _mm_set1_epi16(-1);
  const int least = _mm_cvtsi128_si32(_mm_minpos_epu16(_mm_xor_si128(eight, ones)));
  const auto value = static_cast<std::uint16_t>(~static_cast<unsigned>(least));
  const __m256i wanted = _mm256_set1_epi16(static_cast<short>(value));
  for (std::size_t i = 0;; i += 16) {
    const int equal = _mm256_movemask_epi8(_mm256_cmpeq_epi16(load(i), wanted));
    if (equal == 0) continue;
    const int bit = __builtin_ctz(static_cast<unsigned>(equal));
    return {value, static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(bit) / 2};
  }
}

}  // namespace

FindRowMax choose_row_max(bool allow_simd) {
  return allow_simd && __builtin_cpu_supports("avx2") ? find_row_max_avx2 : find_row_max_portable;
}
#else
FindRowMax choose_row_max(bool) { return find_row_max_portable; }
#endif

}  // namespace intertie::placement::cards
