// Drawing progress on stderr.
#include "session/progress.h"

#include <algorithm>

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
  if (!terminal_.wants_talk()) return;
  const core::Time now = read_clock();
  if (now - started_ < kSilentFor) return;
  const bool is_terminal = terminal_.talk_is_terminal();
  const bool is_first = told_ == started_;
  if (!is_first && now - told_ < (is_terminal ? kRedrawEvery : kLineEvery)) return;
  told_ = now;
  const std::uint64_t percent = all == 0 ? 100 : std::min(done, all) * 100 / all;
  std::string line = what_ + " ";
  if (is_terminal) line += render_bar(done, all, kBarColumns) + " ";
  line += std::to_string(percent) + "% " + std::string(detail);
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

}  // namespace intertie::cli
