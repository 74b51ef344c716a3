#include "intertie/api_client/client.h"

#include <charconv>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/digest.h"

#include "client_core.h"

namespace intertie::api_client {
namespace {

std::string make_job_path(std::uint64_t job, std::string_view rest = {}) {
  return "/v1/jobs/" + std::to_string(job) + std::string(rest);
}

std::string make_path(std::string_view before, const std::string& name,
                      std::string_view after = {}) {
  return std::string(before) + net::percent_encode(name) + std::string(after);
}

void add_query(Query& query, const char* name, const std::optional<std::string>& value) {
  if (value) query.push_back({name, *value});
}
void add_query(Query& query, const char* name, const std::optional<std::size_t>& value) {
  if (value) query.push_back({name, std::to_string(*value)});
}
void add_query(Query& query, const char* name, const std::optional<core::Time>& value) {
  if (value) query.push_back({name, core::to_rfc3339(*value)});
}

std::uint64_t read_header_number(const net::Response& response, std::string_view name) {
  const auto text = response.headers.find(name);
  std::uint64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
core::Result<core::Time> read_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t month = text.size() == 29 ? kMonths.find(text.substr(8, 3)) : kMonths.npos;
  if (month == kMonths.npos) return {core::Reason::bad_syntax, "Date: " + std::string(text)};
  const std::string number = std::to_string(month / 3 + 101).substr(1);
  return core::parse_rfc3339(std::string(text.substr(12, 4)) + "-" + number + "-" +
                             std::string(text.substr(5, 2)) + "T" +
                             std::string(text.substr(17, 8)) + "Z");
}

// Events of a newer hub are only places to resume after.
core::Result<HubEvent> read_event(const net::Event& event) {
  HubEvent read;
  std::from_chars(event.id.data(), event.id.data() + event.id.size(), read.index);
  const auto decode = [&](auto& member) -> core::Result<void> {
    using View = typename std::decay_t<decltype(member)>::value_type;
    auto view = codec::from_json<View>(event.data, codec::Boundary::tolerant);
    if (!view) return view.error();
    member = std::move(*view);
    return {};
  };
  core::Result<void> done;
  if (event.name == "job") done = decode(read.job);
  if (event.name == "site") done = decode(read.site);
  if (event.name == "gap") done = decode(read.gap);
  if (!done) return done.error();
  return read;
}

}  // namespace

Client::Client(std::unique_ptr<ClientCore> core) : core_(std::move(core)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

core::Result<Client> Client::connect(const Context& context) {
  const auto url = net::parse_url(context.address);
  if (!url) return core::Error{url.error().reason, "address: " + url.error().detail};
  net::HttpClientOptions options;
  options.host = url->host;
  options.port = url->port;
  if (url->is_tls) {
    options.tls = net::TlsClientOptions{};
    options.tls->peer_fingerprint = context.fingerprint;
    options.tls->allow_tls_1_2 = true;
  }
  Context kept = context;
  while (!kept.address.empty() && kept.address.back() == '/') kept.address.pop_back();
  return Client(std::make_unique<ClientCore>(net::HttpClient(std::move(options)), std::move(kept)));
}

void Client::set_explain_call(std::function<void(const CallNote&)> hook) {
  core_->explain_call = std::move(hook);
}
void Client::set_timeout(core::Duration timeout) { core_->timeout = timeout; }
void Client::interrupt() const { core_->interrupt(); }

core::Result<api::HubView> Client::get_hub() { return core_->get<api::HubView>("/v1/hub"); }

// Jobs

core::Result<api::JobView> Client::submit_job(const hub::JobDocument& document,
                                              const std::string& idempotency_key) {
  return core_->post<api::JobView>("/v1/jobs", document, idempotency_key);
}

core::Result<api::BulkView> Client::submit_bulk(const api::BulkRequest& bulk,
                                                const std::string& idempotency_key) {
  return core_->post<api::BulkView>("/v1/jobs:bulk", bulk, idempotency_key);
}

core::Result<api::JobList> Client::list_jobs(const JobQuery& query) {
  Query parameters;
  add_query(parameters, "phase", query.phase);
  add_query(parameters, "tag", query.tag);
  add_query(parameters, "owner", query.owner);
  add_query(parameters, "limit", query.limit);
  add_query(parameters, "after", query.after);
  return core_->get<api::JobList>("/v1/jobs", std::move(parameters));
}

core::Result<api::JobView> Client::get_job(std::uint64_t job, core::Duration wait,
                                           std::optional<std::uint64_t> index) {
  Outgoing call;
  call.path = make_job_path(job);
  call.wait = wait;
  if (wait.count > 0) {
    call.query.push_back({"wait", std::to_string(wait.count / 1000) + "ms"});
  }
  if (index) call.query.push_back({"index", std::to_string(*index)});
  return core_->ask<api::JobView>(call);
}

core::Result<api::JobView> Client::wait_for_job(
    std::uint64_t job, const std::function<void(const api::JobView&)>& seen) {
  auto view = get_job(job);
  while (view) {
    if (seen) seen(*view);
    if (view->phase == api::Phase::ended) return view;
    view = get_job(job, core::seconds(30), view->index);
  }
  return view;
}

core::Result<api::JobView> Client::cancel_job(std::uint64_t job) {
  return core_->tell<api::JobView>(make_job_path(job, ":cancel"));
}

core::Result<api::ExplainView> Client::explain_job(std::uint64_t job) {
  return core_->get<api::ExplainView>(make_job_path(job, "/explain"));
}

core::Result<api::PlanView> Client::plan_job(const hub::JobDocument& document) {
  return core_->post<api::PlanView>("/v1/plan", document);
}

// Events

core::Result<void> Client::follow_events(std::optional<std::uint64_t> after, bool everybody,
                                         const EventSink& sink) {
  Outgoing call;
  call.path = "/v1/events";
  if (everybody) call.query.push_back({"owner", "*"});
  auto stream = core_->open_stream(call, after ? std::to_string(*after) : "");
  if (!stream) return stream.error();
  while (true) {
    const auto event = stream->read_event(core::seconds(1));
    if (!event && event.error().reason == core::Reason::timed_out) {
      if (!sink(nullptr)) return {};
      continue;
    }
    if (!event) return event.error();
    if (!event->has_value()) return {core::Reason::unreachable, "the hub ended the stream"};
    const auto read = read_event(**event);
    if (!read) return read.error();
    if (!sink(&*read)) return {};
  }
}

// Logs and outputs

core::Result<LogPiece> Client::read_log(std::uint64_t job, const LogQuery& query) {
  Outgoing call;
  call.path = make_job_path(job, "/log");
  call.query = {{"stream", query.stream},
                {"rank", std::to_string(query.rank)},
                {"offset", std::to_string(query.offset)}};
  if (query.attempt) call.query.push_back({"attempt", std::to_string(*query.attempt)});
  auto response = core_->send_checked(call);
  if (!response) return response.error();
  LogPiece piece;
  piece.size = read_header_number(*response, "Intertie-Log-Size");
  piece.attempt = static_cast<std::uint32_t>(read_header_number(*response, "Intertie-Attempt"));
  piece.is_complete = response->headers.find("Intertie-Log-Complete") == "true";
  piece.bytes = std::move(response->body);
  return piece;
}

core::Result<void> Client::follow_log(std::uint64_t job, LogQuery query, const ByteSink& sink) {
  // The hub paces the loop: without new bytes the next read comes after an event or a second.
  std::uint64_t index = 0;
  while (true) {
    const auto piece = read_log(job, query);
    if (!piece) return piece.error();
    if (!piece->bytes.empty() && !sink(piece->bytes)) return {};
    if (piece->attempt != 0) query.attempt = piece->attempt;
    query.offset += piece->bytes.size();
    if (!piece->bytes.empty() && !piece->is_complete) continue;
    const auto view = get_job(job, core::seconds(1), index);
    if (!view) return view.error();
    index = view->index;
    if (piece->is_complete && view->phase == api::Phase::ended && view->attempt == piece->attempt) {
      return {};
    }
    if (piece->is_complete && view->attempt > piece->attempt) {
      query.attempt = piece->attempt + 1;
      query.offset = 0;
    }
  }
}

core::Result<api::OutputList> Client::list_outputs(std::uint64_t job) {
  return core_->get<api::OutputList>(make_job_path(job, "/outputs"));
}

core::Result<void> Client::read_output(std::uint64_t job, const std::string& name,
                                       const ByteSink& sink) {
  return core_->read_in_pieces(make_path(make_job_path(job, "/outputs/"), name),
                               core::limits::relay_piece_bytes_max, sink);
}

core::Result<api::JobBillView> Client::get_job_bill(std::uint64_t job) {
  return core_->get<api::JobBillView>(make_job_path(job, "/bill"));
}

core::Result<api::BillView> Client::get_bill(const BillQuery& query) {
  Query parameters;
  add_query(parameters, "from", query.from);
  add_query(parameters, "to", query.to);
  add_query(parameters, "owner", query.owner);
  add_query(parameters, "limit", query.limit);
  add_query(parameters, "after", query.after);
  return core_->get<api::BillView>("/v1/bill", std::move(parameters));
}

core::Result<api::DisputeList> Client::list_disputes(bool is_open,
                                                     const std::optional<std::string>& after,
                                                     std::optional<std::size_t> limit) {
  Query query = {{"state", is_open ? "open" : "resolved"}};
  add_query(query, "after", after);
  add_query(query, "limit", limit);
  return core_->get<api::DisputeList>("/v1/disputes", std::move(query));
}

core::Result<api::DisputeView> Client::resolve_dispute(std::uint64_t dispute,
                                                       api::DisputeVerdict verdict) {
  return core_->post<api::DisputeView>("/v1/disputes/" + std::to_string(dispute) + "/resolve",
                                       api::DisputeDecision{verdict});
}

// Sites

core::Result<api::SiteList> Client::list_sites() { return core_->get<api::SiteList>("/v1/sites"); }

core::Result<api::SiteView> Client::get_site(const std::string& site) {
  return core_->get<api::SiteView>(make_path("/v1/sites/", site));
}

core::Result<api::SiteView> Client::drain_site(const std::string& site) {
  return core_->tell<api::SiteView>(make_path("/v1/sites/", site, ":drain"));
}

core::Result<api::SiteView> Client::resume_site(const std::string& site) {
  return core_->tell<api::SiteView>(make_path("/v1/sites/", site, ":resume"));
}

core::Result<api::SiteView> Client::offer_pools(const std::string& site,
                                                const api::PoolsRequest& pools) {
  return core_->post<api::SiteView>(make_path("/v1/sites/", site, "/pools"), pools, {}, "PUT");
}

core::Result<api::SiteView> Client::reconcile_site(const std::string& site,
                                                   const engine::ChannelHello& hello) {
  return core_->post<api::SiteView>(make_path("/v1/sites/", site, ":reconcile"), hello);
}

core::Result<api::MeasurementList> Client::list_measurements(
    const std::optional<std::string>& site) {
  Query query;
  add_query(query, "site", site);
  return core_->get<api::MeasurementList>("/v1/measurements", std::move(query));
}

core::Result<api::RecordView> Client::find_record(const std::string& identifier) {
  return core_->get<api::RecordView>(make_path("/v1/ids/", identifier));
}

core::Result<api::IdentityView> Client::resolve_identity(const std::string& path) {
  return core_->get<api::IdentityView>("/v1/identities/" + path);
}

core::Result<api::KeysAnswer> Client::revoke_site(const std::string& site,
                                                  identity::RevocationReason reason) {
  return core_->post<api::KeysAnswer>(make_path("/v1/sites/", site, ":revoke"),
                                      api::RevokeRequest{reason});
}

core::Result<api::KeysAnswer> Client::suspend_site(const std::string& site) {
  return core_->tell<api::KeysAnswer>(make_path("/v1/sites/", site, ":suspend"));
}

core::Result<api::KeysAnswer> Client::reinstate_site(const std::string& site) {
  return core_->tell<api::KeysAnswer>(make_path("/v1/sites/", site, ":reinstate"));
}

core::Result<api::SiteTokenView> Client::create_site_token(const api::SiteTokenRequest& request) {
  return core_->post<api::SiteTokenView>("/v1/site-tokens", request);
}

core::Result<api::GuestList> Client::list_guests(const std::optional<std::string>& after,
                                                 std::size_t limit) {
  Query query;
  add_query(query, "after", after);
  add_query(query, "limit", std::optional<std::size_t>(limit));
  return core_->get<api::GuestList>("/v1/guests", std::move(query));
}

core::Result<api::PeerCardView> Client::get_peer_card() {
  return core_->get<api::PeerCardView>("/v1/peers/card");
}

core::Result<api::PeerList> Client::list_peers() { return core_->get<api::PeerList>("/v1/peers"); }

core::Result<api::PeerView> Client::add_peer(const api::PeerRequest& request) {
  return core_->post<api::PeerView>("/v1/peers", request);
}

core::Result<api::PeerClearingList> Client::check_clearing() {
  return core_->get<api::PeerClearingList>("/v1/peers/clearing");
}

core::Result<api::PeerView> Client::change_peer(const std::string& peer,
                                                const api::PeerChangeRequest& request) {
  return core_->post<api::PeerView>(make_path("/v1/peers/", peer, ":change"), request);
}

core::Result<api::PeerView> Client::settle_peer(const std::string& peer,
                                                const api::PeerSettleRequest& request,
                                                const std::string& idempotency_key) {
  return core_->post<api::PeerView>(make_path("/v1/peers/", peer, ":settle"), request,
                                    idempotency_key);
}

core::Result<api::PeerView> Client::adjust_peer(const std::string& peer,
                                                const api::PeerAdjustRequest& request) {
  return core_->post<api::PeerView>(make_path("/v1/peers/", peer, ":adjust"), request);
}

core::Result<api::PeerView> Client::decide_adjustment(const std::string& peer,
                                                      api::AdjustmentVerdict verdict) {
  return core_->post<api::PeerView>(make_path("/v1/peers/", peer, ":decide"),
                                    api::PeerAdjustDecision{verdict});
}

core::Result<api::PeerView> Client::reconcile_peer(const std::string& peer,
                                                   const engine::ChannelHello& hello) {
  return core_->post<api::PeerView>(make_path("/v1/peers/", peer, ":reconcile"), hello);
}

core::Result<api::LineList> Client::list_lines() { return core_->get<api::LineList>("/v1/lines"); }

core::Result<api::LineView> Client::add_line(const api::LineRequest& request) {
  return core_->post<api::LineView>("/v1/lines", request);
}

core::Result<api::LineView> Client::retire_line(const std::string& to) {
  return core_->tell<api::LineView>(make_path("/v1/lines/", to, ":retire"));
}

// The public log

core::Result<api::PublicHeadView> Client::get_public_head() {
  return core_->get<api::PublicHeadView>("/v1/public/head");
}

core::Result<api::PublicLeafList> Client::list_public_leaves(std::uint64_t from,
                                                             std::size_t limit) {
  return core_->get<api::PublicLeafList>(
      "/v1/public/leaves", {{"from", std::to_string(from)}, {"limit", std::to_string(limit)}});
}

core::Result<api::InclusionView> Client::prove_inclusion(std::uint64_t leaf, std::uint64_t size) {
  return core_->get<api::InclusionView>(
      "/v1/public/proof", {{"leaf", std::to_string(leaf)}, {"size", std::to_string(size)}});
}

core::Result<api::ConsistencyView> Client::prove_consistency(std::uint64_t from, std::uint64_t to) {
  return core_->get<api::ConsistencyView>(
      "/v1/public/consistency", {{"from", std::to_string(from)}, {"to", std::to_string(to)}});
}

// Money and people

core::Result<api::AccountList> Client::list_accounts() {
  return core_->get<api::AccountList>("/v1/accounts");
}

core::Result<api::AccountView> Client::get_account(const std::string& account) {
  return core_->get<api::AccountView>(make_path("/v1/accounts/", account));
}

core::Result<api::PostingList> Client::list_postings(const std::string& account,
                                                     const std::optional<std::string>& after,
                                                     std::optional<std::size_t> limit) {
  Query query;
  add_query(query, "after", after);
  add_query(query, "limit", limit);
  return core_->get<api::PostingList>(make_path("/v1/accounts/", account, "/postings"),
                                      std::move(query));
}

core::Result<api::AccountView> Client::deposit(const std::string& account, core::Money amount,
                                               const std::string& idempotency_key) {
  return core_->post<api::AccountView>(make_path("/v1/accounts/", account, ":deposit"),
                                       api::DepositRequest{amount}, idempotency_key);
}

core::Result<api::AccountView> Client::set_credit_limit(const std::string& account,
                                                        core::Money limit) {
  return core_->post<api::AccountView>(make_path("/v1/accounts/", account, ":limit"),
                                       api::CreditLimitRequest{limit});
}

core::Result<api::LedgerCheckView> Client::check_ledger() {
  return core_->get<api::LedgerCheckView>("/v1/ledger/check");
}

core::Result<api::PrincipalList> Client::list_principals() {
  return core_->get<api::PrincipalList>("/v1/principals");
}

core::Result<api::PrincipalView> Client::create_principal(const api::PrincipalRequest& request) {
  return core_->post<api::PrincipalView>("/v1/principals", request);
}

core::Result<api::TokenView> Client::create_token(const api::TokenRequest& request) {
  return core_->post<api::TokenView>("/v1/tokens", request);
}

// Content

core::Result<std::optional<std::uint64_t>> Client::find_content(const std::string& digest) {
  Outgoing call;
  call.method = "HEAD";
  call.path = "/v1/content/" + digest;
  const auto response = core_->send(call);
  if (!response) return response.error();
  if (response->status == 404) return std::optional<std::uint64_t>();
  if (response->status == 200) {
    return std::optional(read_header_number(*response, "Intertie-Content-Size"));
  }
  // The answer to a HEAD has no body to explain itself: ask for one byte instead.
  call.method = "GET";
  call.range = "bytes=0-0";
  const auto refusal = core_->send_checked(call);
  if (!refusal) return refusal.error();
  return core::Error{core::Reason::bad_syntax, "HEAD: status " + std::to_string(response->status)};
}

core::Result<std::string> Client::upload_content(std::string_view bytes) {
  const std::string digest = crypto::to_text(crypto::compute_sha256(bytes));
  const auto known = find_content(digest);
  if (!known) return known.error();
  if (known->has_value()) return digest;
  Outgoing call;
  call.method = "PUT";
  call.path = "/v1/content/" + digest;
  call.body = bytes;
  const auto stored = core_->send_checked(call);
  if (!stored) return stored.error();
  return digest;
}

core::Result<void> Client::read_content(const std::string& digest, const ByteSink& sink) {
  return core_->read_in_pieces("/v1/content/" + digest, 4u << 20, sink);
}

// Health

core::Result<api::HealthView> Client::get_live() { return core_->get<api::HealthView>("/livez"); }

core::Result<api::HealthView> Client::get_ready() {
  Outgoing call;
  call.path = "/readyz";
  call.query = {{"verbose", "1"}};
  const auto response = core_->send(call);
  if (!response) return response.error();
  return codec::from_json<api::HealthView>(response->body, codec::Boundary::tolerant);
}

core::Result<core::Time> Client::read_hub_clock() {
  Outgoing call;
  call.path = "/livez";
  const auto response = core_->send(call);
  if (!response) return response.error();
  const auto date = response->headers.find("Date");
  if (!date) return core::Error{core::Reason::bad_syntax, "an answer without Date"};
  return read_http_date(*date);
}

core::Result<std::string> Client::get_metrics() {
  Outgoing call;
  call.path = "/metrics";
  auto response = core_->send_checked(call);
  if (!response) return response.error();
  return std::move(response->body);
}

core::Result<std::string> Client::get_openapi() {
  Outgoing call;
  call.path = "/openapi.json";
  auto response = core_->send_checked(call);
  if (!response) return response.error();
  return std::move(response->body);
}

}  // namespace intertie::api_client
