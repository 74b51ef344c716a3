// What happens, told to those who listen: one reader of the log for all streams of events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/api/backend.h"
#include "intertie/api/request.h"
#include "intertie/core/result.h"
#include "intertie/hub/index_tables.h"

namespace intertie::api {

/// Who listens.
struct Listener {
  std::uint32_t principal = 0;
  bool hears_sites = false;      // Changes of sites' status.
  bool hears_everybody = false;  // Jobs of all owners.
  core::Time expires;            // Of the token.
};

/// Reads each durable record once for all listeners at the same place; one that resumes further
/// back catches up in turns, and holds up nobody. Nothing is buffered here: a stream whose reader
/// is too slow closes itself (net), and the reader comes back with the last number it has seen.
/// Any thread. Held by a shared pointer, because callbacks of the backend outlive it.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  explicit EventFeed(Backend& backend) : backend_(backend) {}

  /// Whether one more may listen: overloaded.
  core::Result<void> check_room(std::uint32_t principal);

  /// Tells what happened after this place of the log (nothing: after now) and goes on until the
  /// stream closes or the token expires.
  void listen(const Listener& listener, std::optional<storage::LogIndex> after,
              std::shared_ptr<Stream> stream);

 private:
  struct Place {
    Listener listener;
    std::shared_ptr<Stream> stream;
    storage::LogIndex read = 0;  // Told up to here.
    storage::LogIndex told = 0;  // The last number that the listener was given.
    bool is_gone = false;
  };
  using PlacePointer = std::shared_ptr<Place>;
  /// What a record says to listeners.
  struct News {
    storage::LogIndex index = 0;
    std::optional<std::uint32_t> owner;  // Absent: about a site.
    StreamEvent event;
  };
  struct Batch {
    std::vector<News> news;
    storage::LogIndex last = 0;
  };

  void remove(const Place* place);
  void wake();
  void pump();
  void rest(storage::LogIndex last);
  core::Result<Batch> read_batch(storage::LogIndex after);
  std::optional<News> make_news(const storage::HeadView& head);
  std::optional<std::uint32_t> find_owner(std::uint64_t job);
  std::string find_site(std::uint32_t site);
  std::optional<hub::Event> read_first_event(hub::Table table, std::uint64_t subject);
  void tell(Place& place, const Batch& batch, core::Time now);

  Backend& backend_;
  // Of the pumping thread; there is one at a time.
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> owners_;  // By job; a cache.
  boost::unordered_flat_map<std::uint32_t, std::string> sites_;

  std::mutex mutex_;  // Guards all below.
  std::vector<PlacePointer> places_;
  bool is_pumping_ = false;
  bool is_woken_ = false;
  bool is_watching_ = false;
};

}  // namespace intertie::api
