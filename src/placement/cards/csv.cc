// Reading CSV strictly: what is odd is refused with its line.
#include "cards/csv.h"

#include <algorithm>
#include <charconv>

namespace intertie::placement::cards {

core::Error CsvReader::make_error(core::Reason reason, std::string_view text) const {
  std::string detail(file_);
  detail += ':';
  detail += std::to_string(line_);
  detail += ": ";
  detail += text;
  return {reason, std::move(detail)};
}

core::Result<void> CsvReader::split(std::string_view line) {
  fields_.clear();
  std::size_t at = 0;
  while (true) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) return make_error(core::Reason::bad_syntax, "a quote is not closed");
        if (line[at] != '"') {
          field += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          field += line[++at];
        } else {
          break;
        }
      }
      ++at;
      if (at < line.size() && line[at] != ',') {
        return make_error(core::Reason::bad_syntax, "text after a closing quote");
      }
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      field = line.substr(at, end - at);
      if (field.find('"') != std::string::npos) {
        return make_error(core::Reason::bad_syntax, "a quote inside a field without quotes");
      }
      at = end;
    }
    fields_.push_back(std::move(field));
    if (at >= line.size()) return {};
    ++at;  // The comma.
  }
}

core::Result<bool> CsvReader::read_line() {
  while (at_ < text_.size()) {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const core::Result<void> split_done = split(line);
    if (!split_done) return split_done.error();
    if (width_ != 0 && fields_.size() != width_) {
      return make_error(core::Reason::bad_syntax, std::to_string(fields_.size()) +
                                                      " fields where the first line has " +
                                                      std::to_string(width_));
    }
    return true;
  }
  return false;
}

core::Result<void> CsvReader::read_header(std::vector<std::string_view> required,
                                          std::vector<std::string_view> optional) {
  const core::Result<bool> line = read_line();
  if (!line) return line.error();
  if (!*line) {
    line_ = 1;
    return make_error(core::Reason::bad_syntax, "the file is empty; its first line names columns");
  }
  width_ = fields_.size();
  const std::size_t needed = required.size();
  required.insert(required.end(), optional.begin(), optional.end());
  for (std::size_t i = 0; i < required.size(); ++i) {
    const std::string name(required[i]);
    const auto count = std::ranges::count(fields_, name);
    if (count > 1) {
      return make_error(core::Reason::duplicate_field, "the column " + name + " stands twice");
    }
    if (count == 0 && i < needed) {
      return make_error(core::Reason::missing_field, "there is no column " + name);
    }
    names_.push_back(name);
    places_.emplace_back(count == 0 ? std::nullopt
                                    : std::optional<std::size_t>(static_cast<std::size_t>(
                                          std::ranges::find(fields_, name) - fields_.begin())));
  }
  return {};
}

std::string_view CsvReader::field(std::size_t column) const {
  return places_[column] ? std::string_view(fields_[*places_[column]]) : std::string_view{};
}

core::Result<std::int32_t> CsvReader::read_number(std::size_t column, std::int32_t max) const {
  const std::string_view text = field(column);
  std::int32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || number < 0 || number > max) {
    return make_error(core::Reason::bad_field, names_[column] + " is '" + std::string(text) +
                                                   "': expected a whole number, 0.." +
                                                   std::to_string(max));
  }
  return number;
}

}  // namespace intertie::placement::cards
