#include "landing.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/landing_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/hub/running_job.h"

#include "dataset_access.h"
#include "regional.h"

namespace intertie::api {
namespace {

// What came of an output whose job never ended goes after that.
constexpr core::Duration kUnfinishedKept = core::hours(24 * 7);
// A chunk may be on its way on a slow line.
constexpr core::Duration kChunkTimeout = core::minutes(2);

/// One step, as a site or another hub asks for it.
struct Step {
  std::uint64_t subject = 0;  // A site's job; a peer's offer.
  std::uint32_t attempt = 0;
  std::size_t output = 0;  // Its position in data.out.
  crypto::Digest root;
  std::optional<std::uint32_t> chunk;  // Else the body is the manifest.
  bool is_last = false;                // All outputs are there: it gets its name.
};

/// Where the step's output is to lie.
struct Landing {
  std::string owner;
  std::string name;
  std::string region;
};

core::Result<Step> read_step(const Call& call, const char* subject) {
  Step step;
  const auto key = read_dataset_key(call);
  if (!key) return key.error();
  if (key->kind != transfer::DatasetKey::Kind::root) {
    return core::Error{core::Reason::bad_field, "dataset: 64 hexadecimal digits"};
  }
  step.root = key->digest;
  const auto number = read_number(call, subject, 0);
  if (!number) return number.error();
  const auto attempt = read_number(call, "attempt", 0);
  if (!attempt) return attempt.error();
  const auto output = read_number(call, "output", core::limits::job_files_max);
  if (!output) return output.error();
  if (*attempt > UINT32_MAX || *output >= core::limits::job_files_max) {
    return core::Error{core::Reason::bad_field, "?attempt, ?output"};
  }
  step.subject = *number;
  step.attempt = static_cast<std::uint32_t>(*attempt);
  step.output = static_cast<std::size_t>(*output);
  step.is_last = find_query(call, "last").value_or("false") == "true";
  if (call.parameters.size() < 2) return step;
  const auto chunk = parse_number(call.parameters[1], "chunk");
  if (!chunk || *chunk >= core::limits::manifest_chunks_max) {
    return core::Error{core::Reason::bad_field, "chunk: a number of the manifest"};
  }
  step.chunk = static_cast<std::uint32_t>(*chunk);
  return step;
}

std::string make_path(const Step& step) {
  std::string path = "/" + crypto::encode_hex(step.root.bytes);
  if (step.chunk) path += "/chunks/" + std::to_string(*step.chunk);
  return path;
}

core::Result<Landing> find_landing(Backend& backend, std::uint64_t document, std::string owner,
                                   std::size_t output) {
  const auto body = backend.reader().read_body(document);
  if (!body) return body.error();
  const auto job = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  if (!job) return job.error();
  const auto& outputs = job->data.out;
  if (output >= outputs.size() || outputs[output].to.empty()) {
    return core::Error{core::Reason::not_found,
                       "data.out[" + std::to_string(output) + "]: the job names no dataset for it"};
  }
  return Landing{std::move(owner), hub::get_landing_name(outputs[output]), outputs[output].region};
}

core::Error make_unfinished() { return {core::Reason::bad_field, "?last: chunks are missing"}; }

// Without its name until the last step; then the name is the new one's at once. What the owner has
// already keeps its policy.
core::Result<transfer::DatasetInfo> store_manifest(Backend& backend, const Landing& landing,
                                                   const Step& step, const std::string& bytes) {
  auto manifest = transfer::decode_manifest(bytes);
  if (!manifest) return manifest.error();
  if (transfer::compute_root(*manifest) != step.root) {
    return core::Error{core::Reason::bad_digest, "the manifest is another dataset's"};
  }
  Datasets& datasets = backend.datasets();
  transfer::DatasetWish wish;
  wish.owner = landing.owner;
  wish.manifest = std::move(*manifest);
  wish.policy.keep_until = backend.now() + kUnfinishedKept;
  const auto known =
      datasets.find(landing.owner, {transfer::DatasetKey::Kind::root, step.root, {}, {}});
  if (known && known->owner == landing.owner) {
    wish.name = known->name;
    wish.policy = known->policy;
  }
  auto info = datasets.begin(wish);
  if (!info || !step.is_last) return info;
  if (!info->is_complete()) return make_unfinished();
  if (info->name.empty()) wish.policy.keep_until.reset();
  wish.name = landing.name;
  return datasets.begin(wish);
}

void store_step(const CallPointer& call, const Landing& landing, const Step& step) {
  Datasets& datasets = call->backend.datasets();
  if (step.chunk) {
    const auto done = datasets.put_chunk(landing.owner, step.root, *step.chunk, call->request.body);
    if (!done) return fail(*call, done.error());
    return respond_view(*call, LandingView{});
  }
  const auto info = store_manifest(call->backend, landing, step, call->request.body);
  if (!info) return fail(*call, info.error());
  LandingView view;
  view.is_complete = info->is_complete();
  if (!view.is_complete) {
    const auto journal = datasets.get_journal(landing.owner, step.root);
    if (!journal) return fail(*call, journal.error());
    for (const auto& [first, last] : journal->list_missing(kMissingRangesMax)) {
      view.missing.push_back({first, last});
    }
  }
  respond_view(*call, view);
}

using PeerAnswer = std::function<void(const core::Result<std::string>&)>;

/// Another region's hub.
struct PeerRegion {
  std::uint32_t peer = 0;
  std::string region;
};

// The request's body goes on to another hub when the line there has room for it.
void send_on(const CallPointer& call, const PeerRegion& to, const std::string& target,
             PeerAnswer then) {
  const auto bytes = static_cast<std::int64_t>(call->request.body.size());
  wait_for_line(call, to.region, bytes, [call, peer = to.peer, target, then = std::move(then)] {
    call->backend.ask_peer(peer, {"PUT", target, std::move(call->request.body), kChunkTimeout},
                           then);
  });
}

// The other hub's answer as it is.
void respond_landing(const CallPointer& call, const core::Result<std::string>& body) {
  if (!body) return fail(*call, body.error());
  const auto view = codec::from_json<LandingView>(*body, codec::Boundary::tolerant);
  if (!view) return fail(*call, view.error());
  respond_view(*call, *view);
}

// Unreserved characters of RFC 3986 stay.
std::string encode_text(std::string_view text) {
  std::string encoded;
  for (const char byte : text) {
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') ||
                          std::string_view("-._~").find(byte) != std::string_view::npos;
    if (is_plain) {
      encoded += byte;
    } else {
      encoded += "%" + crypto::encode_hex(crypto::as_bytes(std::string_view(&byte, 1)));
    }
  }
  return encoded;
}

std::string format_policy(const transfer::DataPolicy& policy) {
  static constexpr std::string_view kLevels[] = {"open", "internal", "confidential", "secret"};
  const auto join = [](const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
    return joined;
  };
  std::string query = "classification=";
  query += kLevels[static_cast<std::size_t>(policy.classification)];
  if (!policy.readers.empty()) query += "&readers=" + encode_text(join(policy.readers));
  if (!policy.regions.empty()) query += "&regions=" + encode_text(join(policy.regions));
  if (policy.keep_until)
    query += "&keep_until=" + encode_text(core::to_rfc3339(*policy.keep_until));
  return query;
}

/// An output whose owner wants it in another region: the owner's own dataset at that region's hub,
/// by the steps of store_manifest.
class DistantLanding : public std::enable_shared_from_this<DistantLanding> {
 public:
  DistantLanding(CallPointer call, PeerRegion to, Landing landing, Step step)
      : call_(std::move(call)),
        to_(std::move(to)),
        landing_(std::move(landing)),
        step_(std::move(step)),
        path_("/peer/v1/users/" + encode_text(landing_.owner) + "/datasets") {}

