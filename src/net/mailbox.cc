// What other threads hand to a net thread: answers and stream wake-ups.
#include "mailbox.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace intertie::net {

StreamState::StreamState(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection,
                         std::uint64_t request, std::size_t queue_bytes_max)
    : mailbox_(std::move(mailbox)),
      connection_(connection),
      request_(request),
      queue_bytes_max_(queue_bytes_max) {}

bool StreamState::push(std::string text) {
  bool must_wake = false;
  bool is_queued = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    if (queued_.size() + writing_bytes_ + text.size() > queue_bytes_max_) {
      is_closed_ = true;
      has_overflowed_ = true;
    } else {
      is_queued = true;
      if (queued_.empty()) {
        queued_ = std::move(text);
      } else {
        queued_ += text;
      }
    }
    must_wake = !std::exchange(is_waking_, true);
  }
  if (must_wake) wake();
  return is_queued;
}

void StreamState::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    if (std::exchange(is_waking_, true)) return;
  }
  wake();
}

void StreamState::wake() { mailbox_->push({connection_, request_, StreamWake{}}); }

bool StreamState::is_closed() const {
  const std::lock_guard lock(mutex_);
  return is_closed_;
}

std::size_t StreamState::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_.size() + writing_bytes_;
}

void StreamState::on_close(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_finished_) {
      callback_ = std::move(callback);
      return;
    }
  }
  callback();
}

StreamState::Taken StreamState::take() {
  const std::lock_guard lock(mutex_);
  is_waking_ = false;
  Taken taken;
  taken.has_overflowed = has_overflowed_;
  taken.text = std::exchange(queued_, {});
  taken.is_last = is_closed_;
  writing_bytes_ = taken.text.size();
  return taken;
}

void StreamState::finish() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_finished_, true)) return;
    is_closed_ = true;
    queued_.clear();
    writing_bytes_ = 0;
    callback = std::exchange(callback_, nullptr);
  }
  if (callback) callback();
}

Mailbox::Mailbox(std::function<void()> wake, std::size_t stream_queue_bytes_max)
    : stream_queue_bytes_max_(stream_queue_bytes_max), wake_(std::move(wake)) {}

void discard(Message& message) {
  if (auto* start = std::get_if<StreamStart>(&message.content)) start->state->finish();
}

void Mailbox::push(Message message) {
  {
    // The wake-up happens under the lock, so that close() can promise that none comes after it.
    const std::lock_guard lock(mutex_);
    if (!is_closed_) {
      messages_.push_back(std::move(message));
      if (messages_.size() == 1) wake_();
      return;
    }
  }
  discard(message);
}

void Mailbox::push_all(std::vector<Message>& messages) {
  const std::vector<Message> taken = [&] {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || messages.empty()) return std::exchange(messages, {});
    const bool was_empty = messages_.empty();
    if (was_empty) {
      std::swap(messages_, messages);
    } else {
      std::move(messages.begin(), messages.end(), std::back_inserter(messages_));
      messages.clear();
    }
    if (was_empty) wake_();
    return std::vector<Message>{};
  }();
}

void Mailbox::take(std::vector<Message>& into) {
  assert(into.empty());
  const std::lock_guard lock(mutex_);
  std::swap(messages_, into);
}

void Mailbox::close() {
  // What a message holds may push again when it goes, so it goes outside the lock.
  std::vector<Message> left;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    wake_ = nullptr;
    std::swap(messages_, left);
  }
  for (Message& message : left) discard(message);
}

struct EventStream::Owner {
  explicit Owner(std::shared_ptr<StreamState> stream) : state(std::move(stream)) {}
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() { state->close(); }
  std::shared_ptr<StreamState> state;
};

EventStream::EventStream(std::shared_ptr<StreamState> state)
    : owner_(std::make_shared<Owner>(std::move(state))) {}

bool EventStream::send(const Event& event) { return owner_->state->push(encode_event(event)); }

void EventStream::close() { owner_->state->close(); }

bool EventStream::is_closed() const { return owner_->state->is_closed(); }

std::size_t EventStream::queued_bytes() const { return owner_->state->queued_bytes(); }

void EventStream::on_close(std::function<void()> callback) {
  owner_->state->on_close(std::move(callback));
}

Responder::Responder(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection,
                     std::uint64_t request)
    : mailbox_(std::move(mailbox)), connection_(connection), request_(request) {}

Responder::Responder(Responder&& other) noexcept
    : mailbox_(std::exchange(other.mailbox_, nullptr)),
      connection_(other.connection_),
      request_(other.request_) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  Responder moved(std::move(other));
  std::swap(mailbox_, moved.mailbox_);
  std::swap(connection_, moved.connection_);
  std::swap(request_, moved.request_);
  return *this;
}

Responder::~Responder() {
  if (mailbox_ != nullptr) mailbox_->push({connection_, request_, Dropped{}});
}

void Responder::respond(Response response) {
  assert(is_open());
  std::exchange(mailbox_, nullptr)->push({connection_, request_, std::move(response)});
}

EventStream Responder::start_stream(Headers headers) {
  assert(is_open());
  const std::shared_ptr<Mailbox> mailbox = std::exchange(mailbox_, nullptr);
  auto state = std::make_shared<StreamState>(mailbox, connection_, request_,
                                             mailbox->stream_queue_bytes_max());
  EventStream stream(state);
  mailbox->push({connection_, request_, StreamStart{std::move(state), std::move(headers)}});
  return stream;
}

struct ResponseBatch::Answers {
  std::shared_ptr<Mailbox> mailbox;
  std::vector<Message> messages;
};

ResponseBatch::ResponseBatch() = default;
ResponseBatch::ResponseBatch(ResponseBatch&&) noexcept = default;

ResponseBatch& ResponseBatch::operator=(ResponseBatch&& other) noexcept {
  send();
  answers_ = std::move(other.answers_);
  return *this;
}

ResponseBatch::~ResponseBatch() { send(); }

void ResponseBatch::add(Responder responder, Response response) {
  assert(responder.is_open());
  const auto found = std::find_if(answers_.begin(), answers_.end(), [&](const Answers& answers) {
    return answers.mailbox == responder.mailbox_;
  });
  Answers& answers =
      found != answers_.end() ? *found : answers_.emplace_back(Answers{responder.mailbox_, {}});
  responder.mailbox_ = nullptr;
  answers.messages.push_back({responder.connection_, responder.request_, std::move(response)});
}

void ResponseBatch::send() {
  for (Answers& answers : answers_) answers.mailbox->push_all(answers.messages);
  answers_.clear();
}

}  // namespace intertie::net
