#include "peer_port.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kRetryAfter = core::seconds(1);
// A hello that was overtaken by newer rows is refused too; one of these is fresh.
constexpr int kRefusalsMax = 5;
constexpr std::uint64_t kBeaconsSampled = 16;  // One of so many is encoded.

}  // namespace

PeerPort::PeerPort(World& world, Network& network, HubNode& self, std::vector<HubNode*> hubs)
    : world_(world), network_(network), self_(self), hubs_(std::move(hubs)) {
  traffic_.region = make_region(self.number());
}

HubNode& PeerPort::get_peer(std::uint32_t peer) const {
  return *hubs_[get_peer_hub(self_.number(), peer)];
}

void PeerPort::start() {
  links_.assign(self_.machine().state().peers.size(), {});
  polled_at_ = 0;
  if (hubs_.size() > 1) {
    later(world_.between({}, core::limits::beacon_interval), [this] { beat(); });
  }
}

void PeerPort::later(core::Duration delay, std::function<void()> action) {
  world_.queue.after(delay, [this, life = self_.life(), action = std::move(action)] {
    if (life == self_.life() && self_.is_up()) action();
  });
}

void PeerPort::beat() {
  later(core::limits::beacon_interval, [this] { beat(); });
  links_.resize(self_.machine().state().peers.size());
  for (std::uint32_t peer = 0; peer < links_.size(); ++peer) {
    if (!links_[peer].is_open) open(peer);
    make_beacon(peer);
  }
}

void PeerPort::poll() {
  if (self_.engine().durable_index() == polled_at_) return;
  polled_at_ = self_.engine().durable_index();
  for (std::uint32_t peer = 0; peer < links_.size(); ++peer) {
    if (links_[peer].is_open) post(peer);
  }
}

void PeerPort::call(std::uint32_t peer, hub::Command command, HubNode::Answer answer) {
  auto once = std::make_shared<HubNode::Answer>(std::move(answer));
  const auto finish = [this, life = self_.life(), once](const core::Result<hub::Reply>& reply) {
    if (life != self_.life() || !self_.is_up() || !*once) return;
    const HubNode::Answer taken = std::exchange(*once, {});
    taken(reply);
  };
  later(kCallTimeout, [finish] {
    finish(core::Error{core::Reason::hub_unreachable, "no answer"});
  });
  HubNode& other = get_peer(peer);
  network_.send_peer(
      self_.number(), other.number(), [this, finish, &other, command = std::move(command)] {
        other.ask(command, [this, finish, &other](const core::Result<hub::Reply>& reply) {
          network_.send_peer(other.number(), self_.number(), [finish, reply] { finish(reply); });
        });
      });
}

engine::ChannelHello PeerPort::make_hello(std::uint32_t peer) const {
  const hub::PeerState& state = self_.machine().state().peers[peer];
  return {self_.incarnation(), state.outbox.last_number(),
          crypto::to_text(state.outbox.last_hash()), state.inbox.received,
          crypto::to_text(state.inbox.hash)};
}

void PeerPort::open(std::uint32_t peer) {
  if (std::exchange(links_[peer].is_opening, true)) return;
  // The hello may say only what is durable.
  self_.engine().read([this, peer](const core::Result<const hub::HubMachine*>& machine)
                          -> HubNode::Engine::DurableAction {
    if (!machine) return [this, peer] { links_[peer].is_opening = false; };
    return [this, peer, hello = make_hello(peer)] {
      const std::uint32_t us = get_peer_handle(get_peer(peer).number(), self_.number());
      call(peer, hub::OpenPeerChannel{us, translate(peer, hello)},
           [this, peer](const core::Result<hub::Reply>& reply) { take_hello(peer, reply); });
    };
  });
}

