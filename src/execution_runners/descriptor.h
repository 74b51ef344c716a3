// A file descriptor with one owner, and the few file operations the runners need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::execution_runners {

/// Owns one descriptor; -1 is none. Every descriptor the runners open is close-on-exec.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }
  void reset(int number = -1);

 private:
  int number_ = -1;
};

/// io_failed with "what: text of errno".
core::Error make_io_error(std::string_view what, int error_number);
/// "what: text of errno" alone.
std::string describe_error(std::string_view what, int error_number);

/// Reads a whole file of at most `bytes_max`; `folder` may be AT_FDCWD. Pseudo-files work as well.
core::Result<std::string> read_file(int folder, const std::string& path, std::size_t bytes_max);
/// Reads the rest of an open file from offset 0.
core::Result<std::string> read_descriptor(int descriptor, std::size_t bytes_max);
/// Writes all or fails.
core::Result<void> write_all(int descriptor, std::string_view bytes);
/// Writes a control file of the kernel (cgroup, /proc) with one write.
core::Result<void> write_control(int folder, const std::string& path, std::string_view text);
/// Replaces a file so that no process ever sees half of it: temporary file, rename. Mode 0600. It
/// outlives every process; power loss it survives if `is_synced`, or once sync_file has returned.
core::Result<void> write_file_whole(int folder, const std::string& name, std::string_view bytes,
                                    bool is_synced = false);
/// Brings a file's content to the disk; its name follows with a sync of its folder.
core::Result<void> sync_file(int folder, const std::string& name);

/// An integer from the beginning of `text` (leading blanks allowed), or `otherwise`.
std::int64_t parse_count(std::string_view text, std::int64_t otherwise);
/// The count behind "name " on its own line ("user_usec 12"), or `otherwise`.
std::int64_t find_count(std::string_view text, std::string_view name, std::int64_t otherwise);

/// Closes everything but `kept` (any order, -1 ignored). Used in fresh children.
void close_all_but(std::initializer_list<int> kept);
void close_all_but(std::span<const int> kept);

}  // namespace intertie::execution_runners
