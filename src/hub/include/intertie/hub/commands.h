// What can be asked of the hub's state machine, and what it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/wide_variant.h"
#include "intertie/engine/channel.h"
#include "intertie/execution/site_messages.h"
#include "intertie/hub/events.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/ledger/entry.h"
#include "intertie/topology/pool.h"

namespace intertie::hub {

/// Answered with Done. Refused with already_exists.
struct CreateHub {
  HubCreated facts;
};

/// Opens the principal's account too. Answered with Created (the handle). already_exists.
struct CreatePrincipal {
  std::string name;
  Role role = Role::user;
  std::int64_t jobs_max = 0;  // 0: the default limit.
  core::Money credit_limit;
};

/// Money from outside. Answered with Done; the same id and content again changes nothing.
struct Deposit {
  ledger::EntryId id;
  std::string account;
  core::Money amount;
};

struct SetCreditLimit {
  std::string account;
  core::Money limit;
};

/// One checked job, made by prepare_submission() off the engine's thread.
struct Submission {
  JobSubmitted head;  // job, account and shape are filled in by the decision.
  JobShape shape;
  std::string account;                 // Name; empty: the owner's own.
  std::vector<std::string> sites_not;  // Names of excluded sites; the decision knows their handles.
  std::string document;                // JSON, the record's body.
  std::vector<std::string> landing_regions = {};  // Named by outputs.
};

/// Each job stands alone: one refused job does not refuse its neighbours. Answered with Submitted.
struct SubmitJobs {
  std::uint32_t owner = 0;
  std::vector<Submission> jobs;
};

/// Answered with Done; already_final, not_found, denied.
struct CancelJob {
  std::uint64_t job = 0;
  std::uint32_t by = 0;
};

/// A site joins. `record_envelope` is version 1 of its record with the hub's signature and the
/// site's; both are verified, and that it says what the command says: bad_signature, bad_field.
/// Empty (simulated grids): the site has no record and can never change its keys. `nonce` is the
/// join token's; a site that repeats its join, because the answer was lost, gets it again. Answered
/// with Joined.
struct JoinSite {
  topology::Site site;  // handle is filled in by the decision.
  std::vector<topology::Pool> pools;
  std::string sign_key;
  std::string tls_key;
  std::string nonce;
  std::uint32_t operator_principal = 0;
  std::string record_envelope;
  std::string seal_key;  // Empty: an older agent without one.
};

/// New terms of a site's pools (prices, software, nodes). Answered with Done.
struct OfferPools {
  std::uint32_t site = 0;
  std::vector<topology::Pool> pools;
};

/// An operator drains or resumes a site. Answered with Done.
struct SetSiteDrained {
  std::uint32_t site = 0;
  bool is_drained = false;
};

/// A site's agent opens its channel. Answered with ChannelHello; channel_diverged.
struct OpenSiteChannel {
  std::uint32_t site = 0;
  engine::ChannelHello hello;
};

/// An operator accepts that a site's history differs and lets it start anew. Answered with Done.
struct ReconcileSite {
  std::uint32_t site = 0;
  engine::ChannelHello hello;
};

/// Rows of a site's outbox. Payloads are CBOR of execution::SiteMessage. Answered with
/// RowsAccepted; a row that makes no sense is refused and acknowledged, so it blocks nothing.
struct AcceptSiteRows {
  std::uint32_t site = 0;
  std::string incarnation;
  std::uint64_t first = 0;  // Number of the first payload.
  std::vector<std::string> payloads;
  std::uint64_t acknowledged = 0;  // Last row of the hub that the site has made durable.
  HubClock clock;                  // When they arrived.
};

/// Soft: refreshes liveness and leases, writes no event of its own. Answered with HeartbeatAnswer.
struct BeatSite {
  std::uint32_t site = 0;
  execution::Heartbeat heartbeat;
  HubClock clock;  // When it arrived.
};

/// A site's next version of its record, with the key that the present one commits to. `rows`: the
/// site's rows up to this number may be signed with the old key. check_key_rotation (site_keys.h)
/// has compared the versions. The same version again changes nothing. Answered with Done; bad_key,
/// bad_signature, bad_field, stale_sequence, record_forked, out_of_range, already_exists; busy
/// while rows from before the last change are still on their way.
struct RotateSiteKeys {
  std::uint32_t site = 0;
  std::string record_envelope;  // Signed by the hub, the old key and the new one.
  std::uint64_t rows = 0;
};

/// The hub's operator revokes a site; `record_envelope` is the last version of its record, signed
/// by the hub alone. Answered with Done; already_final, bad_key (it has no record), and as above.
struct RevokeSite {
  std::uint32_t site = 0;
  std::string record_envelope;
};

/// A new version of a site's record with the keys of the one before. Signed by the hub and the
/// site: later times, other facts, `measured` and `active` (only as long as it is so), `retired`
/// (only when nothing runs there and all of its `rows` have come). By the hub alone: `stale`,
/// `suspended`. check_site_amendment (site_record.h) has compared the versions. The same version
/// again changes nothing. Answered with Done; already_final, bad_key, bad_field, bad_signature,
/// stale_sequence, record_forked, illegal_transition, unmeasured, site_drained, denied (it is
/// suspended), in_use, busy.
struct AmendSite {
  std::uint32_t site = 0;
  std::string record_envelope;
  std::uint64_t rows = 0;  // When it retires: the number of its last row.
};

/// The hub's operator ends a suspension. Answered with Done; illegal_transition: it is not
/// suspended.
struct ReinstateSite {
  std::uint32_t site = 0;
};

/// The hub's operator decides about a disputed usage record. Answered with Done. already_final: it
/// is not open; busy: its attempt still runs (accepting only); usage_disputed: nothing of it can be
/// paid; insufficient_funds: the job's account cannot cover it.
struct ResolveDispute {
  std::uint64_t dispute = 0;
  bool is_accepted = false;
  std::uint32_t by = 0;
};

/// Another region's hub may lend us cards and use ours. Opens the clearing account "peer
/// REGION-ID". Answered with Created (its handle); already_exists, bad_field.
struct AddPeer {
  PeerAdded peer;          // account is filled in by the decision.
  core::Money credit_max;  // What it may owe us at any time; 0: it may use nothing here.
  std::string card;        // Signed; the record's body.
};

/// A peer has paid this hub, outside of both: said by who was paid. The same key again changes
/// nothing. Answered with Done, before the peer has booked it; denied (it owes nothing),
/// out_of_range (it owes less), bad_field, idempotency_conflict, overloaded.
struct SettlePeer {
  std::uint32_t peer = 0;
  ledger::EntryId key;
  core::Money amount;
  std::string memo;
  std::uint32_t by = 0;
};

/// Proposes to add `amount` to this hub's balance with the peer, from `account` (empty: the hub's
/// for losses). Replaces one that waits. Answered with Done; unknown_account, bad_field,
/// out_of_range, and as check_entry().
struct AdjustPeer {
  std::uint32_t peer = 0;
  core::Money amount;
  std::string reason;
  std::string account;
  std::uint32_t by = 0;
};

/// The operator decides about the peer's adjustment that waits. Answered with Done; not_found.
struct DecideAdjustment {
  std::uint32_t peer = 0;
  bool is_accepted = false;
  std::uint32_t by = 0;
};

/// A peer has moved. Answered with Done.
struct ChangePeer {
  std::uint32_t peer = 0;
  std::string name;
  std::string address;
};

/// A peer opens its channel to us. Answered with ChannelHello; channel_diverged.
struct OpenPeerChannel {
  std::uint32_t peer = 0;
  engine::ChannelHello hello;
};

/// An operator accepts that a peer's history differs. Answered with Done.
struct ReconcilePeer {
  std::uint32_t peer = 0;
  engine::ChannelHello hello;
};

/// Rows of a peer's outbox. Payloads are CBOR of PeerMessage; attachments stand at the same
/// positions. Answered with RowsAccepted; what makes no sense is refused and acknowledged.
struct AcceptPeerRows {
  std::uint32_t peer = 0;
  std::string incarnation;
  std::uint64_t first = 0;
  std::vector<std::string> payloads;
  std::vector<std::string> attachments;
};

/// A peer said that our rows up to here are durable there. Answered with Done; channel_diverged.
struct AcknowledgePeerRows {
  std::uint32_t peer = 0;
  std::uint64_t acknowledged = 0;
};

/// What we offer now, for one peer: all of it, or what has changed since the beacon made before.
/// Answered with Beacon; its number is 0, and it is not to be sent, if there is no news.
struct MakeBeacon {
  std::uint32_t peer = 0;
  bool is_full = false;
  bool is_due = true;  // To be sent even without news, to live on.
};

/// A peer's beacon. Soft: writes no event. Answered with BeaconAnswer.
struct AcceptBeacon {
  std::uint32_t peer = 0;
  Beacon beacon;
};

/// A line from this region to another, or other figures for it. `record` is signed by this hub; it
/// names the next version, and the line's identifier stays. Answered with Done; bad_signature,
/// bad_field, out_of_range, denied (another region's line), stale_sequence, too_large (peers_max).
struct RegisterLine {
  std::string record;
};

/// What was measured of a line into this region. Soft: writes no event. Answered with Done.
struct NoteLine {
  std::string from;
  std::int64_t bits_per_second = 0;     // 0: no new figure.
  std::optional<core::Duration> delay;  // One way; absent: no new figure.
};

/// Sets a rate on the line to region `to` aside for what is sent under `key`: as much as
/// transfer::plan_share() gives. Nothing changes if there is a leg under that key, or no room; the
/// transfer then shares what is left. Answered with Done; bad_field, not_found (no such line).
struct ReserveLine {
  std::string to;
  std::string key;
  core::Bytes size;
};

/// All has been sent under that key, or nobody wants it any more. Answered with Done.
struct ReleaseLine {
  std::string to;
  std::string key;
};

/// Soft: a peer answered what was sent to it at `sent`, boot time, and has rows for us up to
/// `rows`. Renews the leases of its guests (home_leases.h). Answered with Done.
struct NotePeerAnswer {
  std::uint32_t peer = 0;
  std::uint64_t rows = 0;
  core::Duration sent;
};

using CommandKinds =
    std::variant<CreateHub, CreatePrincipal, Deposit, SetCreditLimit, SubmitJobs, CancelJob,
                 JoinSite, OfferPools, SetSiteDrained, OpenSiteChannel, ReconcileSite,
                 AcceptSiteRows, BeatSite, RotateSiteKeys, RevokeSite, ResolveDispute, AddPeer,
                 ChangePeer, OpenPeerChannel, ReconcilePeer, AcceptPeerRows, AcknowledgePeerRows,
                 MakeBeacon, AcceptBeacon, RegisterLine, NoteLine, ReserveLine, ReleaseLine,
                 SettlePeer, AdjustPeer, DecideAdjustment, NotePeerAnswer, AmendSite,
                 ReinstateSite>;

}  // namespace intertie::hub

