// A hub's process: engine, state machine and disk, its clock, and its side of the channels.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "intertie/agent/commands.h"
#include "intertie/engine/engine.h"
#include "intertie/hub/machine.h"

#include "disk.h"
#include "network.h"
#include "process_table.h"
#include "world.h"

namespace intertie::simulation {

class PeerPort;

class HubNode {
 public:
  using Engine = engine::Engine<hub::HubMachine>;
  using Answer = std::function<void(const core::Result<hub::Reply>&)>;
  /// Where the rows of a stream go.
  using RowSink = std::function<void(const std::vector<agent::HubRow>&)>;

  HubNode(World& world, Network& network, std::size_t number);
  ~HubNode();
  HubNode(const HubNode&) = delete;
  HubNode& operator=(const HubNode&) = delete;

  /// The others, for its channels to them. Before the first start.
  void join(std::vector<HubNode*> hubs);

  /// Starts the process: replay, then the loop. `site` below is a handle of this hub.
  void start();
  void crash();
  /// A crash after which start() does nothing.
  void die();
  /// While it is up: the machine is lost, and a backup of the log up to this record takes its
  /// place. Start it afterwards.
  void restore(storage::LogIndex last);
  /// Records that were the last durable ones during the last minute, the oldest first.
  const std::deque<storage::LogIndex>& backups() const { return backups_; }
  bool is_up() const { return engine_ != nullptr; }
  bool is_dead() const { return is_dead_; }

  /// Asks the hub; the answer comes when it is durable, or never if the hub crashes before.
  void ask(hub::Command command, Answer answer);

  /// A site's `GET rows?after=`: from now on rows go to `sink`. Replaces the site's stream.
  void open_stream(std::size_t site, std::uint64_t after, RowSink sink);

  /// Called after every append and every start.
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }

  /// Writes a snapshot of the durable log, made by a second fold, unless the log has hardly grown
  /// (by less than a 64th) since the last one.
  void write_snapshot();

  /// The state as the whole log gives it, without snapshots: read on from the last call, and anew
  /// if the log has doubled since it was read from its beginning, or always.
  std::string fold_log(bool is_anew = false);
  /// The same as a start would find it.
  std::string fold_from_snapshot();

  std::size_t number() const { return number_; }
  std::size_t first_site() const { return first_site_; }
  std::size_t site_count() const { return sites_; }
  std::uint64_t life() const { return life_; }
  /// Of its log, as hubs tell each other.
  const std::string& incarnation() const { return incarnation_; }
  PeerPort& peers() { return *peers_; }
  const PeerPort& peers() const { return *peers_; }
  Engine& engine() { return *engine_; }
  Disk& disk() { return disk_; }
  const hub::HubMachine& machine() const { return *machine_; }
  bool is_idle() const { return is_up() && engine_->is_idle(); }
  core::Time wall() const { return world_.wall(offset_); }

  core::Duration offset_;  // Of its wall clock.

 private:
  /// The clock that nothing steps.
  hub::HubClock read_clock() const { return {world_.now(), 1}; }
  struct Stream {
    bool is_open = false;
    std::uint64_t sent = 0;
    core::Duration spoke_at;
    RowSink sink;
  };

  void wake();
  void tick(std::uint64_t life);
  void poll();
  void send_rows(std::size_t site);

  World& world_;
  Network& network_;
  std::size_t number_;
  std::size_t first_site_ = 0;  // Its sites have the numbers from here on.
  std::size_t sites_ = 0;
  std::string incarnation_;
  std::unique_ptr<PeerPort> peers_;
  Disk disk_;
  std::function<void()> observer_;
  std::unique_ptr<hub::HubMachine> machine_;
  std::unique_ptr<Engine> engine_;
  std::vector<Stream> streams_;
  bool is_awake_ = false;
  bool is_dead_ = false;
  std::uint64_t life_ = 0;
  std::deque<storage::LogIndex> backups_;
  int restores_ = 0;
  storage::LogIndex snapshot_ = 0;         // Where the last one was written.
  std::unique_ptr<hub::HubMachine> fold_;  // For fold_log.
  storage::LogIndex folded_ = 0;           // So far it has read,
  storage::LogIndex folded_anew_ = 0;      // and so long was the log when it began.
};

}  // namespace intertie::simulation
