// The mapping, the lock and the fields.
#include "control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;

Result<ControlBlock*> map_block(int file) {
  void* const memory =
      ::mmap(nullptr, sizeof(ControlBlock), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return make_io_error("mmap of a control file", errno);
  // A fresh file is all zero, which is a valid state of every atomic word.
  return static_cast<ControlBlock*>(memory);
}

}  // namespace

void ControlFile::Unmap::operator()(ControlBlock* block) const {
  ::munmap(block, sizeof(ControlBlock));
}

ControlFile::ControlFile(Descriptor file, ControlBlock* block)
    : file_(std::move(file)), block_(block) {}

Result<ControlFile> ControlFile::create(int folder, const std::string& name) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  Descriptor file(::openat(folder, name.c_str(), flags, 0600));
  if (!file.is_open() && errno == EEXIST) return {Reason::already_exists, name};
  if (!file.is_open()) return make_io_error(name, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return make_io_error("flock", errno);
  // Allocated, not only made so long: on a full disk a hole in the mapping would kill who writes.
  if (const int error = ::posix_fallocate(file.get(), 0, sizeof(ControlBlock)); error != 0) {
    ::unlinkat(folder, name.c_str(), 0);
    return make_io_error(name, error);
  }
  const auto block = map_block(file.get());
  if (!block) return block.error();
  (*block)->lease_deadline = ControlBlock::kNoLease;
  (*block)->user = -1;
  (*block)->magic = ControlBlock::kMagic;
  return ControlFile(std::move(file), *block);
}

Result<ControlFile> ControlFile::open(int folder, const std::string& name) {
  Descriptor file(::openat(folder, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) return make_io_error(name, errno);
  return take(std::move(file));
}

Result<ControlFile> ControlFile::take(Descriptor file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return make_io_error("control file", errno);
  if (!S_ISREG(status.st_mode) || status.st_size < static_cast<off_t>(sizeof(ControlBlock))) {
    return {Reason::bad_syntax, "not a control file"};
  }
  const auto block = map_block(file.get());
  if (!block) return block.error();
  ControlFile control(std::move(file), *block);
  if (control.block().magic != ControlBlock::kMagic) {
    return {Reason::bad_syntax, "not a control file"};
  }
  return control;
}

bool ControlFile::is_meter_alive() const {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  ::flock(file_.get(), LOCK_UN);
  return false;
}

bool ControlFile::is_removed() const {
  struct stat status {};
  return ::fstat(file_.get(), &status) != 0 || status.st_nlink == 0;
}

void store_measured(ControlBlock& block, const execution::Measured& measured) {
  block.cpu_user = measured.cpu_user.count;
  block.cpu_system = measured.cpu_system.count;
  block.memory_peak = measured.memory_peak.count;
  block.bytes_written = measured.bytes_written.count;
  block.sources = static_cast<std::int64_t>(measured.cpu_source) |
                  (static_cast<std::int64_t>(measured.memory_source) << 8) |
                  (static_cast<std::int64_t>(measured.io_source) << 16);
}

execution::Measured load_measured(const ControlBlock& block) {
  const auto load_source = [sources = block.sources.load()](int shift) {
    const std::int64_t number = (sources >> shift) & 0xff;
    const auto last = static_cast<std::int64_t>(execution::MeterSource::rusage);
    return number > last ? execution::MeterSource::none
                         : static_cast<execution::MeterSource>(number);
  };
  execution::Measured measured;
  measured.cpu_user.count = block.cpu_user;
  measured.cpu_system.count = block.cpu_system;
  measured.memory_peak.count = block.memory_peak;
  measured.bytes_written.count = block.bytes_written;
  measured.cpu_source = load_source(0);
  measured.memory_source = load_source(8);
  measured.io_source = load_source(16);
  return measured;
}

}  // namespace intertie::execution_runners
