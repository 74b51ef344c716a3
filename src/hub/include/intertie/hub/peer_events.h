// The facts of the hub's log that are about other regions' hubs (docs/formats/hub-log.md).
//
// "Home" and "owner" say in which role the hub that writes them acts (ARCHITECTURE.md, idea 6). As
// all events: fields may only be appended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/execution/site_messages.h"
#include "intertie/hub/dispute.h"
#include "intertie/hub/hub_clock.h"
#include "intertie/hub/job_document.h"
#include "intertie/ledger/ledger.h"
#include "intertie/topology/price_table.h"
#include "intertie/topology/region_lines.h"

namespace intertie::hub {

/// Another region's hub, known by its keys, and the account that mirrors what the two owe each
/// other: below zero is what they owe us. Body: the peer's card.
struct PeerAdded {
  std::string id;
  std::string region;
  std::string name;
  std::string address;  // HOST:PORT of its listener for hubs and sites.
  std::string sign_key;
  std::string tls_key;
  std::uint32_t account = 0;  // Opened before; its credit limit is what the peer may owe us.
};
BOOST_DESCRIBE_STRUCT(PeerAdded, (), (id, region, name, address, sign_key, tls_key, account))

/// The same peer under another address or name.
struct PeerChanged {
  std::uint32_t peer = 0;
  std::string name;
  std::string address;
};
BOOST_DESCRIBE_STRUCT(PeerChanged, (), (peer, name, address))

struct PeerChannelOpened {
  std::uint32_t peer = 0;
  std::string incarnation;
};
BOOST_DESCRIBE_STRUCT(PeerChannelOpened, (), (peer, incarnation))

/// Rows from a peer were taken in, or ours acknowledged.
struct PeerRowsAccepted {
  std::uint32_t peer = 0;
  std::uint64_t number = 0;  // Last accepted row of the peer, and the chain's hash there.
  std::string hash;
  std::uint64_t acknowledged = 0;  // Last row of ours that the peer has accepted.
};
BOOST_DESCRIBE_STRUCT(PeerRowsAccepted, (), (peer, number, hash, acknowledged))

/// The two hubs remember different histories; both start anew above what the other remembers.
/// Our offers there are given up when they surely run no more; its guests here are stopped.
struct PeerChannelReconciled {
  std::uint32_t peer = 0;
  std::string incarnation;
  std::uint64_t number = 0;
  std::string hash;
  std::uint64_t received = 0;
  std::string received_hash;
};
BOOST_DESCRIBE_STRUCT(PeerChannelReconciled, (),
                      (peer, incarnation, number, hash, received, received_hash))

/// Home: the money is held and the best region is asked to reserve. Sends ReserveRequest. Body: the
/// explanation.
struct OfferAsked {
  std::uint64_t offer = 0;
  std::uint64_t job = 0;
  std::uint32_t peer = 0;
  std::string pool;  // Identifier.
  std::string pool_name;
  std::string site;
  std::string site_sign_key;
  topology::PriceTable price;
  ledger::HoldRequest hold;
};
BOOST_DESCRIBE_STRUCT(OfferAsked, (),
                      (offer, job, peer, pool, pool_name, site, site_sign_key, price, hold))

/// Home: it was refused, or it expired, or no answer came in time (`is_withdrawn`: sends Withdraw).
/// The hold is void; the job waits again, by a JobRequeued, or ends.
struct OfferClosed {
  std::uint64_t offer = 0;
  std::uint64_t job = 0;
  core::Reason reason = core::Reason::busy;
  std::string detail;
  bool is_withdrawn = false;
};
BOOST_DESCRIBE_STRUCT(OfferClosed, (), (offer, job, reason, detail, is_withdrawn))

/// Home: it was granted, and attempt N runs there. Sends Commit, with `home_lease` (0: the owner
/// keeps none).
struct RemoteAttemptChosen {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t offer = 0;
  core::Duration home_lease{};
};
BOOST_DESCRIBE_STRUCT(RemoteAttemptChosen, (), (job, attempt, offer, home_lease))

struct RemoteAttemptBegan {
  std::uint64_t job = 0;
  std::uint64_t offer = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(RemoteAttemptBegan, (), (job, offer, at))

/// Home: a charge of the owner was recomputed from its signed usage record and posted to the
/// owner's clearing account. Body: the record's envelope.
struct RemoteUsageSettled {
  std::uint64_t job = 0;
  std::uint64_t offer = 0;
  std::uint32_t attempt = 0;
  core::Time from;
  core::Time to;
  bool is_last = false;
  ledger::Post post;
  std::uint64_t record = 0;
};
BOOST_DESCRIBE_STRUCT(RemoteUsageSettled, (),
                      (job, offer, attempt, from, to, is_last, post, record))

/// Home: a charge of the owner was not accepted. Sends ChargeDisputed. Body: the envelope.
struct RemoteUsageDisputed {
  std::uint64_t job = 0;  // 0: about no offer that this hub remembers.
  std::uint64_t offer = 0;
  std::uint32_t peer = 0;
  std::uint32_t attempt = 0;
  std::uint64_t record = 0;
  core::Money charge;
  std::string detail;
  std::optional<DisputedClaim> claim;  // Set: a record of this attempt, and the charge is for it.
};
BOOST_DESCRIBE_STRUCT(RemoteUsageDisputed, (),
                      (job, offer, peer, attempt, record, charge, detail, claim))

/// Home: the attempt in the other region is over; what remains of the hold is void. Body: what the
/// site said, if anything. `is_given_up`: nobody said so; the owner was silent until the attempt
/// surely ran no more. Sends Withdraw.
struct RemoteAttemptOver {
  std::uint64_t job = 0;
  std::uint64_t offer = 0;
  std::uint32_t attempt = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;
  bool is_given_up = false;
};
BOOST_DESCRIBE_STRUCT(RemoteAttemptOver, (),
                      (job, offer, attempt, failure, exit_code, at, is_site_fault, is_given_up))

/// Owner: cards are set aside for a job of another region, and the most it can cost is held on that
/// region's clearing account. Sends ReserveGranted. `job` is a number of this hub: sites know no
/// other.
struct GuestReserved {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  std::uint64_t job = 0;
  std::uint32_t shape = 0;
  OnLoss on_loss = OnLoss::wait;
  std::string user;
  std::uint64_t reservation = 0;
  std::uint32_t pool = 0;
  std::vector<execution::TaskSlot> slots;
  core::Time from;
  core::Time to;
  core::Time expires;
  topology::PriceTable price;
  ledger::HoldRequest hold;
  HubClock clock{};  // Not later than this; a commit answers it, so its home lives until then.
                     // Absent (older logs, no such clock): no lease is promised.
};
BOOST_DESCRIBE_STRUCT(GuestReserved, (),
                      (peer, offer, job, shape, on_loss, user, reservation, pool, slots, from, to,
                       expires, price, hold, clock))

/// Owner: sends ReserveRefused.
struct GuestRefused {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  core::Reason reason = core::Reason::busy;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(GuestRefused, (), (peer, offer, reason, detail))

/// Owner: the commit came. Sends StartAttempt to the site. Body: the job document.
struct GuestCommitted {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  HubClock clock;               // As in AttemptChosen.
  core::Duration home_lease{};  // As in Commit.
};
BOOST_DESCRIBE_STRUCT(GuestCommitted, (), (job, attempt, clock, home_lease))

/// Owner: a reservation without commit is over. `is_expired`: sends ReserveRefused.
struct GuestDropped {
  std::uint64_t job = 0;
  bool is_expired = false;
};
BOOST_DESCRIBE_STRUCT(GuestDropped, (), (job, is_expired))

/// Owner: the guest's attempt is over (AttemptOver came before) and leaves the state. Sends
/// OfferOver. Body: what the site said, if anything.
struct GuestEnded {
  std::uint64_t job = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;
};
BOOST_DESCRIBE_STRUCT(GuestEnded, (), (job, failure, exit_code, at, is_site_fault))

/// Owner: the home hub has not posted a charge. Its operator decides, and ContestResolved follows.
struct ChargeContested {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Money charge;
  std::string detail;
  bool is_known = false;  // This hub remembers that charge; the rest below is about it.
  std::uint64_t job = 0;
  std::uint32_t provider = 0;
  core::Money fee{};
};
BOOST_DESCRIBE_STRUCT(ChargeContested, (),
                      (peer, offer, record, charge, detail, is_known, job, provider, fee))

/// A line from this region to another has been registered, has other figures now, or is retired.
/// Body: the record, as `record`.
struct LineRegistered {
  topology::RegionLine line;
  std::int64_t seq = 0;
  std::string record;       // Signed by this hub (hub/line_record.h); beacons carry it.
  crypto::Digest envelope;  // SHA-256 of the record; a leaf of the public log.
  bool is_retired = false;

