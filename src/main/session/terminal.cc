// Writing to the standard streams.
#include "session/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <boost/json/serialize.hpp>

#include "output/complaint.h"
#include "output/json_text.h"

namespace intertie::cli {
namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// How wide a table may be: as the terminal is, or COLUMNS says; a file or pipe has no width.
std::size_t read_columns() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1) return kUnlimitedColumns;
  const char* const wish = std::getenv("COLUMNS");
  const long wished = wish == nullptr ? 0 : std::strtol(wish, nullptr, 10);
  if (wished > 0) return static_cast<std::size_t>(wished);
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUnlimitedColumns;
}

Format parse_format(std::string_view text, Format otherwise) {
  if (text == "table") return Format::table;
  if (text == "json") return Format::json;
  if (text == "jsonl") return Format::jsonl;
  if (text == "csv") return Format::csv;
  return otherwise;
}

}  // namespace

Terminal::Terminal(const Invocation& invocation) {
  look_at_streams(invocation.get("color", "auto"));
  const Format plain = result_is_terminal_ ? Format::table : Format::tabs;
  format_ = parse_format(invocation.get("output", ""), plain);
  is_quiet_ = invocation.has("quiet");
}

Terminal Terminal::from_words(std::span<const std::string> words) {
  Terminal terminal;
  terminal.look_at_streams("auto");
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    std::string value;
    if ((word == "-o" || word == "--output") && i + 1 < words.size()) value = words[i + 1];
    if (word.starts_with("--output=")) value = word.substr(9);
    if (word.starts_with("-o") && word.size() > 2) value = word.substr(2);
    if (!value.empty()) terminal.format_ = parse_format(value, Format::table);
  }
  return terminal;
}

void Terminal::look_at_streams(std::string_view color) {
  result_is_terminal_ = ::isatty(STDOUT_FILENO) == 1;
  talk_is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  const char* const term = std::getenv("TERM");
  const bool is_dumb = term != nullptr && std::string_view(term) == "dumb";
  const bool may = color == "auto" && !is_set("NO_COLOR") && !is_dumb;
  columns_ = read_columns();
  result_color_ = color == "always" || (may && result_is_terminal_);
  error_color_ = color == "always" || (may && talk_is_terminal_);
}

bool Terminal::write_result(std::string_view text) const {
  if (write_all(STDOUT_FILENO, text)) return true;
  // Whoever closed the pipe (`| head`) wants no more; anything else is a loss to tell of.
  if (errno == EPIPE) return false;
  const core::Error error{core::Reason::io_failed,
                          std::string("standard output: ") + std::strerror(errno)};
  write_talk(render_complaint(make_complaint(error, "Write it somewhere else."), error_color_));
  return false;
}

void Terminal::write_talk(std::string_view text) const { write_all(STDERR_FILENO, text); }

void Terminal::say(std::string_view line) const {
  if (!is_quiet_) write_talk(std::string(line) + "\n");
}

int Terminal::show(const Listing& listing, const boost::json::value& objects,
                   std::string_view empty) const {
  std::string text;
  if (is_quiet_) {
    text = render_identifiers(listing);
  } else if (format_ == Format::json) {
    text = pretty_json(objects) + "\n";
  } else if (format_ == Format::jsonl) {
    for (const boost::json::value& object : objects.as_array()) {
      text += boost::json::serialize(object) + "\n";
    }
  } else if (format_ == Format::csv) {
    text = render_csv(listing);
  } else if (format_ == Format::tabs) {
    text = render_tabs(listing);
  } else {
    text = render_table(listing, empty, columns_);
  }
  return write_result(text) ? kDone : kFailed;
}

int Terminal::show_object(const boost::json::value& object, std::string_view text,
                          std::string_view identifier) const {
  if (is_quiet_) return write_result(std::string(identifier) + "\n") ? kDone : kFailed;
  if (format_ == Format::json) return write_result(pretty_json(object) + "\n") ? kDone : kFailed;
  if (format_ == Format::jsonl) {
    return write_result(boost::json::serialize(object) + "\n") ? kDone : kFailed;
  }
  if (format_ == Format::csv)
    return write_result(render_csv(flatten_json(object))) ? kDone : kFailed;
  return write_result(text) ? kDone : kFailed;
}

std::string Terminal::bold(std::string_view text) const {
  if (!result_color_) return std::string(text);
  return "\x1b[1m" + std::string(text) + "\x1b[0m";
}

std::string Terminal::paint(std::string_view text, std::string_view color) const {
  if (!result_color_) return std::string(text);
  const std::string_view code = color == "green"    ? "32"
                                : color == "red"    ? "31"
                                : color == "yellow" ? "33"
                                                    : "0";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace intertie::cli
