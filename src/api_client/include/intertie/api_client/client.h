// The typed client of a hub's user interface: one method a route.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/dataset_views.h"
#include "intertie/api/dispute_views.h"
#include "intertie/api/event_views.h"
#include "intertie/api/guest_views.h"
#include "intertie/api/identity_views.h"
#include "intertie/api/line_views.h"
#include "intertie/api/peer_views.h"
#include "intertie/api/public_views.h"
#include "intertie/api/site_views.h"
#include "intertie/api/views.h"
#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/channel.h"
#include "intertie/hub/job_document.h"
#include "intertie/transfer/manifest.h"

namespace intertie::api_client {

/// Where a hub is and who asks. The command line keeps it as a YAML file, readable by its owner.
struct Context {
  std::string address;      // "https://127.0.0.1:7300"
  std::string fingerprint;  // SHA-256 of the certificate, hex. Empty: the system's authorities.
  std::string token;        // "v4.public...."; empty: only routes without a token work.
};
BOOST_DESCRIBE_STRUCT(Context, (), (address, fingerprint, token))

/// One call as it goes out, for --explain-api. The token is not in it.
struct CallNote {
  std::string method;
  std::string url;
  std::string body;
  std::string idempotency_key;  // Of the header Idempotency-Key; empty: not sent.
  std::string range;            // Of the header Range; empty: not sent.
};

struct JobQuery {
  std::optional<std::string> phase;  // "waiting", "running", "ended"
  std::optional<std::string> tag;    // "name:value"
  std::optional<std::string> owner;  // Operators: a principal, or "*".
  std::optional<std::size_t> limit;
  std::optional<std::string> after;
};

struct BillQuery {
  std::optional<core::Time> from;
  std::optional<core::Time> to;
  std::optional<std::string> owner;
  std::optional<std::size_t> limit;
  std::optional<std::string> after;
};

/// What a dataset is called and who may have it where. Empty: no wish.
struct DatasetSettings {
  std::string name;
  bool is_pinned = false;
  std::string readers;         // Separated by commas.
  std::string regions;         // The same.
  std::string classification;  // "internal"
  std::string keep_until;      // RFC 3339
};

/// Which log of a job, and from where.
struct LogQuery {
  std::string stream = "stdout";
  std::uint32_t rank = 0;
  std::optional<std::uint32_t> attempt;  // Empty: the current or last one.
  std::uint64_t offset = 0;
};

struct LogPiece {
  std::string bytes;
  std::uint64_t size = 0;  // Of the log now.
  bool is_complete = false;
  std::uint32_t attempt = 0;  // 0: none yet.
};

/// What happened, as GET /v1/events tells it. One of the two, or neither: only the place is news.
struct HubEvent {
  std::uint64_t index = 0;  // To resume after.
  std::optional<api::JobEventView> job;
  std::optional<api::SiteEventView> site;
  std::optional<api::EventGapView> gap;
};

/// Takes events as they come; called with nothing about once a second too. False ends it.
using EventSink = std::function<bool(const HubEvent* event)>;

/// Takes bytes as they come; false ends the transfer.
using ByteSink = std::function<bool(std::string_view bytes)>;

class ClientCore;

/// Blocking. Thread-confined, except interrupt(). A refusal by the hub comes back as the same
/// core::Error: its reason, its detail. Otherwise unreachable, timed_out, certificate_refused,
/// stopping (interrupted), bad_syntax (an answer that is none of a hub).
class Client {
 public:
  /// Reads the context; connects with the first call. bad_syntax for the address.
  static core::Result<Client> connect(const Context& context);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Told before each call.
  void set_explain_call(std::function<void(const CallNote&)> hook);
  /// For each call as a whole, beside what the hub may take on purpose.
  void set_timeout(core::Duration timeout);
  /// Ends the call under way and all later ones, from any thread.
  void interrupt() const;

  core::Result<api::HubView> get_hub();

