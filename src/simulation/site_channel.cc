// The agent's calls to its hub: open, stream of rows, posting of rows, heartbeats.
#include <utility>

#include "intertie/core/limits.h"

#include "site_node.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kReopenAfter = core::seconds(1);

bool is_channel_lost(const core::Error& error) {
  return error.reason == core::Reason::channel_diverged;
}

}  // namespace

void SiteNode::call(hub::Command command, core::Duration timeout, HubNode::Answer answer) {
  // Only the first of answer and time-out counts.
  auto once = std::make_shared<HubNode::Answer>(std::move(answer));
  const auto finish = [this, life = life_, once](const core::Result<hub::Reply>& reply) {
    if (life != life_ || !is_up() || !*once) return;
    const HubNode::Answer taken = std::exchange(*once, {});
    taken(reply);
  };
  later(timeout, [finish] { finish(core::Error{core::Reason::site_unreachable, "no answer"}); });
  network_.send(number_, Direction::to_hub, [this, finish, command = std::move(command)] {
    hub_.ask(command, [this, finish](const core::Result<hub::Reply>& reply) {
      network_.send(number_, Direction::to_site, [finish, reply] { finish(reply); });
    });
  });
}

void SiteNode::beat() {
  later(core::limits::heartbeat_interval, [this] { beat(); });
  note_use();
  if (!is_open_) return open();
  if (world_.now() - stream_heard_ > core::limits::stream_silence_max) ask_rows();
  hub::BeatSite beat;
  beat.site = handle_;
  beat.heartbeat.sequence = ++beats_;
  beat.heartbeat.running = agent().find_running();
  const core::Duration sent = runner_.boot_now();
  call(std::move(beat), kCallTimeout, [this, sent](const core::Result<hub::Reply>& reply) {
    if (!reply) return;
    const auto& answer = std::get<execution::HeartbeatAnswer>(*reply);
    for (const execution::LeaseGrant& grant : answer.leases) {
      runner_.extend_lease(grant.job, grant.attempt, sent + grant.lease);
    }
    engine_->submit(agent::NoteHubAnswer{core::Time{sent.count}, answer.rows}, {});
    wake();
  });
}

// As an agent asks its launcher now and then what running tasks have used.
void SiteNode::note_use() {
  const core::Time boot{runner_.boot_now().count};
  for (const auto& [key, task] : runner_.tasks()) {
    if (task.stage == TaskStage::running) {
      engine_->submit(agent::NoteMeasured{key, {}, boot}, {});
    }
  }
}

void SiteNode::open() {
  if (std::exchange(is_opening_, true)) return;
  // The hello may say only what is durable.
  engine_->read([this](const core::Result<const SiteMachine*>& machine) -> Engine::DurableAction {
    if (!machine) return [this] { is_opening_ = false; };
    const agent::State& state = (*machine)->agent().state();
    engine::ChannelHello hello{identifier_, state.outbox.last_number(),
                               crypto::to_text(state.outbox.last_hash()), state.inbox.received,
                               crypto::to_text(state.inbox.hash)};
    return [this, hello = std::move(hello)] {
      call(hub::OpenSiteChannel{handle_, hello}, kCallTimeout,
           [this](const core::Result<hub::Reply>& reply) { take_hello(reply); });
    };
  });
  wake();
}

void SiteNode::take_hello(const core::Result<hub::Reply>& reply) {
  is_opening_ = false;
  if (!reply) {
    if (is_channel_lost(reply.error())) {
      world_.fail(name_ + " and the hub remember different histories: " + reply.error().detail);
    }
    return;
  }
  const auto& hello = std::get<engine::ChannelHello>(*reply);
  const agent::State& state = agent().state();
  const auto hash = crypto::parse_digest(hello.received_hash);
  // An answer that was overtaken by an acknowledgement says less than is known: ask again.
  if (hello.received < state.outbox.acknowledged() || hello.sent < state.inbox.received) return;
  if (const auto same = state.outbox.check_receiver(hello.received, *hash); !same) {
    return world_.fail("the hub remembers other rows of " + name_ + ": " + same.error().detail);
  }
  report(agent::AcknowledgeRows{hello.received});
  is_open_ = true;
  acknowledged_ = 0;
  ask_rows();
}

void SiteNode::ask_rows() {
  stream_heard_ = world_.now();
  taken_ = received_;
  const std::uint64_t stream = ++stream_;
  network_.send(number_, Direction::to_hub, [this, stream, life = life_, after = received_] {
    hub_.open_stream(handle_, after, [this, stream, life](const std::vector<agent::HubRow>& rows) {
      if (life == life_ && stream == stream_) take_rows(rows);
    });
  });
}

void SiteNode::take_rows(const std::vector<agent::HubRow>& rows) {
  if (!is_up() || !is_open_) return;
  stream_heard_ = world_.now();
  if (rows.empty()) return;
  if (rows.front().number > taken_ + 1) return ask_rows();  // Something was lost on the way.
  taken_ = std::max(taken_, rows.back().number);
  const auto done = [this, life = life_](const core::Result<agent::Reply>& reply) {
    if (life != life_) return;
    if (reply) {
      received_ = std::max(received_, std::get<agent::HubRowsTaken>(*reply).received);
    } else {
      later(kReopenAfter, [this] { ask_rows(); });
    }
  };
  engine_->submit(agent::AcceptHubRows{rows}, done);
  wake();
}

void SiteNode::post_rows() {
  if (is_posting_) return;
  const engine::Outbox& outbox = agent().state().outbox;
  const auto rows = outbox.find_rows(outbox.acknowledged(), engine_->durable_index(), kRowsAtOnce);
  if (rows.empty() && received_ <= acknowledged_) return;
  hub::AcceptSiteRows post;
  post.site = handle_;
  post.incarnation = identifier_;
  post.first = outbox.acknowledged() + 1;
  for (const engine::ChannelRow* row : rows) post.payloads.push_back(row->payload);
  post.acknowledged = received_;
  is_posting_ = true;
  call(std::move(post), kCallTimeout,
       [this, acknowledged = received_](const core::Result<hub::Reply>& reply) {
         if (reply) acknowledged_ = std::max(acknowledged_, acknowledged);
         take_posted(reply);
       });
}

void SiteNode::take_posted(const core::Result<hub::Reply>& reply) {
  is_posting_ = false;
  if (!reply) {
    if (is_channel_lost(reply.error())) is_open_ = false;
    if (reply.error().reason == core::Reason::site_unreachable) return wake();
    is_posting_ = true;
    later(kReopenAfter, [this] {
      is_posting_ = false;
      wake();
    });
    return;
  }
  const std::uint64_t received = std::get<hub::RowsAccepted>(*reply).received;
  if (received > agent().state().outbox.last_number()) {
    return world_.fail("the hub acknowledges rows that " + name_ + " never sent");
  }
  report(agent::AcknowledgeRows{received});
}

}  // namespace intertie::simulation
