// Appending to errors.log.
#include "session/error_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "command_line/help.h"
#include "session/clock.h"
#include "session/context.h"

namespace intertie::cli {
namespace {

constexpr off_t kLogBytesMax = 1 << 20;

}  // namespace

std::string log_unexpected_error(const Invocation& invocation, std::string_view what) {
  const std::string folder = get_data_home();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = folder + "/errors.log";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return {};
  struct stat status {};
  const bool is_long = ::fstat(file, &status) == 0 && status.st_size > kLogBytesMax;
  boost::json::array options;
  for (const auto& option : invocation.options) options.emplace_back(option.first);
  const boost::json::object line = {
      {"time", core::to_rfc3339(read_clock())},
      {"program", render_version()},
      {"verb", invocation.verb == nullptr ? "" : std::string(invocation.verb->path)},
      {"options", options},
      {"what", what}};
  const std::string text = boost::json::serialize(line) + "\n";
  const bool is_ready = !is_long || ::ftruncate(file, 0) == 0;
  const bool is_written =
      is_ready && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return is_written ? path : std::string();
}

}  // namespace intertie::cli
