// Parameters in PostgreSQL's binary format (manual, section 34.3.1; array layout: array_recv).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/crypto/digest.h"

namespace intertie::storage_postgres {

/// Type numbers of pg_type.
enum class Type : unsigned { boolean = 16, bytes = 17, int8 = 20, int4 = 23, text = 25 };

/// One array parameter, built element by element; elements are int8 or bytes.
class Array {
 public:
  explicit Array(Type type) : type_(type) {}

  void add(std::int64_t value);
  void add(std::string_view bytes);
  void add_null();

  Type type() const { return type_; }
  /// The finished parameter.
  std::string encode() const;

 private:
  Type type_;
  std::string elements_;
  std::uint32_t count_ = 0;
  bool has_null_ = false;
};

/// The parameters of one call, in order.
class Values {
 public:
  Values& add(std::int64_t value);
  Values& add(std::string bytes);
  Values& add(const crypto::Digest& digest);
  Values& add_text(std::string text);
  Values& add(const Array& array);

  const std::vector<std::string>& items() const { return items_; }

 private:
  std::vector<std::string> items_;
};

inline std::string_view as_view(const crypto::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

/// An int4 or int8 as the server sends it: most significant byte first.
std::int64_t read_integer(std::string_view bytes);

}  // namespace intertie::storage_postgres
