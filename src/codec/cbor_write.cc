#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "intertie/codec/cbor.h"

#include "cbor_format.h"
#include "utf8.h"
#include "values.h"

namespace intertie::codec {
namespace {

class CborWriter {
 public:
  void write(const Type& type, const void* object);

  std::string take() { return std::move(bytes_); }

 private:
  void head(Major major, std::uint64_t argument);
  void big_endian(std::uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) byte(value >> shift);
  }
  void byte(std::uint64_t value) { bytes_ += static_cast<char>(value & 0xff); }
  void write_integer(Integer integer) {
    if (integer.is_negative) return head(Major::negative_integer, ~integer.bits);
    head(Major::unsigned_integer, integer.bits);
  }
  void write_text(std::string_view text);
  void write_bytes(std::string_view bytes) {
    head(Major::byte_string, bytes.size());
    bytes_.append(bytes);
  }
  void write_real(double value);
  void write_list(const Type& type, const void* object);
  void write_map(const Type& type, const void* object);
  void write_structure(const Type& type, const void* object);

  std::string bytes_;
};

void CborWriter::head(Major major, std::uint64_t argument) {
  const auto type = static_cast<std::uint64_t>(major) << 5;
  if (argument < 24) return byte(type | argument);
  const int power = argument <= 0xff ? 0 : argument <= 0xffff ? 1 : argument <= 0xffffffff ? 2 : 3;
  byte(type | static_cast<std::uint64_t>(24 + power));
  big_endian(argument, 1 << power);
}

void CborWriter::write_text(std::string_view text) {
  std::string repaired;
  if (!is_utf8(text)) text = repaired = repair_utf8(text);
  head(Major::text_string, text.size());
  bytes_.append(text);
}

void CborWriter::write_real(double value) {
  if (const auto half = find_half(value)) {
    byte(kHalf);
    big_endian(*half, 2);
  } else if (is_single(value)) {
    byte(kSingle);
    big_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
  } else {
    byte(kDouble);
    big_endian(std::bit_cast<std::uint64_t>(value), 8);
  }
}

void CborWriter::write_list(const Type& type, const void* object) {
  const std::size_t count = type.count(object);
  const Type& inner = type.inner();
  head(Major::array, count);
  for (std::size_t index = 0; index < count; ++index) write(inner, type.element(object, index));
}

void CborWriter::write_map(const Type& type, const void* object) {
  // Repaired first: the order of the keys is the order of the bytes that are written. Two keys that
  // are repaired to the same text would make a document that nobody can read: the first one stays.
  using Entry = std::pair<std::string, const void*>;
  std::vector<Entry> entries;
  type.each(object, &entries, [](void* context, std::string_view key, const void* value) {
    static_cast<std::vector<Entry>*>(context)->emplace_back(repair_utf8(key), value);
  });
  // Deterministic order: by encoded key, so the shorter first (RFC 8949, section 4.2.1).
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
  });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [](const Entry& a, const Entry& b) { return a.first == b.first; }),
                entries.end());
  const Type& inner = type.inner();
  head(Major::map, entries.size());
  for (const auto& [key, value] : entries) {
    write_text(key);
    write(inner, value);
  }
}

void CborWriter::write_structure(const Type& type, const void* object) {
  const void* defaults = type.defaults();
  std::uint64_t present = 0;
  for (std::size_t index = 0; index < type.fields.size(); ++index) {
    const Field& field = type.fields[index];
    const bool is_default =
        !field.is_required && is_equal(field.type(), field.at(const_cast<void*>(object)),
                                       field.at(const_cast<void*>(defaults)));
    if (!is_default) present |= std::uint64_t{1} << index;
  }
  head(Major::map, static_cast<std::uint64_t>(std::popcount(present)));
  for (; present != 0; present &= present - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(present));
    const Field& field = type.fields[index];
    head(Major::unsigned_integer, index);
    write(field.type(), field.at(const_cast<void*>(object)));
  }
}

void CborWriter::write(const Type& type, const void* object) {
  switch (type.kind) {
    case Kind::boolean:
      return byte(*static_cast<const bool*>(object) ? kTrue : kFalse);
    case Kind::integer:
    case Kind::enumeration:
      return write_integer(load_integer(type, object));
    case Kind::real:
      return write_real(*static_cast<const double*>(object));
    case Kind::text:
      return write_text(*static_cast<const std::string*>(object));
    case Kind::bytes:
      return write_bytes({static_cast<const char*>(object), type.width});
    case Kind::byte_list: {
      const auto& bytes = *static_cast<const std::vector<std::uint8_t>*>(object);
      head(Major::byte_string, bytes.size());
      bytes_.append(bytes.begin(), bytes.end());
      return;
    }
    case Kind::quantity:
    case Kind::time:
      return write_integer(make_integer(load_count(object)));
    case Kind::rate: {
      const auto& rate = *static_cast<const core::Rate*>(object);
      head(Major::array, 2);
      head(Major::unsigned_integer, static_cast<std::uint64_t>(rate.precision));
      return write_integer(make_integer(rate.ops_per_second));
    }
    case Kind::reason:
      return write_text(core::reason_code(*static_cast<const core::Reason*>(object)));
    case Kind::written:
      if (type.to_binary != nullptr) return write_bytes(type.to_binary(object));
      return write_text(type.to_text(object));
    case Kind::optional:
      if (type.count(object) == 0) return byte(kNull);
      return write(type.inner(), type.element(object, 0));
    case Kind::list:
      return write_list(type, object);
    case Kind::map:
      return write_map(type, object);
    case Kind::structure:
      return write_structure(type, object);
    case Kind::choice: {
      const std::size_t index = type.count(object);
      head(Major::array, 2);
      head(Major::unsigned_integer, index);
      return write(type.alternatives[index](), type.element(object, 0));
    }
  }
}

}  // namespace

namespace detail {

std::string write_cbor(const Type& type, const void* object) {
  CborWriter writer;
  writer.write(type, object);
  return writer.take();
}

}  // namespace detail
}  // namespace intertie::codec