extern template class intertie::core::WideVariant<intertie::hub::CommandKinds>;

namespace intertie::hub {

struct Command : core::WideVariant<CommandKinds> {
  using WideVariant::WideVariant;
};

struct Done {};

struct Created {
  std::uint32_t handle = 0;
};

struct SubmittedJob {
  std::uint64_t job = 0;
  bool is_repeat = false;  // The idempotency key was known: this is the earlier job.
};

struct Submitted {
  std::vector<core::Result<SubmittedJob>> jobs;  // In the order asked.
};

struct Joined {
  std::uint32_t site = 0;
  std::vector<std::uint32_t> pools;
  std::uint64_t record_index = 0;  // Not 0: it had joined before; the body there is its record.
};

struct RowsAccepted {
  std::uint64_t received = 0;  // Acknowledges the site's rows up to here.
};

using ReplyKinds = std::variant<Done, Created, Submitted, Joined, engine::ChannelHello,
                                RowsAccepted, execution::HeartbeatAnswer, Beacon, BeaconAnswer>;

}  // namespace intertie::hub

extern template class intertie::core::WideVariant<intertie::hub::ReplyKinds>;

namespace intertie::hub {

struct Reply : core::WideVariant<ReplyKinds> {
  using WideVariant::WideVariant;
};

}  // namespace intertie::hub
