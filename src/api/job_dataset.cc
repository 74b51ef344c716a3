// What a job's site may read: from this hub's store, or through it from the region that holds it.
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "intertie/api/grant_views.h"
#include "intertie/transfer/data_policy.h"
#include "intertie/transfer/grant.h"

#include "byte_range.h"
#include "dataset_access.h"
#include "grants.h"
#include "regional.h"
#include "router_core.h"

namespace intertie::api {
namespace {

// A piece over a slow line; the site repeats what took longer.
constexpr core::Duration kPieceTimeout = core::minutes(1);
constexpr std::uint64_t kPieceBytesMin = 64u << 10;

// Of another region: its home hub and that hub's number for it.
struct GuestOffer {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
};

struct JobReader {
  std::string owner;        // As this hub's store calls it.
  std::string site_region;  // Of the site.
  std::string site;         // Its identifier.
  std::uint64_t job = 0;
  std::uint64_t document = 0;  // Log index.
  std::optional<GuestOffer> guest;
  std::vector<hub::DataCopy> copies;  // At other sites of this hub.
};

struct Readers {
  std::vector<JobReader> readers;
  Regions regions;
  std::map<std::string, std::uint64_t> pieces;  // By region: how much to ask for at a time.
};

// About a second of the line: a reader that hears nothing for long takes its source for a slow one.
std::uint64_t choose_piece(const hub::HubMachine& machine, const std::string& from,
                           core::Time now) {
  const topology::LineTerms line =
      machine.lines().get_terms({from, machine.state().facts.region}, now);
  return std::clamp(static_cast<std::uint64_t>(line.bits_per_second) / 8, kPieceBytesMin,
                    kPeerPieceBytes);
}

// The owner of a job whose present attempt is the site's.
std::optional<JobReader> find_job_reader(const hub::State& state, std::uint64_t number,
                                         std::uint32_t site) {
  const hub::Job* const job = state.find_job(number);
  if (job == nullptr || job->reservation == 0) return std::nullopt;
  const hub::Reservation* const reservation = state.find_reservation(job->reservation);
  if (reservation == nullptr) return std::nullopt;
  const auto& pools = state.sites[site].pools;
  if (std::ranges::find(pools, reservation->terms.pool) == pools.end()) return std::nullopt;
  const topology::Site& terms = state.sites[site].site;
  JobReader reader{{}, terms.region, terms.identifier, number, job->document, {}, {}};
  if (const hub::Guest* const guest = state.find_guest(number)) {
    if (reservation->attempt == 0) return std::nullopt;
    reader.owner = transfer::translate_user(guest->user, state.peers[guest->peer].terms.region,
                                            state.facts.region);
    reader.guest = {guest->peer, guest->offer};
  } else {
    reader.owner = state.principals[job->owner].name;
  }
  return reader;
}

// Agents that do not name the job yet: every owner with an attempt there.
std::vector<JobReader> list_job_readers(const hub::State& state, std::uint32_t site) {
  std::vector<JobReader> readers;
  for (const auto& [number, reservation] : state.reservations) {
    if (auto reader = find_job_reader(state, reservation.terms.job, site)) {
      readers.push_back(std::move(*reader));
    }
  }
  std::ranges::sort(readers, {}, &JobReader::owner);
  const auto is_same = [](const JobReader& a, const JobReader& b) { return a.owner == b.owner; };
  readers.erase(std::unique(readers.begin(), readers.end(), is_same), readers.end());
  return readers;
}

Readers list_readers(const hub::HubMachine& machine, std::uint64_t job, std::uint32_t site,
                     const transfer::DatasetKey& key, core::Time now) {
  Readers found;
  if (job == 0) {
    found.readers = list_job_readers(machine.state(), site);
  } else if (auto reader = find_job_reader(machine.state(), job, site)) {
    if (key.kind == transfer::DatasetKey::Kind::root) {
      reader->copies = machine.find_copies(job, key.digest);
    }
    found.readers.push_back(std::move(*reader));
    found.regions = list_regions(machine);
    for (const RegionPeer& peer : found.regions.peers) {
      found.pieces.emplace(peer.region, choose_piece(machine, peer.region, now));
    }
  }
  return found;
}

std::vector<DataSourceView> list_copies(const Call& call, const JobReader& reader,
                                        const crypto::Digest& root) {
  return make_copy_passes(call, reader.copies, root, {reader.site, reader.site_region});
}

/// One request that another region's hub answers in the end.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(CallPointer call, DatasetPart part, Readers found, const transfer::DatasetKey& key)
      : call_(std::move(call)),
        part_(part),
        reader_(std::move(found.readers.front())),
        regions_(std::move(found.regions)),
        pieces_(std::move(found.pieces)),
        key_(key),
        key_text_(transfer::to_text(key)) {}

  void start() {
    if (const auto known = call_->core.grants().find(reader_.job, key_text_, now())) {
      return use_grant(*known);
    }
    ask_grant();
  }

 private:
  core::Time now() const { return call_->backend.now(); }

  void ask_grant() {
    is_grant_new_ = true;
    if (!reader_.guest) {
      return take_grant(make_grant(
          *call_,
          {regions_.region, reader_.owner, reader_.document, 0, regions_.id, regions_.region},
          key_));
    }
    PeerFetch ask;
    ask.peer = reader_.guest->peer;
    ask.method = "POST";
    ask.path = "/peer/v1/grants";
    ask.body = codec::to_json(GrantRequest{reader_.guest->offer, key_text_});
    call_->backend.fetch_from_peer(std::move(ask), [self = shared_from_this()](
                                                       core::Result<Response> response) {
      if (!response) return self->take_grant(response.error());
      self->take_grant(codec::from_json<GrantAnswer>(response->body, codec::Boundary::tolerant));
    });
  }

