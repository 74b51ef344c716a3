// Drawing progress on stderr.
#include "session/progress.h"

#include <algorithm>
#include <chrono>

#include "output/for_people.h"
#include "output/width.h"
#include "session/serving.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kSilentFor = core::seconds(2);
constexpr core::Duration kRedrawEvery = core::milliseconds(100);
constexpr core::Duration kLineEvery = core::seconds(10);
constexpr std::size_t kBarColumns = 30;
constexpr std::size_t kLineColumns = 79;

}  // namespace

Progress::Progress(const Terminal& terminal, std::string what)
    : terminal_(terminal), what_(std::move(what)), started_(read_clock()), told_(started_) {}

Progress::~Progress() { finish(); }

void Progress::update(std::uint64_t done, std::uint64_t all, std::string_view detail) {
  if (!terminal_.wants_talk() || terminal_.is_json()) return;
  const core::Time now = read_clock();
  if (now - started_ < kSilentFor) return;
  const bool is_terminal = terminal_.talk_is_terminal();
  const bool is_first = told_ == started_;
  if (!is_first && now - told_ < (is_terminal ? kRedrawEvery : kLineEvery)) return;
  told_ = now;
  std::string line = what_ + " ";
  if (is_terminal && all > 0) line += render_bar(done, all, kBarColumns) + " ";
  if (all > 0) line += std::to_string(std::min(done, all) * 100 / all) + "% ";
  line += detail;
  if (!is_terminal) {
    terminal_.write_talk(line + "\n");
    return;
  }
  terminal_.write_talk("\r\x1b[K" + fit_width(line, kLineColumns));
  is_drawn_ = true;
}

void Progress::update_bytes(std::uint64_t done, std::uint64_t all) {
  const core::Duration age = read_clock() - started_;
  const std::uint64_t millis =
      static_cast<std::uint64_t>(std::max<std::int64_t>(age.count / 1'000, 1));
  const std::uint64_t rate = done * 1'000 / millis;
  std::string detail = short_bytes({static_cast<std::int64_t>(done)}) + " of " +
                       short_bytes({static_cast<std::int64_t>(all)}) + ", " +
                       short_bytes({static_cast<std::int64_t>(rate)}) + "/s";
  if (rate > 0 && all > done) {
    detail += ", " + short_duration(core::seconds(static_cast<std::int64_t>((all - done) / rate))) +
              " left";
  }
  update(done, all, detail);
}

void Progress::finish() {
  if (is_drawn_) terminal_.write_talk("\r\x1b[K");
  is_drawn_ = false;
}

ProgressThread::ProgressThread(const Terminal& terminal, std::string what,
                               std::function<WorkSeen()> look)
    : look_(std::move(look)),
      thread_([this, &terminal, what = std::move(what)] { watch(terminal, what); }) {}

ProgressThread::~ProgressThread() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ProgressThread::watch(const Terminal& terminal, const std::string& what) {
  Progress progress(terminal, what);
  std::unique_lock lock(mutex_);
  const auto pause = std::chrono::microseconds(kRedrawEvery.count);
  while (!changed_.wait_for(lock, pause, [this] { return is_over_; })) {
    const WorkSeen seen = look_();
    if (seen.is_bytes) {
      progress.update_bytes(seen.done, seen.all);
    } else {
      progress.update(seen.done, seen.all, seen.detail);
    }
  }
}

std::function<WorkSeen()> look_at_time(core::Duration expected) {
  return [expected, start = read_clock()] {
    const core::Duration age = read_clock() - start;
    const std::int64_t shown =
        std::clamp<std::int64_t>(age.count, 0, expected.count - expected.count / 100);
    return WorkSeen{static_cast<std::uint64_t>(shown), static_cast<std::uint64_t>(expected.count),
                    short_duration(age) + " of about " + short_duration(expected), false};
  };
}

std::function<WorkSeen()> look_at_age() {
  return [start = read_clock()] {
    return WorkSeen{0, 0, "for " + short_duration(read_clock() - start), false};
  };
}

}  // namespace intertie::cli