  core::Result<api::JobView> submit_job(const hub::JobDocument& document,
                                        const std::string& idempotency_key = {});
  core::Result<api::BulkView> submit_bulk(const api::BulkRequest& bulk,
                                          const std::string& idempotency_key = {});
  core::Result<api::JobList> list_jobs(const JobQuery& query = {});
  /// With `wait`: returns when there is an event after `index` (without one: when the phase
  /// changes), when the job has ended, or after the wait (at most limits::long_poll_max).
  core::Result<api::JobView> get_job(std::uint64_t job, core::Duration wait = {},
                                     std::optional<std::uint64_t> index = std::nullopt);
  /// Waits until the job has ended; `seen` is told of every answer on the way.
  core::Result<api::JobView> wait_for_job(
      std::uint64_t job, const std::function<void(const api::JobView&)>& seen = {});
  core::Result<api::JobView> cancel_job(std::uint64_t job);
  core::Result<api::ExplainView> explain_job(std::uint64_t job);
  core::Result<api::PlanView> plan_job(const hub::JobDocument& document);

  /// Hands on what happens to the caller's jobs (operators: to sites, and with `everybody` to all
  /// jobs) after this place of the log; without one, from now on. unreachable: it broke; call again
  /// with the last index that came.
  core::Result<void> follow_events(std::optional<std::uint64_t> after, bool everybody,
                                   const EventSink& sink);

  core::Result<LogPiece> read_log(std::uint64_t job, const LogQuery& query = {});
  /// Hands the log on from query.offset, waiting for more until the job has ended; later attempts
  /// follow earlier ones.
  core::Result<void> follow_log(std::uint64_t job, LogQuery query, const ByteSink& sink);
  core::Result<api::OutputList> list_outputs(std::uint64_t job);
  /// The output in pieces.
  core::Result<void> read_output(std::uint64_t job, const std::string& name, const ByteSink& sink);

  core::Result<api::JobBillView> get_job_bill(std::uint64_t job);
  core::Result<api::BillView> get_bill(const BillQuery& query = {});

  /// `is_open`: those that are to be decided; else the others. Newest first.
  core::Result<api::DisputeList> list_disputes(bool is_open,
                                               const std::optional<std::string>& after = {},
                                               std::optional<std::size_t> limit = {});
  core::Result<api::DisputeView> resolve_dispute(std::uint64_t dispute,
                                                 api::DisputeVerdict verdict);

  core::Result<api::SiteList> list_sites();
  core::Result<api::SiteView> get_site(const std::string& site);
  core::Result<api::SiteView> drain_site(const std::string& site);
  core::Result<api::SiteView> resume_site(const std::string& site);
  core::Result<api::SiteView> offer_pools(const std::string& site, const api::PoolsRequest& pools);
  core::Result<api::SiteView> reconcile_site(const std::string& site,
                                             const engine::ChannelHello& hello);
  core::Result<api::MeasurementList> list_measurements(
      const std::optional<std::string>& site = std::nullopt);
  core::Result<api::RecordView> find_record(const std::string& identifier);
  /// Whichever region's registry keeps it; also of a pool, "SITE-ID/name".
  core::Result<api::IdentityView> resolve_identity(const std::string& path);
  /// Answers with the last version of the site's record, signed.
  core::Result<api::KeysAnswer> revoke_site(const std::string& site,
                                            identity::RevocationReason reason);
  /// Answers with the version of the site's record in force, signed.
  core::Result<api::KeysAnswer> suspend_site(const std::string& site);
  core::Result<api::KeysAnswer> reinstate_site(const std::string& site);
  /// The public log; no token is needed.
  core::Result<api::PublicHeadView> get_public_head();
  core::Result<api::PublicLeafList> list_public_leaves(std::uint64_t from, std::size_t limit);
  core::Result<api::InclusionView> prove_inclusion(std::uint64_t leaf, std::uint64_t size);
  core::Result<api::ConsistencyView> prove_consistency(std::uint64_t from, std::uint64_t to);
  core::Result<api::SiteTokenView> create_site_token(const api::SiteTokenRequest& request);

