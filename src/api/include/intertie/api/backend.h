// What the routes need from the service around them: the engine, the index, content, keys, time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/api/datasets.h"
#include "intertie/api/peer_views.h"
#include "intertie/api/request.h"
#include "intertie/core/limits.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"
#include "intertie/hub/machine.h"
#include "intertie/storage/store.h"

namespace intertie::api {

/// A question to a site about a file of an attempt; relayed by offset, never logged.
struct SiteFileRequest {
  std::uint32_t site = 0;
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t rank = 0;
  std::string file;  // "stdout", "stderr", or "output:<name>".
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct SiteFilePiece {
  std::string bytes;
  std::uint64_t size = 0;  // Of the file now.
};

/// A question to another region's hub, one request of its `/peer/v1`.
struct PeerQuestion {
  std::string method = "GET";
  std::string target;  // Path and query.
  std::string body;    // JSON, or bytes of data; empty: none.
  core::Duration timeout = core::seconds(10);
};

/// A request to another region's hub that goes over a kept connection
/// (docs/formats/hub-channel.md).
struct PeerFetch {
  std::uint32_t peer = 0;
  std::string method = "GET";
  std::string path;  // Decoded.
  std::map<std::string, std::string> query = {};
  std::string grant = {};  // Header Intertie-Grant; empty: not sent.
  std::string range = {};  // Header Range; empty: not sent.
  std::string body = {};
  core::Duration timeout = core::limits::request_timeout;
};

/// What is to be sent to another region.
struct LineUse {
  std::string region;
  std::string leg = {};   // For what a rate may be reserved (hub/line_key.h); empty: for nothing.
  core::Bytes size = {};  // All that is to be sent under that key.
};

/// A key that signs no tokens any more; those it has signed count until then.
struct FormerTokenKey {
  crypto::PublicKey key;
  core::Time until;
};

/// All members may be called from any handler thread. Callbacks come on threads of the service.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual core::Time now() const = 0;
  /// The clock that nothing steps, for commands whose effect depends on how much time has passed.
  virtual hub::HubClock read_hub_clock() const { return {}; }

  /// To the engine; the answer comes when it is durable.
  virtual void submit(hub::Command command, std::function<void(core::Result<hub::Reply>)> done) = 0;

  /// Looks at the machine on the engine's thread; what it returns runs once that state is durable.
  using DurableAction = std::function<void()>;
  virtual void read(
      std::function<DurableAction(const core::Result<const hub::HubMachine*>&)> look) = 0;

  /// Runs work of some milliseconds off the engine's thread, on any handler thread. Without one it
  /// runs at once.
  virtual void run_aside(std::function<void()> work) { work(); }

  /// The log and the index, durable facts only. The reference is the calling thread's own.
  virtual storage::Reader& reader() = 0;

  /// Calls back once, when an event about the job became durable after now, or at the deadline.
  /// Job 0 has no events: its watchers are called at their deadline.
  virtual void watch_job(std::uint64_t job, core::Time deadline, std::function<void()> wake) = 0;

  /// Calls back once, soon after the log has durable records beyond `after`; at once if it has.
  virtual void watch_log(storage::LogIndex after, std::function<void()> wake) = 0;

  /// What users have brought, and who may read it.
  virtual Datasets& datasets() = 0;

  /// Asks the site's agent over its stream; unreachable or timed_out if it does not answer.
  virtual void read_site_file(const SiteFileRequest& request,
                              std::function<void(core::Result<SiteFilePiece>)> done) = 0;

  /// Asks another region's hub about a file of an offer's attempt; as read_site_file.
  virtual void read_peer_file(std::uint32_t peer, const PeerFileRequest& request,
                              std::function<void(core::Result<SiteFilePiece>)> done) {
    (void)peer, (void)request;
    done(core::Error{core::Reason::not_supported, "this hub has no links to others"});
  }

