#include "disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "arithmetic.h"
#include "load.h"

namespace intertie::measurement_probes {

using measurement::Figure;
using measurement::Measure;

namespace {

constexpr std::int64_t block_bytes = std::int64_t{1} << 20;
constexpr std::size_t direct_alignment = 4096;

core::Error make_error(const std::string& what, const std::filesystem::path& folder) {
  return {core::Reason::io_failed, "disk: " + what + " in " + folder.string() + ": " +
                                       std::error_code(errno, std::generic_category()).message()};
}

std::int64_t read_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// An open file without a name, and one aligned block of bytes that do not compress.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path folder) : folder_(std::move(folder)) {
    bytes_ = allocate_aligned(2 * block_bytes + static_cast<std::int64_t>(direct_alignment));
    void* start = bytes_.get();
    std::size_t space = static_cast<std::size_t>(2 * block_bytes) + direct_alignment;
    out_ = static_cast<std::uint64_t*>(
        std::align(direct_alignment, static_cast<std::size_t>(2 * block_bytes), start, space));
    in_ = out_ + block_bytes / 8;
    std::uint64_t x = 1;
    for (std::int64_t i = 0; i < block_bytes / 8; ++i) {
      x = x * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator.
      out_[i] = x ^ (x >> 29);
    }
  }
  ~Scratch() {
    if (file_ >= 0) ::close(file_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  core::Result<void> open() {
    file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0 && !make_named()) return make_error("create a file", folder_);
    is_direct_ = try_direct(true);
    return {};
  }

  bool is_direct() const { return is_direct_; }

  core::Result<void> write(std::int64_t blocks) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      out_[0] = static_cast<std::uint64_t>(block);
      if (!write_block(block)) return make_error("write", folder_);
    }
    if (::fdatasync(file_) != 0) return make_error("fdatasync", folder_);
    if (!is_direct_) ::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED);
    return {};
  }

  core::Result<void> read(std::int64_t blocks) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      out_[0] = static_cast<std::uint64_t>(block);
      if (!read_block(block)) return make_error("read", folder_);
      if (std::memcmp(in_, out_, static_cast<std::size_t>(block_bytes)) != 0) {
        return {core::Reason::internal, "disk: other bytes came back than were written"};
      }
    }
    return {};
  }

 private:
  /// For file systems that know no nameless files.
  bool make_named() {
    std::string name = (folder_ / "intertie-measure-XXXXXX").string();
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    return file_ >= 0 && ::unlink(name.c_str()) == 0;
  }

  bool try_direct(bool is_on) const {
    const int flags = ::fcntl(file_, F_GETFL);
    return flags >= 0 && ::fcntl(file_, F_SETFL, is_on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
  }

  /// Some file systems accept the flag and refuse the first transfer: go on without it then.
  bool fall_back() {
    if (!is_direct_ || errno != EINVAL || !try_direct(false)) return false;
    is_direct_ = false;
    return true;
  }

  bool write_block(std::int64_t block) {
    std::int64_t done = 0;
    while (done < block_bytes) {
      const ssize_t wrote =
          ::pwrite(file_, reinterpret_cast<const char*>(out_) + done,
                   static_cast<std::size_t>(block_bytes - done), block * block_bytes + done);
      if (wrote > 0) {
        done += wrote;
      } else if (wrote == 0) {
        errno = ENOSPC;
        return false;
      } else if (errno != EINTR && !fall_back()) {
        return false;
      }
    }
    return true;
  }

  bool read_block(std::int64_t block) {
    std::int64_t done = 0;
    while (done < block_bytes) {
      const ssize_t got =
          ::pread(file_, reinterpret_cast<char*>(in_) + done,
                  static_cast<std::size_t>(block_bytes - done), block * block_bytes + done);
      if (got > 0) {
        done += got;
      } else if (got == 0) {
        errno = EIO;
        return false;
      } else if (errno != EINTR && !fall_back()) {
        return false;
      }
    }
    return true;
  }

  std::filesystem::path folder_;
  AlignedBytes bytes_;
  std::uint64_t* out_ = nullptr;
  std::uint64_t* in_ = nullptr;
  int file_ = -1;
  bool is_direct_ = false;
};

Figure make_figure(Measure what, const Scratch& scratch, std::vector<std::int64_t> rates) {
  Figure figure;
  figure.what = what;
  figure.unit = measurement::Unit::bytes_per_second;
  figure.kernel = std::string("intertie sequential ") +
                  (what == Measure::disk_write ? "write and fdatasync, " : "read, ") +
                  (scratch.is_direct() ? "direct" : "through the page cache");
  figure.repeats = static_cast<std::int64_t>(rates.size());
  figure.wall_clock = compute_spread(std::move(rates));
  return figure;
}

/// How many blocks take about `length`, judged by the time one block took.
std::int64_t choose_blocks(std::int64_t nanoseconds_of_one, const DiskPlan& plan) {
  const std::int64_t wanted =
      plan.length.count * 1000 / std::max<std::int64_t>(nanoseconds_of_one, 1);
  const std::int64_t most = std::max<std::int64_t>(plan.size_max.count / block_bytes, 1);
  return std::clamp<std::int64_t>(wanted, 1, most);
}

}  // namespace

core::Result<std::vector<Figure>> measure_disk(const DiskPlan& plan) {
  Scratch scratch(plan.folder);
  if (auto opened = scratch.open(); !opened) return opened.error();

  // Four blocks to warm up and to learn the speed.
  constexpr std::int64_t trial_blocks = 4;
  const std::int64_t trial_started = read_now();
  if (auto trial = scratch.write(trial_blocks); !trial) return trial.error();
  const std::int64_t blocks = choose_blocks((read_now() - trial_started) / trial_blocks, plan);

  std::vector<std::int64_t> write_rates;
  std::vector<std::int64_t> read_rates;
  for (int repeat = 0; repeat < plan.repeats; ++repeat) {
    const std::int64_t started = read_now();
    if (auto wrote = scratch.write(blocks); !wrote) return wrote.error();
    const std::int64_t written = read_now();
    if (auto got = scratch.read(blocks); !got) return got.error();
    const std::int64_t ended = read_now();
    write_rates.push_back(compute_rate(blocks * block_bytes, written - started));
    read_rates.push_back(compute_rate(blocks * block_bytes, ended - written));
  }
  return std::vector<Figure>{make_figure(Measure::disk_write, scratch, std::move(write_rates)),
                             make_figure(Measure::disk_read, scratch, std::move(read_rates))};
}

}  // namespace intertie::measurement_probes
