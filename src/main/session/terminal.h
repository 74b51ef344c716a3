// Where results and talk go: results to stdout in the form asked for, talk to stderr.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "command_line/parse.h"
#include "output/listing.h"

namespace intertie::cli {

enum class Format : std::uint8_t { table, tabs, json, jsonl, csv };

/// What is known of the two output streams and of the wishes about them. Cheap; one thread.
class Terminal {
 public:
  explicit Terminal(const Invocation& invocation);
  /// For a command line that could not be read: only its --output counts.
  static Terminal from_words(std::span<const std::string> words);

  Format format() const { return format_; }
  bool is_json() const { return format_ == Format::json || format_ == Format::jsonl; }
  bool is_quiet() const { return is_quiet_; }
  bool result_is_terminal() const { return result_is_terminal_; }
  bool talk_is_terminal() const { return talk_is_terminal_; }
  bool result_color() const { return result_color_; }
  bool error_color() const { return error_color_; }
  /// Progress and hints are wanted.
  bool wants_talk() const { return !is_quiet_; }

  /// Columns that a table may take; kUnlimitedColumns where nothing has a width.
  std::size_t columns() const { return columns_; }

  /// The whole text to stdout. False if it could not be written; says why, except that a pipe was
  /// closed.
  bool write_result(std::string_view text) const;
  /// To stderr; failures are ignored.
  void write_talk(std::string_view text) const;
  /// The same, unless --quiet.
  void say(std::string_view line) const;

  /// Writes a result in the form that was asked for; `objects` are the rows as JSON. `empty` says
  /// what a table without rows means.
  int show(const Listing& listing, const boost::json::value& objects, std::string_view empty) const;
  /// One object: `text` for people, the object itself for -o json, jsonl; csv as `listing`.
  int show_object(const boost::json::value& object, std::string_view text,
                  std::string_view identifier) const;

  /// Bold, if colours are on.
  std::string bold(std::string_view text) const;
  /// "green", "red", "yellow", or as it is.
  std::string paint(std::string_view text, std::string_view color) const;

 private:
  Terminal() = default;
  void look_at_streams(std::string_view color);

  Format format_ = Format::table;
  std::size_t columns_ = kUnlimitedColumns;
  bool is_quiet_ = false;
  bool result_is_terminal_ = false;
  bool talk_is_terminal_ = false;
  bool result_color_ = false;
  bool error_color_ = false;
};

}  // namespace intertie::cli