engine::ChannelHello PeerPort::translate(std::uint32_t peer, engine::ChannelHello hello) {
  const std::size_t other = get_peer(peer).number();
  Dialect* const dialect = network_.find_dialect(self_.number(), other);
  if (dialect == nullptr) return hello;
  dialect->learn(self_.machine().state().peers[peer].outbox, self_.engine().durable_index());
  hello.sent_hash = dialect->to_receiver(hello.sent, hello.sent_hash);
  hello.received_hash =
      network_.find_dialect(other, self_.number())->to_sender(hello.received, hello.received_hash);
  return hello;
}

void PeerPort::reopen(std::uint32_t peer) {
  if (peer < links_.size()) links_[peer].is_open = false;
}

void PeerPort::note_diverged(std::uint32_t peer, const std::string& detail) {
  links_[peer].is_open = false;
  if (++links_[peer].refusals < kRefusalsMax) return;
  links_[peer].refusals = 0;
  const std::size_t other = get_peer(peer).number();
  if (operator_) return operator_(self_.number(), other);
  world_.fail("hubs " + std::to_string(self_.number()) + " and " + std::to_string(other) +
              " remember different histories: " + detail);
}

void PeerPort::take_hello(std::uint32_t peer, const core::Result<hub::Reply>& reply) {
  Link& link = links_[peer];
  link.is_opening = false;
  if (!reply) {
    if (reply.error().reason == core::Reason::channel_diverged) {
      note_diverged(peer, reply.error().detail);
    }
    return;
  }
  auto hello = std::get<engine::ChannelHello>(*reply);
  if (const auto* dialect = network_.find_dialect(self_.number(), get_peer(peer).number())) {
    hello.received_hash = dialect->to_sender(hello.received, hello.received_hash);
  }
  const hub::PeerState& state = self_.machine().state().peers[peer];
  const auto hash = crypto::parse_digest(hello.received_hash);
  // An answer that was overtaken by an acknowledgement says less than is known: ask again.
  if (const auto same = state.outbox.check_receiver(hello.received, *hash); !same) {
    return note_diverged(peer, same.error().detail);
  }
  link.refusals = 0;
  link.is_open = true;
  link.sent = 0;  // Since a reconciliation rows may have other numbers.
  acknowledge(peer, hello.received);
  post(peer);
}

void PeerPort::acknowledge(std::uint32_t peer, std::uint64_t received) {
  if (received <= self_.machine().state().peers[peer].outbox.acknowledged()) return;
  self_.ask(hub::AcknowledgePeerRows{peer, received},
            [this, peer](const core::Result<hub::Reply>& reply) {
              if (reply) return;
              links_[peer].sent = 0;  // Sent again, and acknowledged again.
              polled_at_ = 0;
            });
}

void PeerPort::post(std::uint32_t peer) {
  Link& link = links_[peer];
  if (link.is_posting) return;
  const engine::Outbox& outbox = self_.machine().state().peers[peer].outbox;
  if (outbox.size() == 0) return;
  const auto rows = outbox.find_rows(std::max(outbox.acknowledged(), link.sent),
                                     self_.engine().durable_index(), kRowsAtOnce);
  if (rows.empty()) return;
  hub::AcceptPeerRows command;
  command.peer = get_peer_handle(get_peer(peer).number(), self_.number());
  command.incarnation = self_.incarnation();
  command.first = rows.front()->number;
  Dialect* const dialect = network_.find_dialect(self_.number(), get_peer(peer).number());
  if (dialect != nullptr) dialect->learn(outbox, self_.engine().durable_index());
  for (const engine::ChannelRow* row : rows) {
    command.payloads.push_back(dialect != nullptr ? dialect->get_payload(row->number)
                                                  : row->payload);
    std::string attachment;
    const std::uint64_t index =
        dialect != nullptr ? dialect->get_attachment(row->number) : row->attachment;
    if (index != 0) {
      auto body = self_.disk().reader().read_body(index);
      if (body) attachment = std::move(body->bytes);
    }
    command.attachments.push_back(std::move(attachment));
  }
  link.is_posting = true;
  link.sent = rows.back()->number;
  call(peer, std::move(command),
       [this, peer](const core::Result<hub::Reply>& reply) { take_posted(peer, reply); });
}