  void take_grant(const core::Result<GrantAnswer>& answer) {
    if (!answer) return fail(*call_, answer.error());
    call_->core.grants().keep(reader_.job, key_text_, *answer, now());
    use_grant(*answer);
  }

  void use_grant(GrantAnswer answer) {
    grant_ = std::move(answer);
    holders_.clear();
    for (const std::string& region : grant_.regions) {
      if (const RegionPeer* const peer = regions_.find(region)) holders_.push_back(peer);
    }
    if (holders_.empty()) {
      const bool is_here = grant_.regions.empty() || grant_.regions.front() == regions_.region;
      return fail(*call_, is_here ? core::Error{core::Reason::not_found, key_text_}
                                  : make_no_peer(grant_.regions.front()));
    }
    ask_holder(0);
  }

  // Copies in this region come first: they need no line.
  void take_sources(std::size_t position, const Response& response) {
    auto there = codec::from_json<DataSources>(response.body, codec::Boundary::tolerant);
    if (!there) there = DataSources{};
    if (there->sources.empty() && position + 1 < holders_.size()) return ask_holder(position + 1);
    DataSources sources{list_own_copies()};
    std::ranges::move(there->sources, std::back_inserter(sources.sources));
    respond_view(*call_, sources);
  }

  std::vector<DataSourceView> list_own_copies() const {
    const auto root = transfer::parse_dataset(grant_.dataset);
    return root ? list_copies(*call_, reader_, *root) : std::vector<DataSourceView>();
  }

  // One after another: a hub that is away, or has lost it, is not the only one.
  void ask_holder(std::size_t position) {
    const auto root = transfer::parse_dataset(grant_.dataset);
    if (!root) return fail(*call_, root.error());
    call_->backend.fetch_from_peer(make_ask(position, *root), [self = shared_from_this(), position](
                                                                  core::Result<Response> response) {
      if (!response) return self->take_refusal(position, response.error());
      self->take_answer(position, std::move(*response));
    });
  }

  PeerFetch make_ask(std::size_t position, const crypto::Digest& root) const {
    PeerFetch ask;
    ask.peer = holders_[position]->handle;
    ask.path = "/peer/v1/datasets/" + crypto::encode_hex(root.bytes);
    ask.grant = grant_.grant;
    ask.timeout = kPieceTimeout;
    if (part_ == DatasetPart::sources) {
      ask.method = "POST";
      ask.path += "/passes";
      ask.body = codec::to_json(PassRequest{reader_.site, call_->peer_key});
      return ask;
    }
    ask.path += part_ == DatasetPart::manifest ? "/manifest" : "/content";
    ask.range = clip_byte_range(call_->request.range, pieces_.at(holders_[position]->region));
    return ask;
  }

  void take_answer(std::size_t position, Response response) {
    if (part_ == DatasetPart::manifest) {
      response.headers.emplace_back("Intertie-Holder", holders_[position]->id);
    }
    if (part_ == DatasetPart::sources) return take_sources(position, response);
    respond(*call_, std::move(response));
  }

  void take_refusal(std::size_t position, const core::Error& error) {
    const bool is_of_grant = error.reason == core::Reason::token_expired ||
                             error.reason == core::Reason::bad_signature ||
                             error.reason == core::Reason::denied;
    if (is_of_grant) call_->core.grants().drop(reader_.job, key_text_);
    if (is_of_grant && !is_grant_new_) return ask_grant();
    if (position + 1 < holders_.size()) return ask_holder(position + 1);
    // An older hub knows nothing of passes.
    if (part_ == DatasetPart::sources && !is_of_grant) {
      return respond_view(*call_, DataSources{list_own_copies()});
    }
    fail(*call_, error);
  }

  const CallPointer call_;
  const DatasetPart part_;
  const JobReader reader_;
  const Regions regions_;
  const std::map<std::string, std::uint64_t> pieces_;
  const transfer::DatasetKey key_;
  const std::string key_text_;
  GrantAnswer grant_;
  bool is_grant_new_ = false;
  std::vector<const RegionPeer*> holders_;  // In regions_.
};

void respond_part(const CallPointer& call, const JobReader& reader,
                  const transfer::DatasetInfo& info, DatasetPart part) {
  if (part == DatasetPart::sources) {
    return respond_view(*call, DataSources{list_copies(*call, reader, info.root)});
  }
  if (part == DatasetPart::manifest) return respond_manifest(call, info);
  respond_content(call, info, true);
}

}  // namespace

void respond_job_dataset(const CallPointer& call, DatasetPart part) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  const auto job = read_number(*call, "job", 0);
  if (!job) return fail(*call, job.error());
  look_then(
      call,
      [job = *job, site = call->site, key = *key, now = call->backend.now()](
          const hub::HubMachine& machine) { return list_readers(machine, job, site, key, now); },
      [call, part, key = *key](Readers found) {
        for (const JobReader& reader : found.readers) {
          const auto info = call->backend.datasets().find(reader.owner, key);
          if (!info || !info->is_complete()) continue;
          const auto may_lie =
              transfer::check_place(info->policy, {reader.site_region}, call->backend.now());
          if (!may_lie) return fail(*call, may_lie.error());
          return respond_part(call, reader, *info, part);
        }
        // Without the job's number nobody can say whose leave is needed.
        if (found.readers.empty() || found.regions.peers.empty()) {
          return fail(*call, {core::Reason::not_found, transfer::to_text(key)});
        }
        std::make_shared<Relay>(call, part, std::move(found), key)->start();
      });
}

}  // namespace intertie::api
