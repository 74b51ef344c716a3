#include "intertie/engine/channel.h"

#include <cassert>
#include <utility>

#include "intertie/engine/fault.h"

namespace intertie::engine {

crypto::Digest compute_row_hash(const crypto::Digest& previous, std::string_view payload) {
  std::string text(crypto::as_text(previous.bytes));
  text += payload;
  return crypto::compute_sha256(text);
}

std::uint64_t Outbox::push(std::string payload, std::uint64_t log_index, std::uint64_t attachment) {
  if (is_fault_planted(Fault::row_number_reused) && rows_.empty() && acknowledged_ > 0) {
    --acknowledged_;
  }
  ChannelRow row;
  row.number = last_number() + 1;
  row.log_index = log_index;
  row.attachment = attachment;
  row.hash = compute_row_hash(last_hash(), payload);
  row.payload = std::move(payload);
  rows_.push_back(std::move(row));
  return rows_.back().number;
}

void Outbox::acknowledge(std::uint64_t number) {
  assert(number <= last_number());
  while (acknowledged_ < number) {
    acknowledged_hash_ = rows_.front().hash;
    rows_.pop_front();
    ++acknowledged_;
  }
}

std::vector<const ChannelRow*> Outbox::find_rows(std::uint64_t number, std::uint64_t durable,
                                                 std::size_t limit) const {
  std::vector<const ChannelRow*> found;
  std::size_t position = number > acknowledged_ ? number - acknowledged_ : 0;
  for (; position < rows_.size() && found.size() < limit; ++position) {
    const bool is_durable = rows_[position].log_index <= durable;
    if (!is_durable && !is_fault_planted(Fault::row_before_durable)) break;
    found.push_back(&rows_[position]);
  }
  return found;
}

std::uint64_t Outbox::find_last_durable(std::uint64_t durable) const {
  std::uint64_t last = last_number();
  for (auto row = rows_.rbegin(); row != rows_.rend() && row->log_index > durable; ++row) --last;
  return last;
}

const crypto::Digest& Outbox::last_hash() const {
  return rows_.empty() ? acknowledged_hash_ : rows_.back().hash;
}

core::Result<void> Outbox::check_receiver(std::uint64_t received,
                                          const crypto::Digest& hash) const {
  const auto describe = [&](const char* what) {
    return core::Result<void>(core::Reason::channel_diverged,
                              std::string(what) + " " + std::to_string(received) +
                                  ", this side has sent " + std::to_string(last_number()));
  };
  if (received > last_number()) return describe("the other side has received number");
  if (received < acknowledged_) return describe("the other side has forgotten; it is at number");
  const crypto::Digest& own =
      received == acknowledged_ ? acknowledged_hash_ : rows_[received - acknowledged_ - 1].hash;
  if (own != hash) return describe("the histories differ at number");
  return {};
}

void Outbox::restart_after(std::uint64_t number, const crypto::Digest& hash) {
  std::deque<ChannelRow> old = std::exchange(rows_, {});
  acknowledged_ = number;
  acknowledged_hash_ = hash;
  for (ChannelRow& row : old) push(std::move(row.payload), row.log_index, row.attachment);
}

Outbox Outbox::restore(std::uint64_t acknowledged, const crypto::Digest& acknowledged_hash,
                       std::deque<ChannelRow> rows) {
  Outbox outbox;
  outbox.acknowledged_ = acknowledged;
  outbox.acknowledged_hash_ = acknowledged_hash;
  outbox.rows_ = std::move(rows);
  return outbox;
}

void Inbox::accept(std::uint64_t number, std::string_view payload) {
  assert(number == received + 1);
  received = number;
  hash = compute_row_hash(hash, payload);
}

}  // namespace intertie::engine
