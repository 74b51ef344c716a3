#include "site_uplink.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/secret.h"
#include "intertie/execution/site_messages.h"

#include "backoff.h"
#include "channel_requests.h"
#include "site_clock.h"

namespace intertie::service {
namespace {

constexpr std::size_t kAsksMax = 1'000;
// In base64url it must stay a text that every reader of JSON here accepts.
constexpr std::uint64_t kPieceBytesMax = 128u << 10;
constexpr core::Duration kBeatTimeout = core::seconds(6);
constexpr core::Duration kStreamPoll = core::seconds(1);

core::Result<std::string> decode_bytes(const boost::json::object& object, std::string_view name) {
  const boost::json::value* found = object.if_contains(name);
  if (found == nullptr) return std::string();
  if (!found->is_string()) return {core::Reason::bad_field, std::string(name)};
  const boost::json::string& text = found->get_string();
  const auto bytes = crypto::decode_base64url({text.data(), text.size()});
  if (!bytes) return bytes.error();
  return std::string(crypto::as_text(*bytes));
}

/// Read by hand: an attachment (a job document) may be longer than the codec admits a text to be.
core::Result<agent::HubRow> read_row(const std::string& data) {
  boost::json::error_code failed;
  const boost::json::value value = boost::json::parse(data, failed);
  if (failed || !value.is_object()) return {core::Reason::bad_syntax, "event row"};
  const boost::json::object& object = value.get_object();
  agent::HubRow row;
  const boost::json::value* number = object.if_contains("number");
  if (number == nullptr || !(number->is_int64() || number->is_uint64())) {
    return {core::Reason::bad_field, "event row: number"};
  }
  row.number = number->to_number<std::uint64_t>(failed);
  if (failed) return {core::Reason::bad_field, "event row: number"};
  auto payload = decode_bytes(object, "payload");
  if (!payload) return payload.error();
  auto attachment = decode_bytes(object, "attachment");
  if (!attachment) return attachment.error();
  row.payload = std::move(*payload);
  row.attachment = std::move(*attachment);
  return row;
}

}  // namespace

/// Our rows that the hub has not acknowledged, and what we have of its own.
struct SiteUplink::OwnRows {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // Of all, not only of those here.
  std::vector<std::string> payloads;
  std::uint64_t received = 0;
};

SiteUplink::SiteUplink(const SiteContext& context, Hooks hooks)
    : context_(context),
      hooks_(std::move(hooks)),
      incarnation_(crypto::encode_hex(context.store.incarnation())) {}

SiteUplink::~SiteUplink() { stop(); }

void SiteUplink::start() {
  threads_.emplace_back([this] { run_stream(); });
  threads_.emplace_back([this] { run_sender(); });
  threads_.emplace_back([this] { run_beats(); });
  threads_.emplace_back([this] { run_answers(); });
}

void SiteUplink::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const auto& client : clients_) client->interrupt();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void SiteUplink::wake() {
  const std::lock_guard lock(mutex_);
  has_rows_ = true;
  is_settled_ = false;
  changed_.notify_all();
}

std::optional<core::Time> SiteUplink::answered_at() const {
  const std::int64_t micros = answered_micros_.load();
  if (micros < 0) return std::nullopt;
  return core::Time{micros};
}

bool SiteUplink::wait_until_settled(core::Duration timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::microseconds(timeout.count),
                           [this] { return is_open_ && is_settled_ && answered_micros_ >= 0; });
}

net::HttpClient& SiteUplink::make_client(core::Duration timeout) {
  const std::lock_guard lock(mutex_);
  clients_.push_back(std::make_unique<net::HttpClient>(context_.clients.make_client(timeout)));
  if (is_stopping_) clients_.back()->interrupt();
  return *clients_.back();
}

bool SiteUplink::pause(core::Duration duration) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(duration.count),
                    [this] { return is_stopping_; });
  return !is_stopping_;
}

void SiteUplink::tell(const char* what, const core::Error& error) {
  if (error.reason == core::Reason::stopping) return;
  context_.log.write(LogLevel::warning, "site", what, {{"error", core::to_text(error)}});
}

void SiteUplink::close_channel(const core::Error& error) {
  if (is_open_.exchange(false)) tell("channel_closed", error);
}

void SiteUplink::run_stream() {
  net::HttpClient& client = make_client(core::limits::request_timeout);
  Backoff backoff;
  core::Reason told = core::Reason::internal;
  while (true) {
    core::Result<void> outcome;
    auto after = open_channel(client);
    if (after) {
      told = core::Reason::internal;
      backoff.reset();
      outcome = follow_stream(client, *after);
    } else {
      outcome = after.error();
    }
    core::Duration wait = backoff.take();
    if (!outcome) {
      close_channel(outcome.error());
      if (outcome.error().reason != told) tell("channel_not_open", outcome.error());
      told = outcome.error().reason;
      if (told == core::Reason::channel_diverged) wait = kDivergedPause;
    }
    if (!pause(wait)) return;
  }
}

