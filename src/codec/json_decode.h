// From a tree to objects, for JSON and YAML alike (private to codec).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json/value.hpp>

#include "intertie/codec/json.h"

#include "fault.h"

namespace intertie::codec {

/// In a tree made from YAML an unquoted scalar is a string that starts with this byte, which UTF-8
/// never contains: what it means is decided by the type of the field. Quoted ones have no mark.
inline constexpr char kPlainMark = '\xff';

enum class Notation : std::uint8_t { json, yaml };

class TreeDecoder {
 public:
  /// `memory`: how many bytes what is decoded may take beside the object itself.
  TreeDecoder(Boundary boundary, Notation notation,
              std::size_t memory = core::limits::decoded_bytes_max)
      : boundary_(boundary), notation_(notation), memory_left_(memory) {}

  /// Fills a value-initialised object. False leaves the reason in fault().
  bool decode(const Type& type, const boost::json::value& value, void* object);

  const Fault& fault() const { return fault_; }

 private:
  using Value = boost::json::value;

  bool decode_boolean(const Value& value, void* object);
  bool decode_integer(const Type& type, const Value& value, void* object);
  bool decode_real(const Value& value, void* object);
  bool decode_text(const Value& value, void* object);
  bool decode_bytes(const Type& type, const Value& value, void* object);
  bool decode_byte_list(const Value& value, void* object);
  bool decode_enumeration(const Type& type, const Value& value, void* object);
  bool decode_quantity(const Type& type, const Value& value, void* object);
  bool decode_time(const Value& value, void* object);
  bool decode_rate(const Value& value, void* object);
  bool decode_reason(const Value& value, void* object);
  bool decode_written(const Type& type, const Value& value, void* object);
  bool decode_list(const Type& type, const Value& value, void* object);
  bool decode_map(const Type& type, const Value& value, void* object);
  bool decode_choice(const Type& type, const Value& value, void* object);
  bool decode_structure(const Type& type, const Value& value, void* object);
  bool decode_present(const Type& type, const Value& value, void* object);
  bool check_must_understand(const Type& type, const boost::json::object& fields);

  bool null_is_absent() const {
    return boundary_ == Boundary::tolerant || notation_ == Notation::yaml;
  }
  // The text of an unquoted YAML scalar.
  std::optional<std::string_view> find_plain(const Value& value) const;
  // The text of any scalar that may stand for one.
  std::optional<std::string_view> find_text(const Value& value) const;
  bool refuse(std::string_view expected, const Value& value);
  bool refuse(const core::Error& error) { return fault_.set(error.reason, error.detail); }
  bool take_memory(std::size_t bytes);
  bool take_text(std::string_view text);

  Boundary boundary_;
  Notation notation_;
  std::size_t memory_left_;
  Fault fault_;
};

}  // namespace intertie::codec
