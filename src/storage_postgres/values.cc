#include "values.h"

#include <utility>

namespace intertie::storage_postgres {
namespace {

void append_integer(std::string& to, std::uint64_t value, int length) {
  for (int shift = (length - 1) * 8; shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

}  // namespace

void Array::add(std::int64_t value) {
  append_integer(elements_, 8, 4);
  append_integer(elements_, static_cast<std::uint64_t>(value), 8);
  ++count_;
}

void Array::add(std::string_view bytes) {
  append_integer(elements_, bytes.size(), 4);
  elements_.append(bytes);
  ++count_;
}

void Array::add_null() {
  append_integer(elements_, 0xffffffff, 4);
  has_null_ = true;
  ++count_;
}

std::string Array::encode() const {
  std::string encoded;
  encoded.reserve(elements_.size() + 20);
  append_integer(encoded, count_ == 0 ? 0 : 1, 4);  // Dimensions.
  append_integer(encoded, has_null_ ? 1 : 0, 4);
  append_integer(encoded, static_cast<unsigned>(type_), 4);
  if (count_ == 0) return encoded;
  append_integer(encoded, count_, 4);
  append_integer(encoded, 1, 4);  // The first element's subscript.
  encoded += elements_;
  return encoded;
}

Values& Values::add(std::int64_t value) {
  std::string item;
  append_integer(item, static_cast<std::uint64_t>(value), 8);
  items_.push_back(std::move(item));
  return *this;
}

Values& Values::add(std::string bytes) {
  items_.push_back(std::move(bytes));
  return *this;
}

Values& Values::add(const crypto::Digest& digest) { return add(std::string(as_view(digest))); }

Values& Values::add_text(std::string text) { return add(std::move(text)); }

Values& Values::add(const Array& array) { return add(array.encode()); }

std::int64_t read_integer(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  if (bytes.size() == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

}  // namespace intertie::storage_postgres
