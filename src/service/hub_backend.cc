#include "hub_backend.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "intertie/api/record_keeper.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/engine/index_rebuild.h"
#include "intertie/identity/allocator.h"
#include "intertie/identity/envelope.h"

#include "files.h"
#include "seal_key_need.h"
#include "site_clock.h"

namespace intertie::service {
namespace {

constexpr int kWorkers = 2;
constexpr std::size_t kWorkQueuedMax = 1'000;

ledger::EntryId make_random_entry_id() {
  const crypto::ByteString bytes = crypto::random_bytes(16);
  ledger::EntryId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8 | bytes[i];
    id.low = id.low << 8 | bytes[i + 8];
  }
  id.high >>= 1;  // The upper half of the ids is kept for holds.
  return id;
}

std::int64_t read_resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long long size = 0;
  long long resident = 0;
  const int count = std::fscanf(file, "%lld %lld", &size, &resident);
  std::fclose(file);
  return count == 2 ? resident * ::sysconf(_SC_PAGESIZE) : 0;
}

// The kernel's name for this start of the machine, as a number; 0: it says none.
std::uint64_t read_boot_id() {
  const auto text = read_whole_file("/proc/sys/kernel/random/boot_id", 64);
  if (!text) return 0;
  const crypto::Digest digest = crypto::compute_sha256(std::string_view(*text));
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | digest.bytes[i];
  return id;
}

