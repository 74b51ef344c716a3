#include "json_parse.h"

#include <charconv>
#include <cmath>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>

#include "intertie/codec/json.h"

#include "fault.h"

namespace intertie::codec {
namespace {

namespace json = boost::json;

// Builds the tree from the events of Boost's parser. Boost's own builder keeps the last of two
// equal keys, and its doubles may be off by one unit in the last place (1.81); this one refuses the
// former and reads the latter again, exactly.
class JsonTreeBuilder {
 public:
  // Required by basic_parser; our limits are checked as the values arrive.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  JsonTreeBuilder(ParseLimits limits, const json::storage_ptr& storage)
      : limits_(limits), storage_(storage), root_(storage) {}

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) { return open(json::object(storage_), error); }
  bool on_object_end(std::size_t, json::error_code&) { return close(); }
  bool on_array_begin(json::error_code& error) { return open(json::array(storage_), error); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }

  bool on_key_part(json::string_view part, std::size_t total, json::error_code& error) {
    return append_text(part, total, error);
  }
  bool on_key(json::string_view part, std::size_t total, json::error_code& error) {
    if (!append_text(part, total, error)) return false;
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t total, json::error_code& error) {
    return append_text(part, total, error);
  }
  bool on_string(json::string_view part, std::size_t total, json::error_code& error) {
    if (!append_text(part, total, error)) return false;
    const bool is_placed = place(json::string(text_, storage_), error) != nullptr;
    text_.clear();
    return is_placed;
  }

  bool on_number_part(json::string_view part, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, json::error_code& error) {
    text_.clear();
    return place(value, error) != nullptr;
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code& error) {
    text_.clear();
    return place(value, error) != nullptr;
  }
  bool on_double(double approximate, json::string_view part, json::error_code& error) {
    text_.append(part.data(), part.size());
    double value = 0;
    const auto [end, result] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    const bool is_tiny = std::fabs(approximate) < 1;  // Below the smallest double: zero.
    if (result == std::errc::result_out_of_range && !is_tiny) {
      return fail(core::Reason::out_of_range, "the number is too large", error);
    }
    text_.clear();
    return place(value, error) != nullptr;
  }
  bool on_bool(bool value, json::error_code& error) { return place(value, error) != nullptr; }
  bool on_null(json::error_code& error) { return place(nullptr, error) != nullptr; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value take_root() { return std::move(root_); }

  // Set if one of the functions above refused.
  const std::vector<core::Error>& errors() const { return errors_; }

 private:
  struct Open {
    json::value* container = nullptr;  // Stable: a parent does not change while a child is open.
    std::string key;  // Of the value that comes next, if the container is an object.
  };

  bool fail(core::Reason reason, std::string message, json::error_code& error) {
    Fault fault{reason, std::move(message), {}};
    for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
      if (open->container->is_object()) {
        fault.within(open->key);
      } else {
        const std::size_t size = open->container->get_array().size();
        fault.within(open == open_.rbegin() || size == 0 ? size : size - 1);
      }
    }
    errors_.push_back(to_error(fault));
    error = json::error::input_error;  // Any error stops the parser; ours is in errors_.
    return false;
  }

  bool append_text(json::string_view part, std::size_t total, json::error_code& error) {
    if (total > limits_.text_bytes) {
      return fail(core::Reason::too_large,
                  "a text longer than " + std::to_string(limits_.text_bytes) + " bytes", error);
    }
    text_.append(part.data(), part.size());
    return true;
  }

  json::value* place(json::value value, json::error_code& error) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json::value& container = *open_.back().container;
    const std::size_t size =
        container.is_object() ? container.get_object().size() : container.get_array().size();
    if (size >= limits_.list_length) {
      fail(core::Reason::too_large,
           "more than " + std::to_string(limits_.list_length) + " elements", error);
      return nullptr;
    }
    if (container.is_array()) return &container.get_array().emplace_back(std::move(value));
    const auto [entry, is_new] = container.get_object().emplace(open_.back().key, std::move(value));
    if (is_new) return &entry->value();
    fail(core::Reason::duplicate_field, "given twice", error);
    return nullptr;
  }

  bool open(json::value value, json::error_code& error) {
    json::value* placed = place(std::move(value), error);
    if (placed == nullptr) return false;
    open_.push_back({placed, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  ParseLimits limits_;
  json::storage_ptr storage_;
  json::value root_;
  std::vector<Open> open_;
  std::string text_;  // Of the key, string or number that is being read.
  std::vector<core::Error> errors_;
};

std::string describe_place(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, offset)) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

core::Result<json::value> parse(std::string_view text, ParseLimits limits,
                                const json::storage_ptr& storage) {
  if (text.size() > limits.bytes) {
    return {core::Reason::too_large,
            "a document longer than " + std::to_string(limits.bytes) + " bytes"};
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<JsonTreeBuilder> parser(options, limits, storage);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().errors().empty()) {
    core::Error own = parser.handler().errors().front();
    own.detail.insert(0, describe_place(text, read));
    return own;
  }
  if (error == json::error::too_deep) {
    return {core::Reason::too_deep,
            describe_place(text, read) + "more than " + std::to_string(limits.depth) + " levels"};
  }
  if (error) return {core::Reason::bad_syntax, describe_place(text, read) + error.message()};
  const std::size_t rest = text.find_first_not_of(" \t\r\n", read);
  if (rest != std::string_view::npos) {
    return {core::Reason::bad_syntax, describe_place(text, rest) + "text after the document"};
  }
  return parser.handler().take_root();
}

}  // namespace

core::Result<json::value> parse_json_within(std::string_view text, ParseLimits limits,
                                            json::storage_ptr storage) {
  try {
    return parse(text, limits, storage);
  } catch (const std::exception& failure) {  // Out of memory, or beyond a size Boost can count.
    return {core::Reason::too_large, failure.what()};
  }
}

core::Result<json::value> parse_json(std::string_view text, std::size_t bytes_max) {
  ParseLimits limits;
  limits.bytes = bytes_max;
  return parse_json_within(text, limits);
}

}  // namespace intertie::codec
