#include "event_feed.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include <boost/mp11/algorithm.hpp>

#include "intertie/api/event_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"

#include "fold_job.h"

namespace intertie::api {
namespace {

constexpr std::size_t kBatchRecords = 512;
constexpr std::size_t kOwnersKept = 65'536;
// A listener that hears nothing is told now and then how far the log is, so that it resumes there.
constexpr storage::LogIndex kTellPlaceEvery = 10'000;

template <class Event>
constexpr bool is_kind(std::uint16_t kind) {
  return kind == boost::mp11::mp_find<hub::Event::Kinds, Event>::value;
}

bool is_news(std::uint16_t kind) {
  return is_kind<hub::JobSubmitted>(kind) || is_kind<hub::AttemptChosen>(kind) ||
         is_kind<hub::AttemptBegan>(kind) || is_kind<hub::JobRequeued>(kind) ||
         is_kind<hub::JobEnded>(kind) || is_kind<hub::SiteRegistered>(kind) ||
         is_kind<hub::SiteStatusChanged>(kind);
}

struct PhaseTeller {
  JobEventView& view;

  bool operator()(const hub::JobSubmitted& event) const { return tell(event.job, Phase::waiting); }
  bool operator()(const hub::AttemptChosen& event) const { return tell(event.job, Phase::placed); }
  bool operator()(const hub::AttemptBegan& event) const { return tell(event.job, Phase::running); }
  bool operator()(const hub::JobRequeued& event) const { return tell(event.job, Phase::waiting); }
  bool operator()(const hub::JobEnded& event) const {
    view.outcome = event.outcome;
    return tell(event.job, Phase::ended);
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }

 private:
  bool tell(std::uint64_t job, Phase phase) const {
    view.job = job;
    view.phase = phase;
    return true;
  }
};

StreamEvent make_place_event(storage::LogIndex index) {
  return {std::to_string(index), "place", "{\"index\":" + std::to_string(index) + "}"};
}

}  // namespace

core::Result<void> EventFeed::check_room(std::uint32_t principal) {
  const std::lock_guard lock(mutex_);
  const auto own = std::ranges::count_if(
      places_, [&](const PlacePointer& place) { return place->listener.principal == principal; });
  if (places_.size() >= core::limits::event_streams_max ||
      static_cast<std::size_t>(own) >= core::limits::event_streams_per_principal_max) {
    return {core::Reason::overloaded, "too many streams of events are open"};
  }
  return {};
}

void EventFeed::listen(const Listener& listener, std::optional<storage::LogIndex> after,
                       std::shared_ptr<Stream> stream) {
  const auto last = backend_.reader().read_last();
  if (!last) return stream->close();
  auto place = std::make_shared<Place>();
  place->listener = listener;
  place->stream = stream;
  place->read = std::min(after.value_or(last->index), last->index);
  const storage::LogIndex oldest =
      last->index -
      std::min<storage::LogIndex>(last->index, core::limits::event_resume_records_max);
  if (place->read < oldest) {
    const EventGapView gap{place->read + 1, oldest};
    stream->send({std::to_string(oldest), "gap", codec::to_json(gap)});
    place->read = oldest;
  }
  place->told = place->read;
  stream->send(make_place_event(place->read));
  {
    const std::lock_guard lock(mutex_);
    places_.push_back(place);
  }
  stream->on_close([self = weak_from_this(), raw = place.get()] {
    if (const auto feed = self.lock()) feed->remove(raw);
  });
  wake();
}

void EventFeed::remove(const Place* place) {
  PlacePointer removed;  // Destroyed outside the lock.
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(places_, [&](const PlacePointer& one) { return one.get() == place; });
  if (found == places_.end()) return;
  removed = std::move(*found);
  places_.erase(found);
}

void EventFeed::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    if (is_pumping_ || places_.empty()) return;
    is_pumping_ = true;
  }
  backend_.run_aside([self = weak_from_this()] {
    if (const auto feed = self.lock()) feed->pump();
  });
}

// One batch for each place of the log at which somebody stands, then room for others' work.
void EventFeed::pump() {
  std::vector<PlacePointer> places;
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = false;
    places = places_;
  }
  const core::Time now = backend_.now();
  const auto last = backend_.reader().read_last();
  std::set<storage::LogIndex> starts;
  for (const PlacePointer& place : places) {
    if (!last) place->is_gone = true;
    if (last && place->read < last->index) starts.insert(place->read);
  }
  for (const storage::LogIndex start : starts) {
    const auto batch = read_batch(start);
    for (const PlacePointer& place : places) {
      if (place->read != start || place->is_gone) continue;
      if (batch) tell(*place, *batch, now);
      if (!batch) place->is_gone = true;
    }
  }
  bool is_behind = false;
  for (const PlacePointer& place : places) {
    if (place->is_gone) {
      place->stream->close();
      remove(place.get());
    } else {
      is_behind = is_behind || (last && place->read < last->index);
    }
  }
  if (!is_behind) return rest(last ? last->index : 0);
  backend_.run_aside([self = weak_from_this()] {
    if (const auto feed = self.lock()) feed->pump();
  });
}