core::Result<api::SiteFilePiece> read_file_piece(const core::Result<std::string>& body) {
  if (!body) return body.error();
  const auto answer = codec::from_json<api::PeerFileAnswer>(*body, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto bytes = crypto::decode_base64url(answer->bytes);
  if (!bytes) return bytes.error();
  return api::SiteFilePiece{std::string(crypto::as_text(*bytes)), answer->size};
}

void add_metric(std::string& text, std::string_view name, std::string_view type,
                std::string_view help, std::int64_t value) {
  text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text.append(name).append(" ").append(type).append("\n");
  text.append(name).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace

core::Result<std::unique_ptr<HubBackend>> HubBackend::open(const HubOptions& options, Log& log,
                                                           FailPoints& fail_points) {
  auto store = open_hub_store(options, make_fail_hook(fail_points, options.store_fault));
  if (!store) return store.error();
  std::unique_ptr<HubBackend> backend(new HubBackend(std::move(*store), options, log, fail_points));
  auto datasets = HubDatasets::open(
      make_store_options(options.folder + "/datasets", options.content_bytes_max, fail_points));
  if (!datasets) return datasets.error();
  backend->datasets_ = std::move(*datasets);
  backend->sweep_datasets();
  if (auto done = backend->start_engine(options); !done) return done.error();
  if (auto done = backend->open_keys(options); !done) return done.error();
  if (auto done = backend->create_hub(options); !done) return done.error();
  backend->start_peers();
  backend->keep_records();
  return backend;
}

HubBackend::HubBackend(HubStore store, const HubOptions& options, Log& log, FailPoints& fail_points)
    : log_(log),
      fail_points_(fail_points),
      store_(std::move(store.store)),
      shared_(store.shared),
      boot_id_(read_boot_id()),
      readers_(*store_),
      answers_(fail_points),
      workers_(kWorkers, kWorkQueuedMax),
      sender_(1, kWorkQueuedMax),
      watchers_(deadlines_, workers_),
      log_watchers_(deadlines_, workers_),
      rows_(
          sender_, [this](storage::LogIndex index) { return read_body(index); }, fail_points, log),
      asks_(deadlines_),
      lines_(deadlines_, workers_),
      snapshots_(
          *store_, [] { return std::make_unique<hub::HubMachine>(); },
          SnapshotPolicy{options.snapshot_records, options.snapshot_interval}, log) {}

HubBackend::~HubBackend() {
  release_waiting();
  if (const auto peers = find_peers()) peers->stop();
  if (engine_) engine_->stop(core::Duration{0});
  // The threads that still may call this object end before any of its parts.
  workers_.stop();
  sender_.stop();
  peer_data_.stop();
  deadlines_.stop();
}

std::shared_ptr<PeerLinks> HubBackend::find_peers() {
  const std::lock_guard lock(peers_mutex_);
  return peers_;
}

void HubBackend::start_peers() {
  PeerContext context{*engine_,
                      *keys_,
                      crypto::encode_hex(store_->incarnation()),
                      [this](storage::LogIndex index) { return read_body(index); },
                      fail_points_,
                      log_,
                      lines_};
  {
    const std::lock_guard lock(peers_mutex_);
    peers_ = std::make_shared<PeerLinks>(std::move(context));
  }
  engine_->read([this](const core::Result<const hub::HubMachine*>& machine) {
    if (!machine) return DurableAction();
    return DurableAction([this, state = *machine] {
      lines_.look(*state);
      if (const auto peers = find_peers()) peers->look(*state, engine_->durable_index());
    });
  });
}

// A rebuild of the index that was interrupted is done again.
core::Result<void> HubBackend::complete_index() {
  auto reader = store_->open_reader();
  if (!reader) return reader.error();
  const auto indexed = (*reader)->read_indexed_up_to();
  if (!indexed) return indexed.error();
  if (*indexed == store_->last().index) return {};
  log_.write(LogLevel::warning, "engine", "index_rebuilt",
             {{"from", static_cast<std::int64_t>(*indexed)}});
  hub::HubMachine machine;
  return engine::rebuild_index(machine, *store_);
}

hub::HubClock HubBackend::read_hub_clock() const {
  return {core::Duration{read_boot_time().micros}, boot_id_};
}

core::Result<void> HubBackend::start_engine(const HubOptions& options) {
  EngineHooks<hub::HubMachine> hooks;
  hooks.on_durable = [this](const hub::HubMachine& machine, storage::LogIndex durable,
                            const std::vector<std::uint64_t>& subjects) {
    batches_.fetch_add(1, std::memory_order_relaxed);
    watchers_.notify(subjects);
    log_watchers_.notify(durable);
    rows_.look(machine, durable);
    lines_.look(machine);
    if (const auto peers = find_peers()) peers->look(machine, durable);
    snapshots_.note_durable(durable);
  };
  hooks.on_turn_end = [this](const hub::HubMachine&, core::Time) { answers_.flush(); };
  hooks.on_store_change = [this, tell = options.on_store_change](const core::Error* failure) {
    write_store_change(log_, "engine", failure);
    if (tell) tell(failure);
  };
  if (auto done = complete_index(); !done) return done;
  auto machine = std::make_unique<hub::HubMachine>();
  machine->note_clock(read_hub_clock());
  auto engine = EngineThread<hub::HubMachine>::start(std::move(machine), *store_, std::move(hooks));
  if (!engine) return engine.error();
  engine_ = std::move(*engine);
  answers_.set_collecting_thread(engine_->thread_id());
  const engine::ReplayReport& report = engine_->replay_report();
  snapshots_.note_start(report.snapshot, report.last.index);
  log_watchers_.notify(report.last.index);
  log_.write(LogLevel::info, "engine", "replayed",
             {{"last", static_cast<std::int64_t>(report.last.index)},
              {"snapshot", static_cast<std::int64_t>(report.snapshot)},
              {"heads", static_cast<std::int64_t>(report.heads)}});
  for (const auto& skipped : report.skipped) {
    log_.write(LogLevel::error, "engine", "snapshot_unusable",
               {{"index", static_cast<std::int64_t>(skipped.index)}, {"detail", skipped.why}});
  }
  return {};
}

core::Result<void> HubBackend::open_keys(const HubOptions& options) {
  std::promise<core::Result<std::string>> promise;
  engine_->read([&promise](const core::Result<const hub::HubMachine*>& machine) {
    core::Result<std::string> id = core::Error{};
    if (machine) {
      id = (*machine)->state().facts.id;
    } else {
      id = machine.error();
    }
    return [&promise, id] { promise.set_value(id); };
  });
  const core::Result<std::string> known = promise.get_future().get();
  if (!known) return known.error();
  hub_id_ = *known;
  if (hub_id_.empty()) {
    const auto region = identity::parse_registry_code(options.region);
    if (!region) return core::Error{core::Reason::bad_argument, "region: " + options.region};
    hub_id_ =
        identity::to_text(identity::get_registry_identifier(identity::make_allocator(*region)));
  }
  // Keys made here would be another hub's.
  if (shared_ != nullptr && !known->empty() &&
      !std::filesystem::exists(options.folder + "/keys/sign.pem")) {
    return core::Error{core::Reason::bad_key,
                       "the hub's keys are not in " + options.folder +
                           "/keys: copy them from the folder of another of its processes"};
  }
  auto keys = open_hub_keys(options.folder + "/keys", hub_id_, options.host_names, read_clock());
  if (!keys) return keys.error();
  keys_.emplace(std::move(*keys));
  if (auto done = forget_seal_keys(options.folder + "/keys"); !done) return done;
  if (known->empty()) fail_points_.pass(ServicePoint::start_before_create);
  return {};
}

// Nothing that has not ended was sealed to them any more.
core::Result<void> HubBackend::forget_seal_keys(const std::string& folder) {
  if (keys_->former_seals.empty()) return {};
  std::promise<core::Result<std::vector<std::uint64_t>>> promise;
  engine_->read([&promise](const core::Result<const hub::HubMachine*>& machine) {
    core::Result<std::vector<std::uint64_t>> documents = core::Error{};
    if (machine) {
      documents = list_documents_with_secrets((*machine)->state());
    } else {
      documents = machine.error();
    }
    return [&promise, documents] { promise.set_value(documents); };
  });
  const auto documents = promise.get_future().get();
  if (!documents) return documents.error();
  const auto dropped = drop_unneeded_seal_keys(
      keys_->former_seals, *documents, [this](std::uint64_t index) { return read_body(index); },
      read_clock());
  if (!dropped) return dropped.error();
  if (*dropped == 0) return {};
  log_.write(LogLevel::info, "hub", "former_seal_keys_dropped",
             {{"count", static_cast<std::int64_t>(*dropped)}});
  return put_former_seal_keys(folder, keys_->former_seals);
}

// At the first start the hub itself; at each, the principals that are named and not there yet.
core::Result<void> HubBackend::create_hub(const HubOptions& options) {
  const bool is_first = engine_->replay_report().last.index == 0;
  std::vector<hub::Command> commands;
  if (is_first) {
    commands.push_back(
        hub::CreateHub{{hub_id_, options.region, options.name, options.currency,
                        crypto::to_text(keys_->sign.public_key()), options.fee_per_mille}});
    commands.push_back(hub::CreatePrincipal{"operator", hub::Role::operator_, 0, {}});
  }
  for (const FirstPrincipal& each : options.principals) {
    if (!is_first && check_principal(each.name)) continue;
    commands.push_back(hub::CreatePrincipal{each.name, each.role, 0, each.credit_limit});
    if (each.deposit > core::Money{}) {
      commands.push_back(hub::Deposit{make_random_entry_id(), each.name, each.deposit});
    }
  }
  if (auto done = submit_in_one_turn(std::move(commands)); !done) return done;
  if (is_first) {
    log_.write(LogLevel::info, "hub", "created", {{"id", hub_id_}, {"region", options.region}});
  }
  return {};
}

// The log never holds half of them, unless one is refused.
core::Result<void> HubBackend::submit_in_one_turn(std::vector<hub::Command> commands) {
  std::vector<std::promise<core::Result<hub::Reply>>> answers(commands.size());
  std::vector<EngineThread<hub::HubMachine>::Submission> submissions;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    submissions.push_back({std::move(commands[i]), [&answers, i](core::Result<hub::Reply> reply) {
                             answers[i].set_value(std::move(reply));
                           }});
  }
  engine_->submit_together(std::move(submissions));
  std::optional<core::Error> failure;
  for (auto& each : answers) {
    const auto reply = each.get_future().get();
    if (!reply && !failure) failure = reply.error();
  }
  if (failure) return *failure;
  return {};
}

core::Result<std::string> HubBackend::read_body(storage::LogIndex index) {
  auto body = readers_.get().read_body(index);
  if (!body) return body.error();
  return std::move(body->bytes);
}

void HubBackend::announce(const std::string& user_address) {
  if (shared_ != nullptr) shared_->announce(user_address);
}

core::Time HubBackend::now() const { return read_clock(); }

void HubBackend::submit(hub::Command command, std::function<void(core::Result<hub::Reply>)> done) {
  commands_.fetch_add(1, std::memory_order_relaxed);
  engine_->submit(std::move(command), std::move(done));
}

void HubBackend::read(
    std::function<DurableAction(const core::Result<const hub::HubMachine*>&)> look) {
  engine_->read(std::move(look));
}

void HubBackend::run_aside(std::function<void()> work) { workers_.post(std::move(work)); }

storage::Reader& HubBackend::reader() { return readers_.get(); }

void HubBackend::watch_job(std::uint64_t job, core::Time deadline, std::function<void()> wake) {
  const core::Time present = read_clock();
  watchers_.watch(job, deadline > present ? deadline - present : core::Duration{0},
                  std::move(wake));
}

void HubBackend::watch_log(storage::LogIndex after, std::function<void()> wake) {
  log_watchers_.watch(after, std::move(wake));
}

// Every minute, aside: what is no longer to be kept goes.
void HubBackend::sweep_datasets() {
  deadlines_.add(core::minutes(1), [this] {
    workers_.try_post([this] { datasets_->sweep(); });
    sweep_datasets();
  });
}

// What the registry itself has to say about the records of its sites.
void HubBackend::keep_records() {
  deadlines_.add(core::seconds(10), [this] {
    api::mark_stale_records(*this, [this](const core::Error& error) {
      log_.write(LogLevel::warning, "hub", "record_not_stale", {{"error", core::to_text(error)}});
    });
    keep_records();
  });
}

void HubBackend::read_site_file(const api::SiteFileRequest& request,
                                std::function<void(core::Result<api::SiteFilePiece>)> done) {
  asks_.ask(request, std::move(done));
}

void HubBackend::attach_site_stream(std::uint32_t site, std::uint64_t after,
                                    std::shared_ptr<api::Stream> stream) {
  asks_.attach(site, stream);
  engine_->read([this, site, after, stream](const core::Result<const hub::HubMachine*>& machine) {
    if (!machine) {
      stream->close();
      return DurableAction();
    }
    return DurableAction([this, site, after, stream, state = *machine] {
      rows_.attach(site, after, stream, *state, engine_->durable_index());
    });
  });
}

void HubBackend::take_site_answer(std::uint32_t site, std::uint64_t ask,
                                  core::Result<api::SiteFilePiece> piece) {
  asks_.take_answer(site, ask, std::move(piece));
}

const crypto::KeyPair& HubBackend::token_key() const { return keys_->token; }

std::vector<api::FormerTokenKey> HubBackend::former_token_keys() const {
  return keys_->former_tokens;
}

const crypto::SealPublicKey& HubBackend::seal_key() const { return keys_->seal.public_key(); }

core::Result<crypto::Secret> HubBackend::open_box(std::string_view box,
                                                  crypto::BoxContext context) const {
  return open_bound_with(box, context, keys_->seal, keys_->former_seals);
}

void HubBackend::pace_line(const api::LineUse& use, std::int64_t wanted,
                           std::function<void(core::Result<std::int64_t>)> done) {
  lines_.wait_turn(use, wanted, std::move(done));
  if (auto wish = lines_.find_wish(use)) {
    submit(std::move(*wish), [](const core::Result<hub::Reply>&) {});
  }
}

std::int64_t HubBackend::count_sent(const std::string& region) const {
  return lines_.count_sent(region);
}

core::Result<std::string> HubBackend::sign_record(std::string_view payload_type,
                                                  std::string_view payload) {
  return identity::seal_envelope(payload_type, payload, keys_->sign);
}

std::string HubBackend::site_address() const { return site_address_; }

std::string HubBackend::site_fingerprint() const { return keys_->site_fingerprint; }

std::string HubBackend::peer_tls_key() const { return crypto::to_text(keys_->tls.public_key()); }

void HubBackend::read_peer_file(std::uint32_t peer, const api::PeerFileRequest& request,
                                std::function<void(core::Result<api::SiteFilePiece>)> done) {
  ask_peer(peer, {"POST", "/peer/v1/files", codec::to_json(request)},
           [done = std::move(done)](const core::Result<std::string>& body) {
             done(read_file_piece(body));
           });
}

void HubBackend::greet_peer(std::uint32_t peer) {
  const auto peers = find_peers();
  if (const auto link = peers ? peers->find(peer) : nullptr) link->greet();
}

void HubBackend::ask_peer(std::uint32_t peer, api::PeerQuestion question,
                          std::function<void(core::Result<std::string>)> done) {
  const auto peers = find_peers();
  const auto link = peers ? peers->find(peer) : nullptr;
  if (!link) return done(core::Error{core::Reason::unreachable, "no link to that hub"});
  peer_data_.ask(*link, std::move(question), std::move(done));
}

void HubBackend::fetch_from_peer(api::PeerFetch ask,
                                 std::function<void(core::Result<api::Response>)> done) {
  const auto peers = find_peers();
  const auto link = peers ? peers->find(ask.peer) : nullptr;
  if (!link) return done(core::Error{core::Reason::unreachable, "no link to that hub"});
  peer_data_.fetch(*link, ask, std::move(done));
}

std::string HubBackend::service_metrics() {
  const auto count = [](auto value) { return static_cast<std::int64_t>(value); };
  std::string text;
  add_metric(text, "intertie_commands_total", "counter", "Commands given to the engine.",
             count(commands_.load()));
  add_metric(text, "intertie_answers_total", "counter", "HTTP answers given.",
             count(answers_.sent()));
  add_metric(text, "intertie_log_batches_total", "counter", "Batches made durable.",
             count(batches_.load()));
  add_metric(text, "intertie_log_durable_index", "gauge", "The log's last durable record.",
             count(engine_->durable_index()));
  add_metric(text, "intertie_store_available", "gauge", "0 while the store cannot be written.",
             engine_->is_store_unavailable() ? 0 : 1);
  add_metric(text, "intertie_content_bytes", "gauge", "Bytes of all datasets, as they are charged.",
             count(datasets_->used()));
  add_metric(text, "intertie_watches", "gauge", "Long polls and streams that wait for jobs.",
             count(watchers_.size()));
  add_metric(text, "intertie_site_streams", "gauge", "Sites with an open stream.",
             count(asks_.streams()));
  add_metric(text, "intertie_resident_bytes", "gauge", "Memory of the process.",
             read_resident_bytes());
  return text;
}

core::Result<void> HubBackend::check_principal(const std::string& name) {
  std::promise<core::Result<void>> promise;
  engine_->read([&](const core::Result<const hub::HubMachine*>& machine) {
    core::Result<void> found;
    if (!machine) {
      found = machine.error();
    } else if (!(*machine)->state().principal_handles.contains(name)) {
      found = core::Error{core::Reason::not_found, "principal " + name};
    }
    return DurableAction([&promise, found] { promise.set_value(found); });
  });
  return promise.get_future().get();
}

void HubBackend::release_waiting() {
  answers_.set_stopping();
  watchers_.stop();
  log_watchers_.stop();
  asks_.stop();
  lines_.stop();
  peer_data_.stop();
}

bool HubBackend::close(core::Duration grace) {
  if (std::exchange(is_closed_, true)) return true;
  release_waiting();
  if (const auto peers = find_peers()) peers->stop();
  const bool is_drained = engine_->stop(grace);
  workers_.stop();
  sender_.stop();
  peer_data_.stop();
  deadlines_.stop();
  bool is_sound = is_drained;
  if (!is_drained) {
    log_.write(LogLevel::error, "engine", "stopped_undrained",
               {{"durable", static_cast<std::int64_t>(engine_->durable_index())}});
  } else if (auto done = snapshots_.finish(engine_->get_stopped_machine()); !done) {
    log_.write(LogLevel::error, "snapshots", "finish_failed",
               {{"detail", core::to_text(done.error())}});
    is_sound = false;
  }
  engine_.reset();  // With it go the answers that nobody gave.
  return is_sound;
}

}  // namespace intertie::service
