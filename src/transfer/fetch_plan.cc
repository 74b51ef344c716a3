// The plan of a fetch.
#include "intertie/transfer/fetch_plan.h"

#include <algorithm>
#include <cassert>

namespace intertie::transfer {

FetchPlan::FetchPlan(const Manifest& manifest, const ChunkJournal& journal, std::uint32_t sources,
                     FetchRules rules)
    : manifest_(manifest), rules_(rules), chunks_(manifest.chunks.size()), sources_(sources) {
  assert(journal.size() == chunks_.size());
  for (std::uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (!journal.has(chunk)) {
      missing_.insert(chunk);
      continue;
    }
    chunks_[chunk].state = ChunkState::verified;
    ++verified_;
    bytes_verified_ += get_chunk_span(manifest_, chunk).length;
  }
  if (sources == 0 && !is_done()) failure_ = core::Error{core::Reason::not_found, "no source"};
}

bool FetchPlan::can_ask(const Source& source, core::Time now) const {
  return !source.is_dropped && source.in_flight < rules_.in_flight_per_source_max &&
         source.rests_until <= now;
}

// The source whose bytes are kept, if it can go on; else the one with the least under way.
std::optional<std::uint32_t> FetchPlan::choose_source(const Chunk& chunk, core::Time now) const {
  if (chunk.kept > 0 && can_ask(sources_[chunk.source], now)) return chunk.source;
  std::optional<std::uint32_t> best;
  for (std::uint32_t each = 0; each < sources_.size(); ++each) {
    if (!can_ask(sources_[each], now) || chunk.wrong_sources.contains(each)) continue;
    if (!best || sources_[each].in_flight < sources_[*best].in_flight) best = each;
  }
  return best;
}

std::optional<FetchOrder> FetchPlan::start_next(core::Time now) {
  if (failure_ || in_flight_ >= rules_.in_flight_max) return std::nullopt;
  for (const std::uint32_t number : missing_) {
    Chunk& chunk = chunks_[number];
    const auto source = choose_source(chunk, now);
    if (!source) continue;
    if (*source != chunk.source) {
      bytes_wasted_ += chunk.kept;
      chunk.kept = 0;
    }
    chunk.source = *source;
    chunk.state = ChunkState::in_flight;
    missing_.erase(number);
    ++in_flight_;
    ++sources_[*source].in_flight;
    watches_[number] = {now, 0};
    const ByteSpan span = get_chunk_span(manifest_, number);
    assert(chunk.kept <= span.length);
    return FetchOrder{
        number, *source, {span.offset + chunk.kept, span.length - chunk.kept}, chunk.kept};
  }
  return std::nullopt;
}

void FetchPlan::note_bytes(std::uint32_t chunk, std::uint64_t bytes, core::Time now) {
  Chunk& each = chunks_[chunk];
  assert(each.state == ChunkState::in_flight);
  each.kept += bytes;
  assert(each.kept <= get_chunk_span(manifest_, chunk).length);
  if (bytes > 0) sources_[each.source].failures = 0;
  bytes_since_ += bytes;
  if (bytes_since_ >= manifest_.chunk_bytes) {
    bytes_since_ = 0;
    failures_ = 0;
  }
  Watch& watch = watches_.at(chunk);
  watch.window_bytes += static_cast<std::int64_t>(bytes);
  if (now - watch.window_start < rules_.rate_window) return;
  const std::int64_t seconds = rules_.rate_window.count / 1'000'000;
  // A window that was fast enough is followed by a new one; a slow one stays, to be listed.
  if (watch.window_bytes >= rules_.bytes_per_second_min * seconds) watch = {now, 0};
}

void FetchPlan::release(std::uint32_t chunk) {
  assert(chunks_[chunk].state == ChunkState::in_flight);
  --in_flight_;
  --sources_[chunks_[chunk].source].in_flight;
  watches_.erase(chunk);
  chunks_[chunk].state = ChunkState::missing;
  missing_.insert(chunk);
}

void FetchPlan::end_verified(std::uint32_t chunk) {
  release(chunk);
  missing_.erase(chunk);
  chunks_[chunk].state = ChunkState::verified;
  ++verified_;
  bytes_verified_ += get_chunk_span(manifest_, chunk).length;
  failures_ = 0;
}

void FetchPlan::end_wrong(std::uint32_t chunk, core::Time now) {
  release(chunk);
  Chunk& each = chunks_[chunk];
  Source& source = sources_[each.source];
  bytes_wasted_ += each.kept;
  each.kept = 0;
  each.wrong_sources.insert(each.source);
  source.last_error =
      core::Error{core::Reason::bad_digest, "chunk " + std::to_string(chunk) + " as it was sent"};
  if (++source.wrong_chunks >= kWrongChunksMax) return drop_source(each.source, *source.last_error);
  rest(source, now);
  check_hope(chunk);
}

void FetchPlan::end_failed(std::uint32_t chunk, const core::Error& error, bool are_bytes_lost,
                           core::Time now) {
  release(chunk);
  Chunk& each = chunks_[chunk];
  if (are_bytes_lost) {
    bytes_wasted_ += each.kept;
    each.kept = 0;
  }
  Source& source = sources_[each.source];
  source.last_error = error;
  const bool is_counted = rest(source, now);
  if (is_counted && ++failures_ >= rules_.failures_max && !failure_) failure_ = error;
  const bool is_slow = error.reason == core::Reason::timed_out;
  if (is_slow && ++slow_ >= rules_.slow_max && !failure_) failure_ = error;
  check_hope(chunk);
}

// False: it rests already. One cut ends all orders of a source, and counts once.
bool FetchPlan::rest(Source& source, core::Time now) const {
  if (source.rests_until > now) return false;
  core::Duration pause = rules_.backoff_first;
  for (std::uint32_t i = 0; i < source.failures && pause < rules_.backoff_max; ++i) {
    pause = std::min(pause + pause, rules_.backoff_max);
  }
  ++source.failures;
  source.rests_until = now + pause;
  return true;
}

void FetchPlan::drop_source(std::uint32_t source, const core::Error& error) {
  sources_[source].is_dropped = true;
  sources_[source].last_error = error;
  for (const std::uint32_t chunk : missing_) check_hope(chunk);
}

void FetchPlan::check_hope(std::uint32_t chunk) {
  if (failure_) return;
  std::optional<core::Error> why;
  for (std::uint32_t each = 0; each < sources_.size(); ++each) {
    if (!sources_[each].is_dropped && !chunks_[chunk].wrong_sources.contains(each)) return;
    if (sources_[each].last_error) why = sources_[each].last_error;
  }
  failure_ = why.value_or(core::Error{core::Reason::not_found, "no source"});
}

std::vector<std::uint32_t> FetchPlan::list_slow(core::Time now) const {
  std::vector<std::uint32_t> slow;
  const std::int64_t least = rules_.bytes_per_second_min * (rules_.rate_window.count / 1'000'000);
  for (const auto& [chunk, watch] : watches_) {
    if (now - watch.window_start >= rules_.rate_window && watch.window_bytes < least) {
      slow.push_back(chunk);
    }
  }
  return slow;
}

core::Time FetchPlan::get_next_wake(core::Time now) const {
  core::Time wake = core::kNever;
  for (const auto& [chunk, watch] : watches_) {
    wake = std::min(wake, watch.window_start + rules_.rate_window);
  }
  if (missing_.empty() || failure_) return std::max(wake, now);
  for (const Source& source : sources_) {
    if (!source.is_dropped && source.rests_until > now) wake = std::min(wake, source.rests_until);
  }
  return std::max(wake, now);
}

}  // namespace intertie::transfer
