// The facts of the hub's log. docs/formats/hub-log.md lists them for other implementers.
//
// Each struct is the head of one record: what decisions read. The body, if any, is named in the
// comment. Events carry outcomes (prices, charges, chosen slots), so an old log replays without the
// policies of its time. Fields may only be appended; the order of the variant is the record's kind
// and may only grow.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/core/wide_variant.h"
#include "intertie/crypto/digest.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/dispute.h"
#include "intertie/hub/hub_clock.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/peer_events.h"
#include "intertie/identity/record.h"
#include "intertie/ledger/ledger.h"
#include "intertie/placement/request.h"
#include "intertie/topology/pool.h"

namespace intertie::hub {

using Key128 = std::array<std::uint8_t, 16>;

/// The log's first record.
struct HubCreated {
  std::string id;      // The registry's identifier.
  std::string region;  // Two characters; also its registry code.
  std::string name;
  std::string currency;            // Of every Money in this log.
  std::string sign_key;            // Public half, text form.
  std::int64_t fee_per_mille = 0;  // Of each charge, kept by the hub.
};
BOOST_DESCRIBE_STRUCT(HubCreated, (), (id, region, name, currency, sign_key, fee_per_mille))

/// What a principal may do beside owning jobs.
enum class Role : std::uint8_t { user, provider, operator_ };
BOOST_DESCRIBE_ENUM(Role, user, provider, operator_)

/// A person or program that signs in. Its handle is its position.
struct PrincipalCreated {
  std::string name;
  Role role = Role::user;
  std::uint32_t account = 0;  // Handle of its own ledger account, opened before.
  std::int64_t jobs_max = 0;  // Waiting and running at once.
};
BOOST_DESCRIBE_STRUCT(PrincipalCreated, (), (name, role, account, jobs_max))

struct AccountOpened {
  ledger::AccountTerms terms;
};
BOOST_DESCRIBE_STRUCT(AccountOpened, (), (terms))

struct CreditLimitSet {
  std::uint32_t account = 0;
  core::Money limit;
};
BOOST_DESCRIBE_STRUCT(CreditLimitSet, (), (account, limit))

/// Money moved outside of jobs (a deposit, a correction).
struct EntryPosted {
  ledger::Entry entry;
};
BOOST_DESCRIBE_STRUCT(EntryPosted, (), (entry))

/// What a decision needs of a version of a registration record; the record itself is the body.
struct RecordFacts {
  std::int64_t seq = 0;
  crypto::Digest hash{};  // SHA-256 of the payload: what the next one follows.
  std::optional<crypto::Digest> next_key_hash;  // The commitment to the next signing key.
  crypto::Digest envelope{};                    // SHA-256 of the body: a leaf of the public log.
  identity::RecordStatus status = identity::RecordStatus::registered;
  core::Time valid_until{};           // 0: an older log, which did not say; never lapsed.
  std::vector<core::Rate> claimed{};  // Of one node of each of its pools.

  friend bool operator==(const RecordFacts&, const RecordFacts&) = default;
};
BOOST_DESCRIBE_STRUCT(RecordFacts, (),
                      (seq, hash, next_key_hash, envelope, status, valid_until, claimed))

/// A site joined. Body: its registration record, signed by the registry and by the site.
struct SiteRegistered {
  topology::Site site;
  std::string sign_key;
  std::string tls_key;
  std::string join_nonce;  // The join token's, so that a token is used once.
  std::string seal_key;    // Empty: it takes no jobs with secrets.
  std::optional<RecordFacts> record = std::nullopt;  // Absent in simulated grids and older logs.
};
BOOST_DESCRIBE_STRUCT(SiteRegistered, (), (site, sign_key, tls_key, join_nonce, seal_key, record))

/// A pool is offered, or offered under new terms. Capability and status are not taken from it.
struct PoolOffered {
  topology::Pool pool;
  std::uint32_t position = 0;  // In the site's own list.
};
BOOST_DESCRIBE_STRUCT(PoolOffered, (), (pool, position))

/// A statement was verified. Body: the signed envelope.
struct MeasurementAccepted {
  std::uint32_t pool = 0;
  topology::Capability capability;
  std::optional<crypto::Digest> envelope = std::nullopt;  // SHA-256 of the body; a public leaf.
};
BOOST_DESCRIBE_STRUCT(MeasurementAccepted, (), (pool, capability, envelope))

/// A statement was not accepted. Body: the envelope.
struct MeasurementRefused {
  std::uint32_t pool = 0;
  core::Reason reason = core::Reason::bad_signature;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(MeasurementRefused, (), (pool, reason, detail))

/// All pools of a site changed status, with the figures that led to it.
struct SiteStatusChanged {
  std::uint32_t site = 0;
  topology::PoolStatus status = topology::PoolStatus::active;
  std::string why;
  std::optional<bool> is_drained =
      std::nullopt;  // Set: its operator decided this, and the status stays.
};
BOOST_DESCRIBE_STRUCT(SiteStatusChanged, (), (site, status, why, is_drained))

/// What jobs of one queue have in common: jobs of one shape are interchangeable for placement.
struct JobShape {
  placement::Requirements requirements;
  core::Duration time_limit;
  core::Money price_max;  // 0: no limit of its own.
  core::Money per_hour_of_delay;
  core::Bytes input;  // To be moved to the site; the sum of `inputs`.
  /// The same by where copies lie. No regions, or an older record: in the home region.
  std::vector<placement::DataLocation> inputs;

