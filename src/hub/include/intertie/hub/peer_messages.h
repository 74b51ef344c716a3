// What two hubs tell each other (docs/formats/hub-channel.md).
//
// Rows of the outboxes between a home hub, which owns a job, its attempt number and its owner's
// money, and an owner hub, which owns the cards (ARCHITECTURE.md, idea 6). Every row names the
// offer: the home hub's number for one try to have one job run in the other region. Fields may only
// be appended, and so may the variant. Unknown fields and unknown kinds are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/hub/job_document.h"
#include "intertie/placement/card_choice.h"
#include "intertie/placement/request.h"
#include "intertie/topology/pool.h"

namespace intertie::hub {

/// Home asks: may one attempt have these cards, at the price that was announced?
struct ReserveRequest {
  std::uint64_t offer = 0;
  std::string pool;  // Identifier.
  placement::Requirements requirements;
  core::Duration time_limit;
  OnLoss on_loss = OnLoss::wait;
  topology::PriceTable price;  // As announced. Another price by now is a refusal.
  core::Bytes input;
  std::string user;  // Of the home hub; opaque. Two users never share a sandbox at one time.
};
BOOST_DESCRIBE_STRUCT(ReserveRequest, (),
                      (offer, pool, requirements, time_limit, on_loss, price, input, user))

/// Owner: the cards are set aside until `expires` on the owner's clock. `keeps_lease`: this version
/// of the owner ends an attempt by itself when its home has been silent for the commit's lease.
struct ReserveGranted {
  std::uint64_t offer = 0;
  core::Time expires;
  bool keeps_lease = false;
};
BOOST_DESCRIBE_STRUCT(ReserveGranted, (), (offer, expires, keeps_lease))

/// Owner: no, or no more (it expired before a commit came). Nothing runs and nothing will.
struct ReserveRefused {
  std::uint64_t offer = 0;
  core::Reason reason = core::Reason::busy;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ReserveRefused, (), (offer, reason, detail))

/// Home: run it, as this attempt. The job document travels as the row's attachment. `home_lease`:
/// so long after home's last answer (BeaconAnswer) the owner may let it start, and run if it may be
/// restarted; then it must stop it. 0: without end, as the version before has it.
struct Commit {
  std::uint64_t offer = 0;
  std::uint32_t attempt = 0;
  core::Duration home_lease{};
};
BOOST_DESCRIBE_STRUCT(Commit, (), (offer, attempt, home_lease))

/// Home no longer wants the offer. Uncommitted: the cards are free. Committed: stop it; the end is
/// reported as for any attempt.
struct Withdraw {
  std::uint64_t offer = 0;
  core::Reason reason = core::Reason::cancelled_by_user;
};
BOOST_DESCRIBE_STRUCT(Withdraw, (), (offer, reason))

/// Owner: the user's command runs.
struct OfferBegan {
  std::uint64_t offer = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(OfferBegan, (), (offer, at))

/// Owner: one usage record has been charged to the home hub's clearing account. Home verifies the
/// record, computes the charge again, and posts the same amount or disputes it. Attachment: the
/// record's signed envelope.
struct OfferCharged {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Time from;
  core::Time to;
  bool is_last = false;
  core::Money charge;
};
BOOST_DESCRIBE_STRUCT(OfferCharged, (), (offer, record, from, to, is_last, charge))

/// Owner: the attempt is over. Attachment: what the site said, if anything.
struct OfferOver {
  std::uint64_t offer = 0;
  std::optional<core::Reason> failure;
  std::int32_t exit_code = 0;
  core::Time at;
  bool is_site_fault = false;
};
BOOST_DESCRIBE_STRUCT(OfferOver, (), (offer, failure, exit_code, at, is_site_fault))

/// Home has not posted a charge, and why. The owner's clearing account keeps it until people agree.
struct ChargeDisputed {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  core::Money charge;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ChargeDisputed, (), (offer, record, charge, detail))

/// Owner: an input has arrived at the site. Attachment: the site's signed receipt.
struct OfferMoved {
  std::uint64_t offer = 0;
};
BOOST_DESCRIBE_STRUCT(OfferMoved, (), (offer))

/// Home: its operator decided about a charge that was not posted. `paid` of it is posted now; the
/// owner gives the rest back.
struct ChargeResolved {
  std::uint64_t offer = 0;
  std::uint64_t record = 0;
  bool is_accepted = false;
  core::Money charge;  // As the owner charged it.
  core::Money paid;
};
BOOST_DESCRIBE_STRUCT(ChargeResolved, (), (offer, record, is_accepted, charge, paid))

/// Who was paid outside of the two hubs says so: the receiver owes `amount` less. Answered with
/// ClearingAnswered.
struct ClearingPaid {
  std::uint64_t id = 0;  // The sender's number for it.
  core::Money amount;    // Above 0.
  std::string memo;
};
BOOST_DESCRIBE_STRUCT(ClearingPaid, (), (id, amount, memo))

/// The sender wants to add `amount` to its own balance with the receiver, and to nobody else's, so
/// that the two mirror each other. Answered with ClearingAnswered when an operator has decided.
struct AdjustmentProposed {
  std::uint64_t id = 0;
  core::Money amount;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(AdjustmentProposed, (), (id, amount, reason))

/// Accepted: of a payment, it is booked here; of an adjustment, it may be booked there.
struct ClearingAnswered {
  std::uint64_t id = 0;
  bool is_accepted = false;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ClearingAnswered, (), (id, is_accepted, detail))

using PeerMessage =
    std::variant<ReserveRequest, ReserveGranted, ReserveRefused, Commit, Withdraw, OfferBegan,
                 OfferCharged, OfferOver, ChargeDisputed, OfferMoved, ChargeResolved, ClearingPaid,
                 AdjustmentProposed, ClearingAnswered>;

/// Rows of BeaconPool::free_nodes.
inline constexpr std::size_t kBeaconNodeRowsMax = 8;

/// So many nodes of a pool that are up, each with at least this much free.
struct BeaconNodes {
  std::uint32_t nodes = 0;
  core::MilliCpus cpus;
  core::Bytes memory;
  std::vector<std::int64_t> devices;  // By device group.
};
BOOST_DESCRIBE_STRUCT(BeaconNodes, (), (nodes, cpus, memory, devices))

/// What a job that finds no room in a pool waits for: by time limits, so it may come sooner.
struct BeaconQueue {
  std::int64_t running = 0;  // Attempts and reservations there; above 0.
  core::Duration next_end;   // Until the first of them is over, and the last.
  core::Duration last_end;
  core::Duration queued;  // What waits at the sender, spread over all its cores.
};
BOOST_DESCRIBE_STRUCT(BeaconQueue, (), (running, next_end, last_end, queued))

/// A pool as another region sees it: its terms, and what was free when the beacon was made.
struct BeaconPool {
  topology::Pool pool;      // Without its nodes; handles mean nothing to the reader.
  std::uint32_t nodes = 0;  // How many there are.
  std::string site;         // Name and identifier of its site.
  std::string site_identifier;
  std::string site_sign_key;  // Verifies the site's usage records.
  core::MilliCpus free_cpus;
  core::Bytes free_memory;
  std::vector<std::int64_t> free_devices;  // By device group.
  core::Bytes free_scratch{};              // If the pool's is known.
  /// Of a pool with more than one node that is up: emptiest first, at most kBeaconNodeRowsMax.
  std::optional<std::vector<BeaconNodes>> free_nodes = std::nullopt;
  std::optional<BeaconQueue> queue = std::nullopt;  // Nothing: nothing runs there.
  /// Of a pool with devices. Nothing: it has none, or the sender's version does not tell.
  std::optional<placement::CardSummary> cards = std::nullopt;
};
BOOST_DESCRIBE_STRUCT(BeaconPool, (),
                      (pool, nodes, site, site_identifier, site_sign_key, free_cpus, free_memory,
                       free_devices, free_scratch, free_nodes, queue, cards))

/// What the sender has measured of a line into its region.
struct LineReport {
  std::string from;
  std::int64_t bits_per_second = 0;     // Achieved; 0: not measured.
  core::Duration age;                   // Of that figure, when the beacon was made.
  std::optional<core::Duration> delay;  // One way; absent: not measured.
};
BOOST_DESCRIBE_STRUCT(LineReport, (), (from, bits_per_second, age, delay))

/// Soft state (ARCHITECTURE.md, idea 4): what the sender offers now, or what has changed since its
/// last beacon. It counts until `lifetime` after its arrival, on the reader's clock.
struct Beacon {
  std::uint64_t number = 0;  // Of this life of the sender: 1, 2, 3, ...
  bool is_full = false;      // Names all pools and lines. Else only the changed ones.
  core::Duration lifetime;
  std::uint64_t received = 0;  // The reader's rows up to here are accounted for.
  std::vector<BeaconPool> pools;
  std::vector<std::string> lines;  // Signed records (hub/line_record.h) of lines from its region.
  std::vector<LineReport> measured;
  // What the sender's rows up to here say is accounted for. Nothing: its version does not tell.
  std::optional<std::uint64_t> sent;
};
BOOST_DESCRIBE_STRUCT(Beacon, (),
                      (number, is_full, lifetime, received, pools, lines, measured, sent))

/// The answer to a beacon. A reader that missed one asks for a full one. `rows` is the last row
/// that it has for the sender: until the sender has taken it in, the answer renews no lease, for
/// that row may say that an attempt has been given up. Nothing: its version does not tell.
struct BeaconAnswer {
  bool is_full_wanted = false;
  std::optional<std::uint64_t> rows = {};
};
BOOST_DESCRIBE_STRUCT(BeaconAnswer, (), (is_full_wanted, rows))

}  // namespace intertie::hub
