#include "site_links.h"

#include <algorithm>

#include "intertie/api/site_views.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"

namespace intertie::service {

void SiteRows::attach(std::uint32_t site, std::uint64_t after, std::shared_ptr<api::Stream> stream,
                      const hub::HubMachine& machine, storage::LogIndex durable) {
  if (site >= machine.state().sites.size()) {
    stream->close();
    return;
  }
  Link& link = links_[site];
  if (link.stream) link.stream->close();
  link = Link{};
  link.is_closed = std::make_shared<std::atomic<bool>>(false);
  stream->on_close([flag = link.is_closed] { flag->store(true); });
  link.stream = std::move(stream);
  const engine::Outbox& outbox = machine.state().sites[site].outbox;
  // What was acknowledged is gone; a site that asks for more than was sent waits for it.
  link.sent = std::clamp(after, outbox.acknowledged(), outbox.last_number());
  send_rows(link, outbox, durable);
}

void SiteRows::look(const hub::HubMachine& machine, storage::LogIndex durable) {
  for (auto each = links_.begin(); each != links_.end();) {
    if (each->second.is_closed->load()) {
      each = links_.erase(each);
      continue;
    }
    send_rows(each->second, machine.state().sites[each->first].outbox, durable);
    ++each;
  }
}

void SiteRows::send_rows(Link& link, const engine::Outbox& outbox, storage::LogIndex durable) {
  while (!link.unacknowledged.empty() &&
         link.unacknowledged.front().first <= outbox.acknowledged()) {
    link.bytes -= link.unacknowledged.front().second;
    link.unacknowledged.pop_front();
  }
  link.sent = std::max(link.sent, outbox.acknowledged());
  if (link.sent >= outbox.last_number()) return;
  if (link.unacknowledged.size() >= kWindowRows || link.bytes >= kWindowBytes) return;
  const auto found = outbox.find_rows(link.sent, durable, kWindowRows - link.unacknowledged.size());
  std::vector<Row> rows;
  std::uint64_t number = link.sent;
  for (const engine::ChannelRow* row : found) {
    if (link.bytes >= kWindowBytes) break;
    rows.push_back({row->number, row->attachment, row->payload});
    number = row->number;
    link.unacknowledged.emplace_back(row->number, row->payload.size());
    link.bytes += row->payload.size();
  }
  if (rows.empty()) return;
  link.sent = number;
  sender_.post([this, stream = link.stream, rows = std::move(rows)] { write_rows(*stream, rows); });
}

void SiteRows::write_rows(api::Stream& stream, const std::vector<Row>& rows) {
  fail_points_.pass(ServicePoint::rows_before_send);
  for (const Row& row : rows) {
    std::string attachment;
    if (row.attachment != 0) {
      auto body = read_body_(row.attachment);
      if (body) {
        attachment = std::move(*body);
      } else {
        log_.write(LogLevel::error, "sites", "attachment_unreadable",
                   {{"index", static_cast<std::int64_t>(row.attachment)},
                    {"detail", core::to_text(body.error())}});
        stream.close();  // The site comes back and asks for the row again.
        return;
      }
    }
    const api::RowData data{row.number, crypto::encode_base64url(crypto::as_bytes(row.payload)),
                            crypto::encode_base64url(crypto::as_bytes(attachment))};
    if (!stream.send({std::to_string(row.number), "row", codec::to_json(data)})) return;
  }
  fail_points_.pass(ServicePoint::rows_after_send);
}

void SiteAsks::attach(std::uint32_t site, std::shared_ptr<api::Stream> stream) {
  std::shared_ptr<api::Stream> older;
  std::vector<std::string> open;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
      stream->close();
      return;
    }
    older = std::exchange(streams_[site], stream);
    for (const auto& [id, pending] : pending_) {
      if (pending.site == site) open.push_back(pending.question);
    }
  }
  // A stream that breaks here is replaced, and they are asked once more.
  for (const std::string& question : open) {
    if (!stream->send({"", "ask", question})) return;
  }
}

void SiteAsks::ask(const api::SiteFileRequest& request, Done done) {
  std::shared_ptr<api::Stream> stream;
  std::uint64_t id = 0;
  std::string question;
  core::Reason refusal = core::Reason::unreachable;
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(request.site);
    if (found != streams_.end() && pending_.size() < kAsksMax && !is_stopping_) {
      stream = found->second;
      id = next_++;
      const auto expire = [this, id] {
        finish(id, core::Error{core::Reason::timed_out, "the site did not answer in time"});
      };
      const api::AskData data{id,           request.job,    request.attempt, request.rank,
                              request.file, request.offset, request.length};
      question = codec::to_json(data);
      pending_[id] = {request.site, deadlines_.add(kTimeLimit, expire), std::move(done), question};
    } else if (found != streams_.end()) {
      refusal = is_stopping_ ? core::Reason::stopping : core::Reason::overloaded;
    }
  }
  if (!stream) return done(core::Error{refusal, "the site is not connected or too busy"});
  if (!stream->send({"", "ask", question})) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = streams_.find(request.site);
      if (found != streams_.end() && found->second == stream) streams_.erase(found);
    }
    finish(id, core::Error{core::Reason::unreachable, "the site has gone"});
  }
}

void SiteAsks::take_answer(std::uint32_t site, std::uint64_t ask,
                           core::Result<api::SiteFilePiece> piece) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(ask);
    if (found == pending_.end() || found->second.site != site) return;
  }
  finish(ask, std::move(piece));
}

void SiteAsks::finish(std::uint64_t ask, core::Result<api::SiteFilePiece> piece) {
  Pending pending;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(ask);
    if (found == pending_.end()) return;
    pending = std::move(found->second);
    pending_.erase(found);
  }
  deadlines_.cancel(pending.deadline);
  pending.done(std::move(piece));
}

std::size_t SiteAsks::streams() {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

void SiteAsks::stop() {
  std::map<std::uint64_t, Pending> pending;
  std::map<std::uint32_t, std::shared_ptr<api::Stream>> streams;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    pending.swap(pending_);
    streams.swap(streams_);
  }
  for (auto& [id, each] : pending) {
    deadlines_.cancel(each.deadline);
    each.done(core::Error{core::Reason::stopping, "the hub is stopping"});
  }
  for (auto& [site, each] : streams) each->close();
}

}  // namespace intertie::service