core::Result<std::uint64_t> SiteUplink::open_channel(net::HttpClient& client) {
  const auto hello = read_durable<engine::ChannelHello>(
      context_.engine, [this](const agent::AgentMachine& machine) {
        const agent::State& state = machine.state();
        return engine::ChannelHello{incarnation_, state.outbox.last_number(),
                                    crypto::to_text(state.outbox.last_hash()), state.inbox.received,
                                    crypto::to_text(state.inbox.hash)};
      });
  if (!hello) return hello.error();
  context_.fail_points.pass(ServicePoint::open_before_send);
  const auto text = post_json(client, "/site/v1/open", codec::to_json(*hello));
  if (!text) return text.error();
  context_.fail_points.pass(ServicePoint::open_after_send);
  const auto hub = codec::from_json<engine::ChannelHello>(*text, codec::Boundary::tolerant);
  if (!hub) return hub.error();
  if (auto accepted = accept_hello(*hub); !accepted) return accepted.error();
  {
    const std::lock_guard lock(mutex_);
    has_rows_ = true;
    told_received_ = 0;
    is_reopening_ = false;
    is_open_ = true;
    changed_.notify_all();
  }
  context_.log.write(LogLevel::info, "site", "channel_open",
                     {{"sent", static_cast<std::int64_t>(hello->sent)},
                      {"received", static_cast<std::int64_t>(hello->received)}});
  return hello->received;
}

core::Result<void> SiteUplink::accept_hello(const engine::ChannelHello& hub) {
  const auto received_hash = crypto::parse_digest(hub.received_hash);
  if (!received_hash) return received_hash.error();
  // Copied: the look may run after this call has given up.
  const auto look = [hub, hash = *received_hash](const agent::AgentMachine& machine) {
    const agent::State& state = machine.state();
    if (auto same = state.outbox.check_receiver(hub.received, hash); !same) return same;
    const bool is_behind = hub.sent < state.inbox.received;
    const bool differs =
        hub.sent == state.inbox.received && hub.sent_hash != crypto::to_text(state.inbox.hash);
    if (!is_behind && !differs) return core::Result<void>();
    return core::Result<void>(core::Reason::channel_diverged,
                              "the hub has sent " + std::to_string(hub.sent) +
                                  ", this site remembers " + std::to_string(state.inbox.received));
  };
  const auto checked = read_durable<core::Result<void>>(context_.engine, look);
  if (!checked) return checked.error();
  if (!*checked) return checked->error();
  const auto noted = submit_and_wait(context_.engine, agent::AcknowledgeRows{hub.received});
  if (!noted) return noted.error();
  return {};
}

core::Result<void> SiteUplink::follow_stream(net::HttpClient& client, std::uint64_t after) {
  net::Request request;
  request.target = "/site/v1/rows?after=" + std::to_string(after);
  auto stream = client.open_stream(request);
  if (!stream) return stream.error();
  while (true) {
    if (is_reopening_) return {core::Reason::unreachable, "the channel is opened anew"};
    auto event = stream->read_event(kStreamPoll);
    if (!event) {
      if (event.error().reason == core::Reason::timed_out) continue;
      return event.error();
    }
    if (!event->has_value()) return {core::Reason::unreachable, "the hub ended the stream"};
    if ((*event)->name == "row") {
      if (auto taken = take_row((*event)->data); !taken) return taken;
    } else if ((*event)->name == "ask") {
      take_ask((*event)->data);
    }
  }
}

core::Result<void> SiteUplink::take_row(const std::string& data) {
  auto row = read_row(data);
  if (!row) return row.error();
  const std::uint64_t number = row->number;
  agent::AcceptHubRows command;
  command.rows.push_back(std::move(*row));
  // Not waited for: the engine takes many rows in one batch. What it could not take is asked for
  // again by opening anew after the last durable row.
  context_.engine.submit(std::move(command), [this, number](core::Result<agent::Reply> reply) {
    const auto* taken = reply ? std::get_if<agent::HubRowsTaken>(&*reply) : nullptr;
    if (taken == nullptr || taken->received < number) is_reopening_ = true;
    wake();
  });
  return {};
}

void SiteUplink::take_ask(const std::string& data) {
  const auto ask = codec::from_json<api::AskData>(data, codec::Boundary::tolerant);
  if (!ask) return;
  const std::lock_guard lock(mutex_);
  if (asks_.size() >= kAsksMax) return;  // The hub's own patience ends the question.
  asks_.push_back(*ask);
  changed_.notify_all();
}

void SiteUplink::run_sender() {
  net::HttpClient& client = make_client(core::limits::request_timeout);
  Backoff backoff;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || (has_rows_ && is_open_); });
      if (is_stopping_) return;
      has_rows_ = false;
    }
    const auto sent = send_rows(client);
    if (sent) {
      backoff.reset();
      continue;
    }
    tell("rows_not_sent", sent.error());
    if (sent.error().reason == core::Reason::channel_diverged) is_reopening_ = true;
    if (!pause(backoff.take())) return;
    wake();
  }
}

