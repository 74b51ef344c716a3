#include "site_node.h"

#include <utility>

#include "intertie/engine/replay.h"
#include "intertie/measurement/signed_statement.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kSiteTick = core::seconds(1);
constexpr core::Duration kRepeat = core::milliseconds(300);

crypto::KeyPair make_key(std::size_t number) {
  std::vector<std::uint8_t> seed(crypto::KeyPair::kSeedLength, 7);
  seed[0] = static_cast<std::uint8_t>(number);
  seed[1] = static_cast<std::uint8_t>(number >> 8);
  return crypto::KeyPair::from_seed(seed);
}

measurement::Statement make_statement(const std::string& subject, core::Time now) {
  measurement::Statement statement;
  statement.subject = subject;
  statement.record_hash = "sha256:0";
  statement.method = measurement::kMethod;
  statement.method_version = measurement::kMethodVersion;
  statement.started = now - core::seconds(10);
  statement.ended = now;
  statement.expires = now + core::hours(24 * 7);
  statement.machine.usable_cpus = core::MilliCpus{1000};
  statement.machine.cores = statement.machine.hardware_threads = statement.machine.packages = 1;
  statement.machine.memory = statement.machine.usable_memory = core::Bytes{1 << 30};
  measurement::Figure figure;
  figure.what = measurement::Measure::fp64;
  figure.kernel = "simulated";
  figure.repeats = 5;
  figure.per_cpu_second = figure.wall_clock = {1'000'000'000, 900'000'000, 1'100'000'000};
  figure.cpu_per_wall_permille = 1000;
  figure.peak = 2'000'000'000;
  figure.peak_kernel = "simulated";
  statement.figures = {figure};
  return statement;
}

std::string make_pool_name(std::int64_t pool) {
  return pool == 0 ? "main" : "pool-" + std::to_string(pool);
}

topology::Pool make_pool(const SiteSpec& spec, std::int64_t number) {
  topology::Pool pool;
  pool.name = make_pool_name(number);
  pool.cpus_per_node = core::MilliCpus{spec.cpus * 1000};
  pool.memory_per_node = kNodeMemory;
  if (spec.devices > 0) pool.devices_per_node = {{"gpu", "", spec.devices, {}}};
  for (std::int64_t node = 0; node < spec.nodes; ++node) {
    pool.nodes.push_back({"n" + std::to_string(node), true});
  }
  pool.isolation = topology::Isolation::namespace_;
  pool.network = topology::Network::gang;
  pool.price = {spec.per_cpu_hour, core::Money{}, spec.per_device_hour, {}};
  return pool;
}

}  // namespace

SiteNode::SiteNode(World& world, Network& network, HubNode& hub, ProcessTable& processes,
                   std::size_t number)
    : world_(world),
      network_(network),
      hub_(hub),
      number_(number),
      handle_(list_sites(world.scenario)[number].handle),
      spec_(*list_sites(world.scenario)[number].spec),
      region_(make_region(list_sites(world.scenario)[number].hub)),
      name_(spec_.name + "-" + std::to_string(number)),
      identifier_(region_ + "S" + name_),
      key_(make_key(number)),
      lies_{world, spec_.lies_permille},
      disk_(world, static_cast<std::uint16_t>(number + 2), [this] { poll(); }),
      runner_(world, processes, number, offset_,
              [this](const execution::TaskKey& key) { tell_task(key); }) {}

void SiteNode::start() {
  disk_.open();
  machine_ = std::make_unique<SiteMachine>(key_, lies_);
  const auto report = engine::replay_store(*machine_, disk_.reader(), disk_.snapshots());
  if (!report) return world_.fail(name_ + " cannot start: " + core::to_text(report.error()));
  engine_ = std::make_unique<Engine>(*machine_, disk_, report->last, report->last_time);
  world_.trace.note(world_.now(), "agent starts at", static_cast<std::int64_t>(number_),
                    report->last.index);
  is_open_ = is_opening_ = is_posting_ = is_looking_ = false;
  received_ = taken_ = agent().state().inbox.received;
  acknowledged_ = 0;
  staging_.clear();
  collecting_.clear();
  // What ended meanwhile is told before the first turn, or an interval would be billed beyond it.
  for (const auto& [key, task] : runner_.tasks()) tell_task(key);
  tick(life_);
  beat();
}

void SiteNode::crash() {
  world_.trace.note(world_.now(), "agent crashes", static_cast<std::int64_t>(number_));
  ++life_;
  engine_.reset();
  machine_.reset();
  is_awake_ = false;
  disk_.crash();
}

void SiteNode::lose_power() {
  crash();
  runner_.lose_power();
}

hub::JoinSite SiteNode::make_join() const {
  hub::JoinSite join;
  join.site.name = name_;
  join.site.identifier = identifier_;
  join.site.region = region_;
  join.site.operator_account = "plant";
  for (std::int64_t number = 0; number < spec_.pools; ++number) {
    topology::Pool pool = make_pool(spec_, number);
    pool.identifier = region_ + "P" + name_ + "/" + pool.name;
    pool.region = region_;
    join.pools.push_back(std::move(pool));
  }
  join.sign_key = crypto::to_text(key_.public_key());
  join.nonce = "nonce of " + name_;
  return join;
}

void SiteNode::create() {
  agent::SiteCreated created{identifier_, {}};
  for (std::int64_t pool = 0; pool < spec_.pools; ++pool) {
    created.pools.push_back(make_pool_name(pool));
  }
  report(agent::CreateSite{std::move(created)});
  const auto statement =
      measurement::sign_statement(make_statement(identifier_, world_.wall()), key_);
  if (!statement) return world_.fail("statement: " + core::to_text(statement.error()));
  for (std::uint32_t pool = 0; pool < spec_.pools; ++pool) {
    report(agent::AddStatement{{pool, statement->envelope}});
  }
}

void SiteNode::report(agent::Command command) {
  if (!is_up()) return;
  const auto repeat = [this, life = life_, command](const core::Result<agent::Reply>& reply) {
    if (reply || life != life_) return;
    const core::Reason reason = reply.error().reason;
    if (reason == core::Reason::store_unavailable || reason == core::Reason::overloaded) {
      later(kRepeat, [this, command] { report(command); });
    }
  };
  engine_->submit(std::move(command), repeat);
  wake();
}

void SiteNode::later(core::Duration delay, std::function<void()> action) {
  world_.queue.after(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_ && is_up()) action();
  });
}

void SiteNode::wake() {
  if (std::exchange(is_awake_, true)) return;
  later({}, [this] {
    is_awake_ = false;
    poll();
  });
}

void SiteNode::tick(std::uint64_t life) {
  if (life != life_ || !is_up()) return;
  poll();
  later(kSiteTick, [this, life] { tick(life); });
}

void SiteNode::poll() {
  if (!is_up()) return;
  look_for_actions();
  for (int turn = 0; turn < kTurnsMax && engine_->poll(world_.wall(offset_)); ++turn) {
  }
  if (is_open_) post_rows();
}

void SiteNode::check_log() {
  SiteMachine whole(key_, lies_);
  if (!engine::replay_heads(whole, disk_.reader(), 0)) {
    return world_.fail("the log of " + name_ + " does not replay");
  }
  SiteMachine decoded(key_, lies_);
  const std::string bytes = whole.encode_state();
  if (!decoded.decode_state(bytes) || decoded.encode_state() != bytes) {
    world_.fail("a snapshot of " + name_ + " is not its state");
  }
  if (is_idle() && machine_->encode_state() != bytes) {
    world_.fail("the log of " + name_ + " gives another state");
  }
}

}  // namespace intertie::simulation
