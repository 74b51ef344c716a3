// The link to the hub: rows both ways, heartbeats, and answers about files (site-channel.md).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "intertie/api/site_views.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/channel.h"
#include "intertie/net/http_client.h"

#include "site_context.h"

namespace intertie::service {

/// Four threads with a connection each, so that a slow one delays no other: the stream of the hub's
/// rows, our rows, heartbeats, answers. A break of any of them is retried with growing pauses.
class SiteUplink {
 public:
  struct Hooks {
    /// A lease counted from the sending of the heartbeat, in boot time.
    std::function<void(const agent::AttemptId& attempt, core::Time until_boot)> on_lease;
    /// A heartbeat was answered: a start may have become allowed.
    std::function<void()> on_answer;
    /// The hub asks for a version of the site's record.
    std::function<void()> on_record_due;
  };

  /// `context` outlives this object.
  SiteUplink(const SiteContext& context, Hooks hooks);
  /// stop().
  ~SiteUplink();
  SiteUplink(const SiteUplink&) = delete;
  SiteUplink& operator=(const SiteUplink&) = delete;

  void start();
  /// Interrupts what waits and joins the threads. Before the engine stops.
  void stop();

  /// Something became durable: there may be rows to send. Any thread, cheap.
  void wake();

  /// The channel is open, as far as this side knows.
  bool is_open() const { return is_open_.load(); }
  /// When the last heartbeat that was answered was sent; boot time; nothing before the first.
  std::optional<core::Time> answered_at() const;
  /// Blocks until the link is open, a heartbeat was answered and no row of ours is unacknowledged.
  bool wait_until_settled(core::Duration timeout);

 private:
  struct OwnRows;

  void run_stream();
  core::Result<std::uint64_t> open_channel(net::HttpClient& client);
  core::Result<void> accept_hello(const engine::ChannelHello& hub);
  core::Result<void> follow_stream(net::HttpClient& client, std::uint64_t after);
  core::Result<void> take_row(const std::string& data);
  void take_ask(const std::string& data);

  void run_sender();
  core::Result<void> send_rows(net::HttpClient& client);

  void run_beats();
  core::Result<void> send_beat(net::HttpClient& client);

  void run_answers();
  void answer(net::HttpClient& client, const api::AskData& ask);

  net::HttpClient& make_client(core::Duration timeout);
  void close_channel(const core::Error& error);
  bool pause(core::Duration duration);
  void tell(const char* what, const core::Error& error);

  const SiteContext& context_;
  const Hooks hooks_;
  std::string incarnation_;

  std::atomic<bool> is_open_{false};
  std::atomic<bool> is_reopening_{false};
  std::atomic<std::int64_t> answered_micros_{-1};
  std::atomic<std::uint64_t> sequence_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool has_rows_ = true;
  bool is_settled_ = false;
  std::uint64_t told_received_ = 0;  // The last acknowledgement that the hub has taken.
  std::deque<api::AskData> asks_;
  std::vector<std::unique_ptr<net::HttpClient>> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace intertie::service