  friend bool operator==(const JobShape&, const JobShape&) = default;
};
BOOST_DESCRIBE_STRUCT(JobShape, (),
                      (requirements, time_limit, price_max, per_hour_of_delay, input, inputs))

/// A new shape (a requirement set and its queue). The handle of a shape without jobs is used again.
struct ShapeInterned {
  JobShape shape;
  std::uint32_t handle = 0;
};
BOOST_DESCRIBE_STRUCT(ShapeInterned, (), (shape, handle))

/// A job was acknowledged. Body: the job document (JSON).
struct JobSubmitted {
  std::uint64_t job = 0;
  std::uint32_t owner = 0;
  std::uint32_t account = 0;
  std::uint32_t shape = 0;
  PriorityClass priority = PriorityClass::normal;
  OnLoss on_loss = OnLoss::wait;
  std::uint32_t retries = 0;
  std::optional<core::Time> start_after;
  std::optional<core::Time> deadline;
  std::optional<Key128> idempotency;
  Key128 request_digest{};
  std::string name;
  std::map<std::string, std::string> tags;
};
BOOST_DESCRIBE_STRUCT(JobSubmitted, (),
                      (job, owner, account, shape, priority, on_loss, retries, start_after,
                       deadline, idempotency, request_digest, name, tags))

/// Demand that found no place, for planning (ARCHITECTURE.md 10, 3). Body: the counts by reason.
struct DemandUnmet {
  std::uint32_t owner = 0;
  std::uint64_t job = 0;  // 0: refused at admission.
  core::Reason reason = core::Reason::unplaceable;
  std::string region;
  std::optional<core::ComputeClass> class_;
  std::uint32_t tasks = 0;
  core::Money price_max;
  core::Money needed;  // What its hold would take, if money was short.
};
BOOST_DESCRIBE_STRUCT(DemandUnmet, (),
                      (owner, job, reason, region, class_, tasks, price_max, needed))

/// The owner hub set capacity aside: all legs or none, until it expires or is committed.
struct CapacityReserved {
  std::uint64_t reservation = 0;
  std::uint64_t job = 0;
  std::uint32_t pool = 0;
  std::vector<execution::TaskSlot> slots;
  core::Time from;
  core::Time to;
  core::Time expires;
  topology::PriceTable price;
};
BOOST_DESCRIBE_STRUCT(CapacityReserved, (),
                      (reservation, job, pool, slots, from, to, expires, price))

/// A reservation ended without, or after, an attempt; its capacity is free.
struct CapacityReleased {
  std::uint64_t reservation = 0;
};
BOOST_DESCRIBE_STRUCT(CapacityReleased, (), (reservation))

/// The home hub chose: attempt N runs in this reservation, the money is held. Sends StartAttempt.
/// Body: the explanation (placement::Placement as JSON).
struct AttemptChosen {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t reservation = 0;
  ledger::HoldRequest hold;
  HubClock clock;  // Not later than the decision: use is bounded by what has passed since.
};
BOOST_DESCRIBE_STRUCT(AttemptChosen, (), (job, attempt, reservation, hold, clock))

struct AttemptBegan {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(AttemptBegan, (), (job, attempt, at))

/// One verified usage record was charged. Body: its signed envelope.
struct UsageSettled {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Time from;
  core::Time to;
  bool is_last = false;
  ledger::Post post;
  std::uint64_t record = 0;                               // Number of the usage record.
  std::optional<crypto::Digest> envelope = std::nullopt;  // SHA-256 of the body; a public leaf.
};
BOOST_DESCRIBE_STRUCT(UsageSettled, (), (job, attempt, from, to, is_last, post, record, envelope))

/// A usage record was not accepted; nothing was charged for it. Body: its envelope.
struct UsageDisputed {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Reason reason = core::Reason::usage_disputed;
  std::string detail;
  std::uint32_t site = 0;
  std::optional<DisputedClaim> claim;  // Set: the record is the site's, about this attempt.
};
BOOST_DESCRIBE_STRUCT(UsageDisputed, (), (job, attempt, reason, detail, site, claim))

/// The attempt is over: capacity is free, the rest of the hold is void. Sends ForgetAttempt.
/// Body: the site's AttemptEnded message (JSON), if it sent one.
struct AttemptOver {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;  // Counts against the site's breaker.
};
BOOST_DESCRIBE_STRUCT(AttemptOver, (), (job, attempt, failure, exit_code, at, is_site_fault))

/// The job goes back to its queue.
struct JobRequeued {
  std::uint64_t job = 0;
  core::Time not_before;
  bool uses_retry = false;
};
BOOST_DESCRIBE_STRUCT(JobRequeued, (), (job, not_before, uses_retry))

/// Somebody asked to stop it. A waiting job ends in the same decision. `reason` is what the site is
/// told: lease_lapsed for a guest whose home has been silent for too long.
struct JobCancelRequested {
  std::uint64_t job = 0;
  std::uint32_t by = 0;
  core::Reason reason = core::Reason::cancelled_by_user;
};
BOOST_DESCRIBE_STRUCT(JobCancelRequested, (), (job, by, reason))

enum class JobOutcome : std::uint8_t { succeeded, failed, cancelled };
BOOST_DESCRIBE_ENUM(JobOutcome, succeeded, failed, cancelled)

/// The job is final and leaves the state; the index keeps it.
struct JobEnded {
  std::uint64_t job = 0;
  JobOutcome outcome = JobOutcome::succeeded;
  std::optional<core::Reason> reason;
  std::int32_t exit_code = 0;
  core::Money charged;
};
BOOST_DESCRIBE_STRUCT(JobEnded, (), (job, outcome, reason, exit_code, charged))

/// Rows from a site were accepted or refused; both count (ARCHITECTURE.md, idea 5).
struct SiteRowsAccepted {
  std::uint32_t site = 0;
  std::uint64_t number = 0;  // Last accepted row of the site, and the chain's hash there.
  std::string hash;
  std::uint64_t acknowledged = 0;  // Last row of ours that the site has accepted.
};
BOOST_DESCRIBE_STRUCT(SiteRowsAccepted, (), (site, number, hash, acknowledged))

/// A channel opened after its two sides had compared what they remember.
struct SiteChannelOpened {
  std::uint32_t site = 0;
  std::string incarnation;
};
BOOST_DESCRIBE_STRUCT(SiteChannelOpened, (), (site, incarnation))

/// The clock jumped by more than clock_step_max: all liveness deadlines start anew.
struct ClockStepped {
  core::Time from;
  core::Time to;
};
BOOST_DESCRIBE_STRUCT(ClockStepped, (), (from, to))

/// The two sides of a channel remember different histories; the site restarts at our numbers, and
/// whatever it was sent before is taken as lost (its attempts end as site_lost).
struct SiteChannelReconciled {
  std::uint32_t site = 0;
  std::string incarnation;
  std::uint64_t number = 0;
  std::string hash;
  std::uint64_t received = 0;
  std::string received_hash;
};
BOOST_DESCRIBE_STRUCT(SiteChannelReconciled, (),
                      (site, incarnation, number, hash, received, received_hash))

/// A site's record has a new version with the signing key that the version before committed to,
/// and a new TLS key. Body: the record, signed by the registry, the old key and the new one.
struct SiteKeysRotated {
  std::uint32_t site = 0;
  std::string sign_key;
  std::string tls_key;
  RecordFacts record;
  std::uint64_t rows = 0;     // The site's rows up to here may still be signed with the old key.
  std::string seal_key = {};  // Empty: it stays.
};
BOOST_DESCRIBE_STRUCT(SiteKeysRotated, (), (site, sign_key, tls_key, record, rows, seal_key))

/// The registry has revoked a site: its keys count no more. Body: the record's last version.
struct SiteRevoked {
  std::uint32_t site = 0;
  RecordFacts record;
  identity::RevocationReason why = identity::RevocationReason::key_lost;
};
BOOST_DESCRIBE_STRUCT(SiteRevoked, (), (site, record, why))

/// A site's record has a new version with the keys of the one before: another status, other facts,
/// or only later times. Retired: its keys count no more. Body: the record, signed by the registry
/// and the site, or by the registry alone (identity::may_registry_sign_alone).
struct SiteRecordAmended {
  std::uint32_t site = 0;
  RecordFacts record;
  bool is_countersigned = false;  // By the site.
};
BOOST_DESCRIBE_STRUCT(SiteRecordAmended, (), (site, record, is_countersigned))

/// A site's record was not renewed in time: its pools take no jobs until it is.
struct SiteRecordLapsed {
  std::uint32_t site = 0;
  core::Time valid_until;
};
BOOST_DESCRIBE_STRUCT(SiteRecordLapsed, (), (site, valid_until))

/// The hub's operator lets a suspended site sell again; its record says so once the site has
/// signed.
struct SiteReinstated {
  std::uint32_t site = 0;
};
BOOST_DESCRIBE_STRUCT(SiteReinstated, (), (site))

/// The hub's operator decided about a disputed record: accepted, [from, to) of it is paid by the
/// job's account; rejected, it costs nothing.
struct DisputeResolved {
  std::uint64_t dispute = 0;  // Log index of its UsageDisputed.
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  bool is_accepted = false;
  std::uint32_t by = 0;
  core::Time from;
  core::Time to;
  core::Money paid;
  std::optional<ledger::Entry> entry;  // Absent: no money moves.
};
BOOST_DESCRIBE_STRUCT(DisputeResolved, (),
                      (dispute, job, attempt, is_accepted, by, from, to, paid, entry))

/// All of an input is at the site, verified, and this is how it came there, as the site says. Of a
/// guest: its home is told (OfferMoved). Body: the receipt's envelope.
struct InputMoved {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t offer = 0;  // Home: it runs in another region; else 0.
  crypto::Digest dataset;
  core::Bytes size;
  std::string source;  // Identifier of the hub or site that held it.
  core::Time started;
  core::Time ended;
  core::Bytes received;  // As in transfer::Receipt, like those below.
  core::Bytes direct;
  std::uint32_t cuts = 0;
  std::optional<core::Reason> fallback;
};
BOOST_DESCRIBE_STRUCT(InputMoved, (),
                      (job, attempt, offer, dataset, size, source, started, ended, received, direct,
                       cuts, fallback))

using EventKinds = std::variant<
    HubCreated, AccountOpened, PrincipalCreated, CreditLimitSet, EntryPosted, SiteRegistered,
    PoolOffered, MeasurementAccepted, MeasurementRefused, SiteStatusChanged, ShapeInterned,
    JobSubmitted, DemandUnmet, CapacityReserved, CapacityReleased, AttemptChosen, AttemptBegan,
    UsageSettled, UsageDisputed, AttemptOver, JobRequeued, JobCancelRequested, JobEnded,
    SiteRowsAccepted, SiteChannelOpened, ClockStepped, SiteChannelReconciled, SiteKeysRotated,
    SiteRevoked, DisputeResolved, PeerAdded, PeerChanged, PeerChannelOpened, PeerRowsAccepted,
    PeerChannelReconciled, OfferAsked, OfferClosed, RemoteAttemptChosen, RemoteAttemptBegan,
    RemoteUsageSettled, RemoteUsageDisputed, RemoteAttemptOver, GuestReserved, GuestRefused,
    GuestCommitted, GuestDropped, GuestEnded, ChargeContested, LineRegistered, LineReserved,
    LineReleased, InputMoved, ContestResolved, ClearingProposed, ClearingAsked, ClearingDecided,
    SiteRecordAmended, SiteRecordLapsed, SiteReinstated>;

}  // namespace intertie::hub

extern template class intertie::core::WideVariant<intertie::hub::EventKinds>;

namespace intertie::hub {

struct Event : core::WideVariant<EventKinds> {
  using WideVariant::WideVariant;
};

}  // namespace intertie::hub
