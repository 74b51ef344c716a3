// The service's log: one JSON object a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "intertie/core/result.h"

namespace intertie::service {

enum class LogLevel : std::uint8_t { info, warning, error };

/// A named value of a line. Never a secret: no tokens, keys, environments or command lines.
struct LogField {
  std::string_view name;
  std::variant<std::int64_t, std::string> value;

  LogField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
  LogField(std::string_view field, std::string_view text) : LogField(field, std::string(text)) {}
  LogField(std::string_view field, const char* text) : LogField(field, std::string(text)) {}
  LogField(std::string_view field, std::int64_t number) : name(field), value(number) {}
};

/// Any thread. Each line is one write(2) of
///   {"time":"<RFC 3339>","level":"info","component":"hub","event":"started",<fields>}
/// so lines of several processes in one file do not mix.
class Log {
 public:
  /// Appends to the file (mode 0600 if created); empty: standard error; "-": nowhere. io_failed.
  static core::Result<std::unique_ptr<Log>> open(const std::string& path);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(LogLevel level, std::string_view component, std::string_view event,
             std::initializer_list<LogField> fields = {});

 private:
  Log(int descriptor, bool is_owned) : descriptor_(descriptor), is_owned_(is_owned) {}

  const int descriptor_;  // -1: nowhere.
  const bool is_owned_;
};

/// "store_unavailable" with the error, or (null) "store_available".
void write_store_change(Log& log, std::string_view component, const core::Error* failure);

}  // namespace intertie::service