  friend bool operator==(const LineRegistered&, const LineRegistered&) = default;
};
BOOST_DESCRIBE_STRUCT(LineRegistered, (), (line, seq, record, envelope, is_retired))

/// Of a line from this region: a rate is set aside for what is sent under `key` (hub/line_legs.h),
/// until then or its release. The end of an offer, and the beginning of its attempt, release its
/// leg without an event of their own.
struct LineReserved {
  std::uint64_t leg = 0;  // Number: 1, 2, 3, ...
  std::string to;         // Region.
  std::string key;
  core::Bytes size;  // What is to be sent.
  std::int64_t bits_per_second = 0;
  core::Time from;
  core::Time until;

  friend bool operator==(const LineReserved&, const LineReserved&) = default;
};
BOOST_DESCRIBE_STRUCT(LineReserved, (), (leg, to, key, size, bits_per_second, from, until))

/// A leg is over: all has been sent, its time is up, or the line carries less now.
struct LineReleased {
  std::uint64_t leg = 0;
};
BOOST_DESCRIBE_STRUCT(LineReleased, (), (leg))

/// Owner: the home hub's operator decided about a contested charge: `paid` of it stands, the rest
/// goes back to the home hub by `entry` (docs/decisions/0016).
struct ContestResolved {
  std::uint32_t peer = 0;
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  std::uint64_t job = 0;
  std::uint64_t dispute = 0;  // Log index of its ChargeContested; 0: none was open.
  bool is_accepted = false;
  core::Money charge;
  core::Money paid;
  std::optional<ledger::Entry> entry;  // Absent: no money moves.
};
BOOST_DESCRIBE_STRUCT(ContestResolved, (),
                      (peer, offer, record, job, dispute, is_accepted, charge, paid, entry))

/// payment: who was paid says so, and both sides book it. adjustment: one side books, so that the
/// two mirror each other again, and the other one's operator agrees.
enum class ClearingKind : std::uint8_t { payment, adjustment };
BOOST_DESCRIBE_ENUM(ClearingKind, payment, adjustment)

struct ClearingProposal {
  ClearingKind kind = ClearingKind::payment;
  core::Money amount;         // Added to the proposer's clearing account,
  std::string text;           // for this reason,
  std::uint32_t account = 0;  // from this account of the proposer.
  ledger::EntryId key;        // payment: of the proposer's entry.
  std::uint32_t by = 0;       // Whose word it is: a principal of the proposer.