void PeerPort::take_posted(std::uint32_t peer, const core::Result<hub::Reply>& reply) {
  Link& link = links_[peer];
  link.is_posting = false;
  if (!reply) {
    link.sent = 0;
    if (reply.error().reason == core::Reason::channel_diverged) link.is_open = false;
    link.is_posting = true;
    later(kRetryAfter, [this, peer] {
      links_[peer].is_posting = false;
      if (links_[peer].is_open) post(peer);
    });
    return;
  }
  const std::uint64_t received = std::get<hub::RowsAccepted>(*reply).received;
  const engine::Outbox& outbox = self_.machine().state().peers[peer].outbox;
  if (received > outbox.last_number() || received < outbox.acknowledged()) {
    link.is_open = false;  // The hellos will tell.
    return;
  }
  if (received < link.sent) link.sent = 0;
  acknowledge(peer, received);
  post(peer);
}

// As the service does: with news at once, without when it is due.
void PeerPort::make_beacon(std::uint32_t peer) {
  Link& link = links_[peer];
  const bool is_full = std::exchange(link.is_full_wanted, false);
  const bool is_due = world_.now() >= link.beacon_due;
  self_.ask(hub::MakeBeacon{peer, is_full, is_due},
            [this, peer](const core::Result<hub::Reply>& made) {
              if (!made || !self_.is_up()) return;
              const auto& beacon = std::get<hub::Beacon>(*made);
              if (beacon.number != 0) send_beacon(peer, beacon);
            });
}

void PeerPort::send_beacon(std::uint32_t peer, hub::Beacon beacon) {
  links_[peer].beacon_due = world_.now() + core::Duration{core::limits::beacon_lifetime.count / 3};
  HubNode& other = get_peer(peer);
  if (network_.speaks_older(self_.number(), other.number())) {
    beacon = translate_beacon(beacon);
  }
  if (network_.is_lying(self_.number())) beacon = boast(std::move(beacon));
  count(beacon);
  hub::AcceptBeacon command{get_peer_handle(other.number(), self_.number()), std::move(beacon)};
  const auto take_answer = [this, peer, life = self_.life(),
                            sent = world_.now()](const core::Result<hub::Reply>& reply) {
    if (life != self_.life() || !self_.is_up() || !reply) return;
    const auto& answer = std::get<hub::BeaconAnswer>(*reply);
    if (answer.is_full_wanted) links_[peer].is_full_wanted = true;
    const std::size_t to = get_peer(peer).number();
    const bool is_liar = network_.is_lying(self_.number()) || network_.is_lying(to);
    const bool is_older = network_.find_dialect(self_.number(), to) != nullptr && !is_liar;
    if (!answer.rows || is_older) return;
    self_.ask(hub::NotePeerAnswer{peer, *answer.rows, sent}, [](const auto&) {});
  };
  network_.send_peer(
      self_.number(), other.number(), [this, &other, take_answer, command = std::move(command)] {
        other.peers().note_beacon(self_.number());
        other.ask(command, [this, &other, take_answer](const core::Result<hub::Reply>& reply) {
          network_.send_peer(other.number(), self_.number(),
                             [take_answer, reply] { take_answer(reply); });
        });
      });
}

void PeerPort::note_beacon(std::size_t from) {
  beacons_heard_.resize(std::max(beacons_heard_.size(), from + 1));
  beacons_heard_[from] = world_.now();
}

core::Duration PeerPort::find_beacon(std::size_t from) const {
  return from < beacons_heard_.size() ? beacons_heard_[from] : core::Duration{};
}

void PeerPort::count(const hub::Beacon& beacon) {
  ++traffic_.beacons;
  traffic_.pools += beacon.pools.size();
  if (beacon.is_full) {
    traffic_.bytes += codec::to_json(beacon).size();
  } else if (beacon.number % kBeaconsSampled == 0) {
    traffic_.bytes += codec::to_json(beacon).size() * kBeaconsSampled;
  }
}

}  // namespace intertie::simulation