void EventFeed::rest(storage::LogIndex last) {
  bool goes_on = false;
  bool watches = false;
  {
    const std::lock_guard lock(mutex_);
    is_pumping_ = false;
    goes_on = is_woken_;
    watches = !places_.empty() && !is_watching_;
    is_watching_ = is_watching_ || watches;
  }
  if (watches) {
    backend_.watch_log(last, [self = weak_from_this()] {
      const auto feed = self.lock();
      if (!feed) return;
      {
        const std::lock_guard lock(feed->mutex_);
        feed->is_watching_ = false;
      }
      feed->wake();
    });
  }
  if (goes_on) wake();
}

core::Result<EventFeed::Batch> EventFeed::read_batch(storage::LogIndex after) {
  Batch batch;
  batch.last = after;
  // Owners are looked up after the visit, which must not use the reader.
  struct Kept {
    storage::LogIndex index = 0;
    core::Time time;
    std::uint16_t kind = 0;
    std::uint16_t version = 0;
    std::string head;
  };
  std::vector<Kept> kept;
  const auto seen =
      backend_.reader().read_heads(after + 1, kBatchRecords, [&](const storage::HeadView& head) {
        batch.last = head.index;
        if (is_news(head.kind)) {
          kept.push_back({head.index, head.time, head.kind, head.version, std::string(head.head)});
        }
        return true;
      });
  if (!seen) return seen.error();
  for (const Kept& one : kept) {
    storage::HeadView head{};
    head.index = one.index;
    head.time = one.time;
    head.kind = one.kind;
    head.version = one.version;
    head.head = one.head;
    if (auto news = make_news(head)) batch.news.push_back(std::move(*news));
  }
  return batch;
}

std::optional<EventFeed::News> EventFeed::make_news(const storage::HeadView& head) {
  const auto event = hub::HubMachine::decode(head.kind, head.version, head.head);
  if (!event) return std::nullopt;
  News news;
  news.index = head.index;
  news.event.id = std::to_string(head.index);
  if (const auto* registered = std::get_if<hub::SiteRegistered>(&*event)) {
    sites_[registered->site.handle.index] = registered->site.name;
    return std::nullopt;
  }
  if (const auto* changed = std::get_if<hub::SiteStatusChanged>(&*event)) {
    const SiteEventView view{find_site(changed->site),
                             changed->status,
                             changed->is_drained.value_or(false),
                             changed->why,
                             head.time,
                             head.index};
    news.event.name = "site";
    news.event.data = codec::to_json(view);
    return news;
  }
  JobEventView view;
  view.at = head.time;
  view.index = head.index;
  if (!std::visit(PhaseTeller{view}, *event)) return std::nullopt;
  if (const auto* submitted = std::get_if<hub::JobSubmitted>(&*event)) {
    if (owners_.size() >= kOwnersKept) owners_.clear();
    owners_[view.job] = submitted->owner;
  }
  news.owner = find_owner(view.job);
  if (!news.owner) return std::nullopt;
  if (view.phase == Phase::ended) owners_.erase(view.job);
  news.event.name = "job";
  news.event.data = codec::to_json(view);
  return news;
}

std::optional<std::uint32_t> EventFeed::find_owner(std::uint64_t job) {
  const auto known = owners_.find(job);
  if (known != owners_.end()) return known->second;
  const auto event = read_first_event(hub::Table::job_events, job);
  if (!event) return std::nullopt;
  const auto* submitted = std::get_if<hub::JobSubmitted>(&*event);
  if (submitted == nullptr) return std::nullopt;
  if (owners_.size() >= kOwnersKept) owners_.clear();
  owners_[job] = submitted->owner;
  return submitted->owner;
}

std::string EventFeed::find_site(std::uint32_t site) {
  const auto known = sites_.find(site);
  if (known != sites_.end()) return known->second;
  const auto event = read_first_event(hub::Table::site_events, site);
  const auto* registered = event ? std::get_if<hub::SiteRegistered>(&*event) : nullptr;
  if (registered == nullptr) return {};
  sites_[site] = registered->site.name;
  return registered->site.name;
}

std::optional<hub::Event> EventFeed::read_first_event(hub::Table table, std::uint64_t subject) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(table);
  scan.prefix = hub::encode_number(subject);
  scan.limit = 1;
  const auto rows = backend_.reader().scan_index(scan);
  if (!rows || rows->empty()) return std::nullopt;
  core::Time time;
  auto event = decode_event(rows->front().value, time);
  if (!event) return std::nullopt;
  return std::move(*event);
}

void EventFeed::tell(Place& place, const Batch& batch, core::Time now) {
  place.read = batch.last;
  if (now >= place.listener.expires) {
    place.is_gone = true;
    return;
  }
  for (const News& news : batch.news) {
    const Listener& listener = place.listener;
    const bool is_heard = news.owner ? listener.hears_everybody || *news.owner == listener.principal
                                     : listener.hears_sites;
    if (!is_heard) continue;
    place.told = news.index;
    if (!place.stream->send(news.event)) {
      place.is_gone = true;
      return;
    }
  }
  if (place.read - place.told < kTellPlaceEvery) return;
  place.told = place.read;
  if (!place.stream->send(make_place_event(place.read))) place.is_gone = true;
}

}  // namespace intertie::api