  void run() {
    if (step_.chunk) {
      return send_on(call_, to_, path_ + make_path(step_),
                     [call = call_](const core::Result<std::string>& body) {
                       if (!body) return fail(*call, body.error());
                       respond_view(*call, LandingView{});
                     });
    }
    call_->backend.ask_peer(to_.peer, {"GET", path_ + make_path(step_), "", kChunkTimeout},
                            [self = shared_from_this()](const core::Result<std::string>& body) {
                              self->take_present(body);
                            });
  }

 private:
  // What the owner has there already keeps its policy.
  void take_present(const core::Result<std::string>& body) {
    if (!body && body.error().reason != core::Reason::not_found) {
      return fail(*call_, body.error());
    }
    std::optional<DatasetView> present;
    if (body) {
      auto view = codec::from_json<DatasetView>(*body, codec::Boundary::tolerant);
      if (!view) return fail(*call_, view.error());
      if (view->owner == landing_.owner) present = std::move(*view);
    }
    transfer::DataPolicy policy;
    if (present) policy = present->policy;
    if (!step_.is_last) {
      if (present) return respond_view(*call_, LandingView{present->is_complete, present->missing});
      policy.keep_until = call_->backend.now() + kUnfinishedKept;
      return put(policy, "");
    }
    if (!present || !present->is_complete) return fail(*call_, make_unfinished());
    if (present->name.empty()) policy.keep_until.reset();
    put(policy, "&name=" + encode_text(landing_.name));
  }

  void put(const transfer::DataPolicy& policy, const std::string& name) {
    send_on(call_, to_, path_ + make_path(step_) + "?" + format_policy(policy) + name,
            [call = call_](const core::Result<std::string>& body) { respond_landing(call, body); });
  }

