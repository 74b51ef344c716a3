// An owned file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace intertie::service {

class SiteDescriptor {
 public:
  SiteDescriptor() = default;
  explicit SiteDescriptor(int number) : number_(number) {}
  ~SiteDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  SiteDescriptor(SiteDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  SiteDescriptor& operator=(SiteDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  SiteDescriptor(const SiteDescriptor&) = delete;
  SiteDescriptor& operator=(const SiteDescriptor&) = delete;

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

}  // namespace intertie::service
