#include "hub_node.h"

#include <utility>

#include "intertie/core/limits.h"
#include "intertie/engine/replay.h"

#include "peer_port.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kTick = core::milliseconds(250);
constexpr std::size_t kBackups = 240;

}  // namespace

HubNode::HubNode(World& world, Network& network, std::size_t number)
    : world_(world),
      network_(network),
      number_(number),
      incarnation_("log of " + make_hub_id(number)),
      disk_(world, static_cast<std::uint16_t>(0x8001 + number), [this] { poll(); }) {
  const auto places = list_sites(world.scenario);
  for (std::size_t site = 0; site < places.size(); ++site) {
    if (places[site].hub != number) continue;
    if (sites_++ == 0) first_site_ = site;
  }
}

HubNode::~HubNode() = default;

void HubNode::join(std::vector<HubNode*> hubs) {
  peers_ = std::make_unique<PeerPort>(world_, network_, *this, std::move(hubs));
}

void HubNode::start() {
  if (is_dead_) return;
  disk_.open();
  machine_ = std::make_unique<hub::HubMachine>();
  const auto report = engine::replay_store(*machine_, disk_.reader(), disk_.snapshots());
  if (!report)
    return world_.fail("hub " + std::to_string(number_) +
                       " cannot start: " + core::to_text(report.error()));
  machine_->note_clock(read_clock());
  machine_->start(wall());
  engine_ = std::make_unique<Engine>(*machine_, disk_, report->last, report->last_time);
  streams_.assign(sites_, {});
  world_.trace.note(world_.now(), "starts at", -1 - static_cast<std::int64_t>(number_),
                    report->last.index);
  if (observer_) observer_();
  tick(life_);
  peers_->start();
}

void HubNode::crash() {
  world_.trace.note(world_.now(), "crashes", -1 - static_cast<std::int64_t>(number_));
  ++life_;
  engine_.reset();
  machine_.reset();
  is_awake_ = false;
  disk_.crash();
}

void HubNode::die() {
  crash();
  is_dead_ = true;
}

void HubNode::restore(storage::LogIndex last) {
  crash();
  disk_.restore(last);
  fold_.reset();
  snapshot_ = 0;
  backups_.clear();
  incarnation_ = "log of " + make_hub_id(number_) + " restored " + std::to_string(++restores_);
}

void HubNode::ask(hub::Command command, Answer answer) {
  if (!is_up()) return;
  std::visit(
      [this](auto& one) {
        if constexpr (requires { one.clock; }) one.clock = read_clock();
      },
      command);
  engine_->submit(
      std::move(command),
      [answer = std::move(answer)](const core::Result<hub::Reply>& reply) { answer(reply); });
  wake();
}

void HubNode::open_stream(std::size_t site, std::uint64_t after, RowSink sink) {
  if (!is_up()) return;
  streams_[site] = {true, after, world_.now(), std::move(sink)};
  wake();
}

// Commands of one moment are decided in one turn.
void HubNode::wake() {
  if (std::exchange(is_awake_, true)) return;
  world_.queue.after({}, [this, life = life_] {
    if (life != life_) return;
    is_awake_ = false;
    poll();
  });
}

void HubNode::tick(std::uint64_t life) {
  if (life != life_ || !is_up()) return;
  poll();
  backups_.push_back(engine_->durable_index());
  if (backups_.size() > kBackups) backups_.pop_front();
  world_.queue.after(kTick, [this, life] { tick(life); });
}

void HubNode::poll() {
  if (!is_up()) return;
  const storage::LogIndex before = engine_->durable_index();
  for (int turn = 0; turn < kTurnsMax && engine_->poll(wall()); ++turn) {
  }
  if (engine_->durable_index() != before && observer_) observer_();
  for (std::size_t site = 0; site < machine_->state().sites.size(); ++site) {
    if (streams_[site].is_open) send_rows(site);
  }
  peers_->poll();
}

void HubNode::send_rows(std::size_t site) {
  Stream& stream = streams_[site];
  const auto rows = machine_->state().sites[site].outbox.find_rows(
      stream.sent, engine_->durable_index(), kRowsAtOnce);
  const bool is_silent = world_.now() - stream.spoke_at >= core::limits::stream_keep_alive;
  if (rows.empty() && !is_silent) return;
  stream.spoke_at = world_.now();
  const auto speak = [&](std::vector<agent::HubRow> parts) {
    stream.is_open = network_.stream(
        first_site_ + site, [sink = stream.sink, parts = std::move(parts)] { sink(parts); });
  };
  if (rows.empty()) return speak({});
  for (const engine::ChannelRow* row : rows) {
    agent::HubRow part{row->number, row->payload, {}};
    if (row->attachment != 0) {
      auto body = disk_.reader().read_body(row->attachment);
      if (body) part.attachment = std::move(body->bytes);
    }
    stream.sent = row->number;
    speak({std::move(part)});
    if (!stream.is_open) return;
  }
}

void HubNode::write_snapshot() {
  const storage::LogIndex last = disk_.store().last().index;
  if (last - snapshot_ < snapshot_ / 64) return;
  hub::HubMachine fold;
  const auto report = engine::replay_store(fold, disk_.reader(), disk_.snapshots());
  if (!report || report->last.index == 0) return;
  std::string bytes = fold.encode_state();
  const auto digest = crypto::compute_sha256(bytes);
  snapshot_ = report->last.index;
  (void)disk_.snapshots().write_snapshot(
      {report->last.index, digest, report->last.chain, std::move(bytes)});
}

std::string HubNode::fold_log(bool is_anew) {
  const storage::LogIndex last = disk_.store().last().index;
  if (is_anew || fold_ == nullptr || last >= 2 * folded_anew_) {
    fold_ = std::make_unique<hub::HubMachine>();
    folded_ = 0;
    folded_anew_ = last;
  }
  const auto report = engine::replay_heads(*fold_, disk_.reader(), folded_);
  if (!report) {
    fold_.reset();
    return core::to_text(report.error());
  }
  folded_ += report->heads;
  return fold_->encode_state();
}

std::string HubNode::fold_from_snapshot() {
  hub::HubMachine fold;
  const auto report = engine::replay_store(fold, disk_.reader(), disk_.snapshots());
  return report ? fold.encode_state() : core::to_text(report.error());
}

}  // namespace intertie::simulation