  /// Jobs of other regions here, newest first.
  core::Result<api::GuestList> list_guests(const std::optional<std::string>& after,
                                           std::size_t limit);
  core::Result<api::PeerCardView> get_peer_card();
  core::Result<api::PeerList> list_peers();
  core::Result<api::PeerView> add_peer(const api::PeerRequest& request);
  core::Result<api::PeerClearingList> check_clearing();
  /// By the peer's identifier.
  core::Result<api::PeerView> change_peer(const std::string& peer,
                                          const api::PeerChangeRequest& request);
  core::Result<api::PeerView> reconcile_peer(const std::string& peer,
                                             const engine::ChannelHello& hello);
  /// The key makes a repeat harmless; it must not be empty.
  core::Result<api::PeerView> settle_peer(const std::string& peer,
                                          const api::PeerSettleRequest& request,
                                          const std::string& idempotency_key);
  core::Result<api::PeerView> adjust_peer(const std::string& peer,
                                          const api::PeerAdjustRequest& request);
  core::Result<api::PeerView> decide_adjustment(const std::string& peer,
                                                api::AdjustmentVerdict verdict);
  core::Result<api::LineList> list_lines();
  core::Result<api::LineView> add_line(const api::LineRequest& request);
  /// The line from the hub's region to that one is no more.
  core::Result<api::LineView> retire_line(const std::string& to);

  core::Result<api::AccountList> list_accounts();
  core::Result<api::AccountView> get_account(const std::string& account);
  core::Result<api::PostingList> list_postings(
      const std::string& account, const std::optional<std::string>& after = std::nullopt,
      std::optional<std::size_t> limit = std::nullopt);
  /// The key makes a repeat harmless; it must not be empty.
  core::Result<api::AccountView> deposit(const std::string& account, core::Money amount,
                                         const std::string& idempotency_key);
  core::Result<api::AccountView> set_credit_limit(const std::string& account, core::Money limit);
  core::Result<api::LedgerCheckView> check_ledger();

  core::Result<api::PrincipalList> list_principals();
  core::Result<api::PrincipalView> create_principal(const api::PrincipalRequest& request);
  core::Result<api::TokenView> create_token(const api::TokenRequest& request);

  /// The size of content that the hub has; nothing if it has not.
  core::Result<std::optional<std::uint64_t>> find_content(const std::string& digest);
  /// Stores bytes unless the hub has them; returns their digest, "sha256:<hex>". At most
  /// limits::http_body_bytes_max.
  core::Result<std::string> upload_content(std::string_view bytes);
  core::Result<void> read_content(const std::string& digest, const ByteSink& sink);

  // Datasets. A key is "data:<hex>", "sha256:<hex>", or a name that find_dataset() resolves.
  /// Later calls about datasets are about those at the hub of this region, which the home hub asks.
  /// Empty: the home hub's own. "*", for find and list alone: all regions'.
  void set_region(std::string region);
  /// Begins a dataset or goes on with one; the answer says which chunks are missing.
  core::Result<api::DatasetView> begin_dataset(const transfer::Manifest& manifest,
                                               const DatasetSettings& settings = {});
  core::Result<void> put_chunk(const std::string& dataset, std::uint32_t chunk,
                               std::string_view bytes);
  /// Also "data://NAME"; another owner's by identity only.
  core::Result<api::DatasetView> find_dataset(const std::string& key);
  core::Result<api::DatasetList> list_datasets();
  core::Result<transfer::Manifest> get_manifest(const std::string& dataset);
  /// `length` bytes from `offset`, at most limits::http_body_bytes_max.
  core::Result<std::string> read_dataset(const std::string& dataset, std::uint64_t offset,
                                         std::uint64_t length);
  core::Result<api::DatasetView> pin_dataset(const std::string& dataset, bool is_pinned);
  core::Result<void> remove_dataset(const std::string& dataset);

  core::Result<api::HealthView> get_live();
  /// Also the answer of a hub that is not ready (status "failing").
  core::Result<api::HealthView> get_ready();
  /// The hub's clock, to a second. Needs no token.
  core::Result<core::Time> read_hub_clock();
  core::Result<std::string> get_metrics();
  core::Result<std::string> get_openapi();

 private:
  explicit Client(std::unique_ptr<ClientCore> core);
  std::unique_ptr<ClientCore> core_;
};

/// The error that a problem document stands for; `internal` with the text for a code that this
/// program does not know.
core::Error read_problem(int status, std::string_view body);

}  // namespace intertie::api_client
