#include "log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "intertie/codec/json.h"

#include "clock.h"

namespace intertie::service {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

void add_text(std::string& line, std::string_view name, std::string_view value) {
  line += line.empty() ? '{' : ',';
  line += codec::to_json(std::string(name));
  line += ':';
  line += codec::to_json(std::string(value));
}

}  // namespace

core::Result<std::unique_ptr<Log>> Log::open(const std::string& path) {
  if (path.empty()) return std::unique_ptr<Log>(new Log(STDERR_FILENO, false));
  if (path == "-") return std::unique_ptr<Log>(new Log(-1, false));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return core::Error{core::Reason::io_failed, path + ": " + std::strerror(errno)};
  }
  return std::unique_ptr<Log>(new Log(descriptor, true));
}

Log::~Log() {
  if (is_owned_) ::close(descriptor_);
}

void Log::write(LogLevel level, std::string_view component, std::string_view event,
                std::initializer_list<LogField> fields) {
  if (descriptor_ < 0) return;
  std::string line;
  add_text(line, "time", core::to_rfc3339(read_clock()));
  add_text(line, "level", level_name(level));
  add_text(line, "component", component);
  add_text(line, "event", event);
  for (const LogField& field : fields) {
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      add_text(line, field.name, *text);
    } else {
      line += ',';
      line += codec::to_json(std::string(field.name));
      line += ':';
      line += std::to_string(std::get<std::int64_t>(field.value));
    }
  }
  line += "}\n";
  // A log that cannot be written stops nothing.
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

void write_store_change(Log& log, std::string_view component, const core::Error* failure) {
  if (failure == nullptr) return log.write(LogLevel::info, component, "store_available");
  log.write(LogLevel::error, component, "store_unavailable", {{"error", core::to_text(*failure)}});
}

}  // namespace intertie::service
