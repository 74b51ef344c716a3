// Files, with every error as a value.
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace intertie::execution_runners {

using core::Reason;
using core::Result;

void Descriptor::reset(int number) {
  if (number_ >= 0) ::close(number_);
  number_ = number;
}

std::string describe_error(std::string_view what, int error_number) {
  char buffer[128] = {};
  return std::string(what) + ": " + ::strerror_r(error_number, buffer, sizeof(buffer));
}

core::Error make_io_error(std::string_view what, int error_number) {
  return {Reason::io_failed, describe_error(what, error_number)};
}

Result<std::string> read_descriptor(int descriptor, std::size_t bytes_max) {
  std::string content;
  char buffer[16'384];
  while (true) {
    const ssize_t count =
        ::pread(descriptor, buffer, sizeof(buffer), static_cast<off_t>(content.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error("read", errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) return {Reason::too_large, "file"};
  }
}

Result<std::string> read_file(int folder, const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) return make_io_error(path, errno);
  return read_descriptor(file.get(), bytes_max);
}

Result<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_control(int folder, const std::string& path, std::string_view text) {
  const Descriptor file(::openat(folder, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return make_io_error(path, errno);
  if (::write(file.get(), text.data(), text.size()) < 0) return make_io_error(path, errno);
  return {};
}

Result<void> write_file_whole(int folder, const std::string& name, std::string_view bytes,
                              bool is_synced) {
  const std::string temporary = name + ".new";
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  const Descriptor file(::openat(folder, temporary.c_str(), flags, 0600));
  if (!file.is_open()) return make_io_error(temporary, errno);
  if (auto written = write_all(file.get(), bytes); !written) return written;
  if (is_synced && ::fdatasync(file.get()) != 0) return make_io_error(temporary, errno);
  if (::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) {
    return make_io_error(name, errno);
  }
  return {};
}

Result<void> sync_file(int folder, const std::string& name) {
  const Descriptor file(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open() || ::fdatasync(file.get()) != 0) return make_io_error(name, errno);
  return {};
}

std::int64_t parse_count(std::string_view text, std::int64_t otherwise) {
  const std::size_t start = text.find_first_not_of(" \t\n");
  if (start == std::string_view::npos) return otherwise;
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + start, end, count);
  return error == std::errc{} && stop != text.data() + start ? count : otherwise;
}

std::int64_t find_count(std::string_view text, std::string_view name, std::int64_t otherwise) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.size() > name.size() && line.starts_with(name) &&
        (line[name.size()] == ' ' || line[name.size()] == '\t')) {
      return parse_count(line.substr(name.size() + 1), otherwise);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return otherwise;
}

void close_all_but(std::initializer_list<int> kept) {
  close_all_but(std::span<const int>(kept.begin(), kept.size()));
}

void close_all_but(std::span<const int> kept) {
  std::vector<unsigned> sorted;
  for (const int number : kept) {
    if (number >= 0) sorted.push_back(static_cast<unsigned>(number));
  }
  std::ranges::sort(sorted);
  unsigned first = 0;
  for (const unsigned number : sorted) {
    if (number > first) ::syscall(SYS_close_range, first, number - 1, 0);
    first = number + 1;
  }
  ::syscall(SYS_close_range, first, ~0u, 0);
}

}  // namespace intertie::execution_runners