  /// Says hello to another region's hub once more, soon: it refuses what this one remembers, and
  /// whoever reconciles there needs to know it.
  virtual void greet_peer(std::uint32_t peer) { (void)peer; }

  /// Asks another region's hub with this hub's certificate; `done` gets the body of a good answer,
  /// else the hub's refusal, or unreachable or timed_out.
  virtual void ask_peer(std::uint32_t peer, PeerQuestion question,
                        std::function<void(core::Result<std::string>)> done) {
    (void)peer, (void)question;
    done(core::Error{core::Reason::not_supported, "this hub has no links to others"});
  }

  /// The answer of another region's hub, if its status is 2xx; else the error that it gave.
  /// unreachable, timed_out, overloaded, stopping. `done` comes on a thread that may wait.
  virtual void fetch_from_peer(PeerFetch ask, std::function<void(core::Result<Response>)> done) {
    (void)ask;
    done(core::Error{core::Reason::not_supported, "this hub has no links to others"});
  }

  /// Sends durable rows after `after` to the stream now and whenever new ones become durable; also
  /// carries the asks of read_site_file. One stream a site: a newer one closes the older.
  virtual void attach_site_stream(std::uint32_t site, std::uint64_t after,
                                  std::shared_ptr<class Stream> stream) = 0;
  /// An answer of the site to an ask.
  virtual void take_site_answer(std::uint32_t site, std::uint64_t ask,
                                core::Result<SiteFilePiece> piece) = 0;

  /// Waits for a turn on the line to another region, which all that is sent there shares: at most
  /// its registered bandwidth leaves. Calls back with how many of the `wanted` bytes (above 0) go
  /// in this answer, when they may go; all of them at once where no line is registered. Ask before
  /// reading them. busy if the turn would come after line_wait_max: the reader asks again.
  /// What has a share of the line (LineUse::leg) keeps its rate, and has one asked for if it has
  /// not.
  virtual void pace_line(const LineUse& use, std::int64_t wanted,
                         std::function<void(core::Result<std::int64_t>)> done) {
    (void)use;
    done(wanted);
  }
  /// Data of another region has come with a request, its body in so long: a measure of the line
  /// from there.
  virtual void note_arrived(const std::string& region, std::int64_t bytes, core::Duration took) {
    (void)region, (void)bytes, (void)took;
  }
  /// Bytes that have been given a turn to that region since the hub started.
  virtual std::int64_t count_sent(const std::string& region) const {
    (void)region;
    return 0;
  }

  /// Signs and verifies tokens (PASETO v4.public).
  virtual const crypto::KeyPair& token_key() const = 0;
  /// What signed tokens that may still count: they verify, and sign nothing any more.
  virtual std::vector<FormerTokenKey> former_token_keys() const { return {}; }
  /// Users seal secrets to it. The private half never leaves the service, which opens the boxes
  /// (crypto::open_bound) and keeps nothing of them. Costs 0.1 ms: not on the engine's thread.
  virtual const crypto::SealPublicKey& seal_key() const = 0;
  virtual core::Result<crypto::Secret> open_box(std::string_view box,
                                                crypto::BoxContext context) const = 0;
  /// Signs a registration record; the registry's key never leaves the service.
  virtual core::Result<std::string> sign_record(std::string_view payload_type,
                                                std::string_view payload) = 0;
  /// Address and certificate fingerprint of the site listener, for join tokens.
  virtual std::string site_address() const = 0;
  virtual std::string site_fingerprint() const = 0;
  /// Where sites of other regions may pull datasets, "HOST:PORT", under the key of the site
  /// listener; empty: nowhere.
  virtual std::string data_address() const { return {}; }
  /// The public key of the site listener, which is also this hub's when it calls others.
  virtual std::string peer_tls_key() const { return {}; }

  /// Prometheus text of the service's own counters, appended to the state's.
  virtual std::string service_metrics() = 0;
};

}  // namespace intertie::api