  const CallPointer call_;
  const PeerRegion to_;
  const Landing landing_;
  const Step step_;
  const std::string path_;
};

// Of this hub, and of the peers by handle.
struct KnownRegions {
  std::string own;
  std::vector<std::string> peers;
};

KnownRegions list_regions(const hub::State& state) {
  KnownRegions regions{state.facts.region, {}};
  for (const hub::PeerState& peer : state.peers) regions.peers.push_back(peer.terms.region);
  return regions;
}

// The job is this hub's: its output lies here, or where its owner says.
void land(const CallPointer& call, const KnownRegions& regions, const Landing& landing,
          const Step& step) {
  if (landing.region.empty() || landing.region == regions.own) {
    return store_step(call, landing, step);
  }
  const auto peer = std::ranges::find(regions.peers, landing.region);
  if (peer == regions.peers.end()) {
    return fail(*call, {core::Reason::unreachable, "no hub of region " + landing.region});
  }
  const auto handle = static_cast<std::uint32_t>(peer - regions.peers.begin());
  std::make_shared<DistantLanding>(call, PeerRegion{handle, *peer}, landing, step)->run();
}

core::Error make_stale(const Step& step, const char* what) {
  return {core::Reason::stale_epoch, std::string(what) + " " + std::to_string(step.subject) +
                                         ", attempt " + std::to_string(step.attempt) +
                                         ": not running there"};
}

void land_job(const CallPointer& call, std::uint64_t document, const std::string& owner,
              const Step& step) {
  const auto landing = find_landing(call->backend, document, owner, step.output);
  if (!landing) return fail(*call, landing.error());
  look_then(
      call, [](const hub::HubMachine& machine) { return list_regions(machine.state()); },
      [call, landing = *landing, step](const KnownRegions& regions) {
        land(call, regions, landing, step);
      });
}

void bring_output(const CallPointer& call) {
  const auto step = read_step(*call, "job");
  if (!step) return fail(*call, step.error());
  look_then(
      call,
      [step = *step, site = call->site](const hub::HubMachine& machine) {
        const hub::State& state = machine.state();
        const auto running = hub::find_site_attempt(state, step.subject, step.attempt, site);
        PeerRegion home;
        if (running && running->guest) {
          home = {running->guest->peer, state.peers[running->guest->peer].terms.region};
        }
        return std::pair(running, home);
      },
      [call, step = *step](const std::pair<std::optional<hub::SiteAttempt>, PeerRegion>& seen) {
        const auto& [running, home] = seen;
        if (!running) return fail(*call, make_stale(step, "job"));
        if (!running->guest) return land_job(call, running->document, running->owner, step);
        send_on(call, home,
                "/peer/v1/outputs" + make_path(step) +
                    "?offer=" + std::to_string(running->guest->offer) +
                    "&attempt=" + std::to_string(step.attempt) +
                    "&output=" + std::to_string(step.output) + (step.is_last ? "&last=true" : ""),
                [call](const core::Result<std::string>& body) { respond_landing(call, body); });
      });
}

void bring_peer_output(const CallPointer& call) {
  const auto step = read_step(*call, "offer");
  if (!step) return fail(*call, step.error());
  look_then(
      call,
      [step = *step, peer = call->peer](const hub::HubMachine& machine) {
        return std::pair(hub::find_peer_attempt(machine, peer, step.subject, step.attempt),
                         machine.state().peers[peer].terms.region);
      },
      [call, step = *step](const std::pair<std::optional<hub::PeerAttempt>, std::string>& seen) {
        const auto& [running, region] = seen;
        note_arrived(*call, region);
        if (!running) return fail(*call, make_stale(step, "offer"));
        land_job(call, running->document, running->owner, step);
      });
}

Route make_route(const char* pattern, const char* name, const char* summary, Visibility visibility,
                 Handler handler) {
  const bool is_peer = visibility == Visibility::peer;
  std::vector<QueryRow> query = {
      {is_peer ? "offer" : "job", is_peer ? "the home's number of it" : "whose output it is"},
      {"attempt", "the present one"},
      {"output", "its position in data.out"}};
  if (std::string_view(pattern).find("chunk") == std::string_view::npos) {
    query.push_back({"last", "true: it is all there and gets its name"});
  }
  return {"PUT",
          pattern,
          name,
          summary,
          visibility,
          std::nullopt,
          std::move(query),
          nullptr,
          &codec::openapi_schema<LandingView>,
          200,
          handler,
          true};
}

}  // namespace

void add_site_output_routes(std::vector<Route>& routes) {
  routes.push_back(make_route("/site/v1/outputs/{dataset}/chunks/{chunk}", "bring_output_chunk",
                              "A chunk of an output.", Visibility::owner, &bring_output));
  routes.push_back(make_route("/site/v1/outputs/{dataset}", "bring_output",
                              "Begins an output, or names it; the body is its manifest.",
                              Visibility::owner, &bring_output));
}

void add_peer_output_routes(std::vector<Route>& routes) {
  routes.push_back(make_route("/peer/v1/outputs/{dataset}/chunks/{chunk}",
                              "bring_peer_output_chunk", "A chunk of an output.", Visibility::peer,
                              &bring_peer_output));
  routes.push_back(make_route("/peer/v1/outputs/{dataset}", "bring_peer_output",
                              "Begins an output, or names it; the body is its manifest.",
                              Visibility::peer, &bring_peer_output));
}

}  // namespace intertie::api