  friend bool operator==(const ClearingProposal&, const ClearingProposal&) = default;
};
BOOST_DESCRIBE_STRUCT(ClearingProposal, (), (kind, amount, text, account, key, by))

/// With the proposer's number for it.
struct NumberedProposal {
  std::uint64_t id = 0;
  ClearingProposal terms;
};
BOOST_DESCRIBE_STRUCT(NumberedProposal, (), (id, terms))

/// This hub's operator says that a peer has paid, or wants to adjust its account (the last such
/// proposal counts). Sends ClearingPaid or AdjustmentProposed.
struct ClearingProposed {
  std::uint32_t peer = 0;
  std::uint64_t id = 0;
  ClearingProposal terms;
};
BOOST_DESCRIBE_STRUCT(ClearingProposed, (), (peer, id, terms))

/// A peer wants to adjust its account with this hub; the operator here decides.
struct ClearingAsked {
  std::uint32_t peer = 0;
  NumberedProposal proposal;
};
BOOST_DESCRIBE_STRUCT(ClearingAsked, (), (peer, proposal))

/// A proposal is decided, and what follows from it is booked here. Of the peer's: sends
/// ClearingAnswered.
struct ClearingDecided {
  std::uint32_t peer = 0;
  std::uint64_t id = 0;
  bool is_ours = false;
  bool is_accepted = false;
  ClearingKind kind = ClearingKind::payment;
  core::Money amount;  // As proposed.
  std::string detail;  // Why not.
  std::uint32_t by = 0;
  std::optional<ledger::Entry> entry;  // Absent: nothing changes here.
};
BOOST_DESCRIBE_STRUCT(ClearingDecided, (),
                      (peer, id, is_ours, is_accepted, kind, amount, detail, by, entry))

}  // namespace intertie::hub