core::Result<void> SiteUplink::send_rows(net::HttpClient& client) {
  const auto look = [](const agent::AgentMachine& machine) {
    const agent::State& state = machine.state();
    OwnRows rows{
        state.outbox.acknowledged() + 1, state.outbox.last_number(), {}, state.inbox.received};
    std::size_t bytes = 0;
    for (const engine::ChannelRow& row : state.outbox.rows()) {
      if (rows.payloads.size() >= kRowsPerRequest || bytes > kRowBytesPerRequest) break;
      bytes += row.payload.size();
      rows.payloads.push_back(row.payload);
    }
    return rows;
  };
  const auto rows = read_durable<OwnRows>(context_.engine, look);
  if (!rows) return rows.error();
  {
    const std::lock_guard lock(mutex_);
    if (rows->payloads.empty() && rows->received == told_received_) {
      is_settled_ = !has_rows_;
      changed_.notify_all();
      return {};
    }
  }
  api::RowsRequest request{incarnation_, rows->first, {}, rows->received};
  for (const std::string& payload : rows->payloads) {
    request.payloads.push_back(crypto::encode_base64url(crypto::as_bytes(payload)));
  }
  context_.fail_points.pass(ServicePoint::rows_before_send);
  const auto text = post_json(client, "/site/v1/rows", codec::to_json(request));
  if (!text) return text.error();
  context_.fail_points.pass(ServicePoint::rows_after_send);
  const auto answer = codec::from_json<api::RowsAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  if (answer->received + 1 < rows->first + rows->payloads.size()) {
    return {core::Reason::channel_diverged, "the hub has taken fewer rows than it was given"};
  }
  if (!rows->payloads.empty()) {
    const auto noted = submit_and_wait(context_.engine, agent::AcknowledgeRows{answer->received});
    if (!noted) return noted.error();
  }
  const std::lock_guard lock(mutex_);
  told_received_ = rows->received;
  has_rows_ = true;  // Look once more: there may be rows beyond this request.
  return {};
}

void SiteUplink::run_beats() {
  net::HttpClient& client = make_client(kBeatTimeout);
  while (true) {
    const core::Time began = read_boot_time();
    if (const auto sent = send_beat(client); !sent && is_open_) tell("no_answer", sent.error());
    const core::Duration spent = read_boot_time() - began;
    const core::Duration rest = core::limits::heartbeat_interval - spent;
    if (!pause(std::max(rest, core::milliseconds(100)))) return;
  }
}

core::Result<void> SiteUplink::send_beat(net::HttpClient& client) {
  auto running = read_durable<std::vector<execution::ForgetAttempt>>(
      context_.engine, [](const agent::AgentMachine& machine) { return machine.find_running(); });
  if (!running) return running.error();
  execution::Heartbeat beat{++sequence_, std::move(*running), context_.data_address};
  // A lease counts from here: neither the network's delay nor the hub's can lengthen it.
  const core::Time sent = read_boot_time();
  context_.fail_points.pass(ServicePoint::beat_before_send);
  const auto text = post_json(client, "/site/v1/beat", codec::to_json(beat));
  if (!text) return text.error();
  context_.fail_points.pass(ServicePoint::beat_after_send);
  const auto answer =
      codec::from_json<execution::HeartbeatAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  if (answer->sequence != beat.sequence) return {core::Reason::bad_field, "heartbeat: sequence"};
  for (const execution::LeaseGrant& grant : answer->leases) {
    if (hooks_.on_lease) hooks_.on_lease({grant.job, grant.attempt}, sent + grant.lease);
  }
  if (answer->is_record_due && hooks_.on_record_due) hooks_.on_record_due();
  answered_micros_ = sent.micros;
  context_.engine.submit(agent::NoteHubAnswer{sent, answer->rows},
                         [this](const core::Result<agent::Reply>&) {
                           if (hooks_.on_answer) hooks_.on_answer();
                         });
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
  return {};
}

void SiteUplink::run_answers() {
  net::HttpClient& client = make_client(core::limits::request_timeout);
  while (true) {
    api::AskData ask;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !asks_.empty(); });
      if (is_stopping_) return;
      ask = std::move(asks_.front());
      asks_.pop_front();
    }
    answer(client, ask);
  }
}

void SiteUplink::answer(net::HttpClient& client, const api::AskData& ask) {
  const auto piece = context_.tasks.read({ask.job, ask.attempt}, ask.rank, ask.file, ask.offset,
                                         std::min(ask.length, kPieceBytesMax));
  api::AskAnswer answer;
  if (piece) {
    answer.size = piece->size;
    answer.bytes = crypto::encode_base64url(crypto::as_bytes(piece->bytes));
  } else {
    answer.error = api::AskError{piece.error().reason, piece.error().detail};
  }
  context_.fail_points.pass(ServicePoint::file_before_send);
  const auto sent =
      post_json(client, "/site/v1/answers/" + std::to_string(ask.id), codec::to_json(answer));
  context_.fail_points.pass(ServicePoint::file_after_send);
  if (!sent) tell("answer_not_sent", sent.error());
}

}  // namespace intertie::service
