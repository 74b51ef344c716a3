// Indenting and flattening of JSON trees.
#include "output/json_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace intertie::cli {
namespace {

void append_pretty(const boost::json::value& value, std::size_t depth, std::string& text) {
  const std::string indent(2 * (depth + 1), ' ');
  const std::string end = "\n" + std::string(2 * depth, ' ');
  if (const boost::json::object* const object = value.if_object(); object && !object->empty()) {
    std::string separator = "{\n";
    for (const auto& [name, member] : *object) {
      text += separator + indent + boost::json::serialize(boost::json::string(name)) + ": ";
      append_pretty(member, depth + 1, text);
      separator = ",\n";
    }
    text += end + "}";
  } else if (const boost::json::array* const array = value.if_array(); array && !array->empty()) {
    std::string separator = "[\n";
    for (const boost::json::value& member : *array) {
      text += separator + indent;
      append_pretty(member, depth + 1, text);
      separator = ",\n";
    }
    text += end + "]";
  } else {
    text += boost::json::serialize(value);
  }
}

void append_flat(const boost::json::value& value, const std::string& path, Listing& listing) {
  if (const boost::json::object* const object = value.if_object(); object != nullptr) {
    for (const auto& [name, member] : *object) {
      append_flat(member, path.empty() ? std::string(name) : path + "." + std::string(name),
                  listing);
    }
  } else if (const boost::json::array* const array = value.if_array(); array != nullptr) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      append_flat((*array)[i], path + "[" + std::to_string(i) + "]", listing);
    }
  } else {
    const boost::json::string* const string = value.if_string();
    const std::string text =
        string != nullptr ? std::string(*string) : boost::json::serialize(value);
    listing.rows.push_back({Cell(path), Cell(text)});
  }
}

}  // namespace

std::string pretty_json(const boost::json::value& value) {
  std::string text;
  append_pretty(value, 0, text);
  return text;
}

Listing flatten_json(const boost::json::value& value) {
  Listing listing;
  listing.columns = {{"field", "FIELD"}, {"value", "VALUE"}};
  append_flat(value, "", listing);
  return listing;
}

}  // namespace intertie::cli
