// The bodies between hubs, and what users read about peers (docs/formats/hub-channel.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"
#include "intertie/engine/channel.h"

namespace intertie::api {

inline constexpr std::string_view kPeerCardType = "application/vnd.intertie.peer-card+json";

/// Who a hub is and where it listens: what another hub's operator adds. Signed by `sign_key`.
struct PeerCard {
  std::string id;
  std::string region;
  std::string name;
  std::string address;  // HOST:PORT of the listener for sites and hubs.
  std::string sign_key;
  std::string tls_key;
  std::string currency;
  core::Time made;
};
BOOST_DESCRIBE_STRUCT(PeerCard, (), (id, region, name, address, sign_key, tls_key, currency, made))

/// The card as one word that can be mailed or pasted.
struct PeerCardView {
  std::string card;
  PeerCard content;
};
BOOST_DESCRIBE_STRUCT(PeerCardView, (), (card, content))

struct PeerRequest {
  std::string card;
  core::Money credit_micros;  // What it may owe this hub at any time.
};
BOOST_DESCRIBE_STRUCT(PeerRequest, (), (card, credit_micros))

/// How a peer's channel opened last: what it remembers, and why it was refused.
struct PeerChannelView {
  engine::ChannelHello hello;
  std::string refusal;  // Empty: it was opened.
};
BOOST_DESCRIBE_STRUCT(PeerChannelView, (), (hello, refusal))

/// A payment or an adjustment that waits for an answer.
struct PeerProposalView {
  std::uint64_t id = 0;  // Of who proposes it.
  core::Money amount_micros;
  std::string text;     // Memo or reason.
  std::string account;  // That it comes from; empty: not of this hub's books.
};
BOOST_DESCRIBE_STRUCT(PeerProposalView, (), (id, amount_micros, text, account))

struct PeerView {
  std::string id;
  std::string region;
  std::string name;
  std::string address;
  bool is_heard = false;           // Its beacons count now.
  std::uint32_t pools = 0;         // Announced.
  std::uint64_t offers = 0;        // Jobs of ours there, or asked for.
  std::uint64_t guests = 0;        // Jobs of its here.
  std::uint64_t rows_waiting = 0;  // Not yet acknowledged.
  core::Money balance_micros;      // Of the clearing account: below 0 it owes us.
  core::Money credit_micros;
  core::Money contested_micros;                // Charges of ours that it has not posted.
  core::Money disputed_micros;                 // Charges of its that this hub has not posted.
  std::optional<PeerChannelView> channel;      // Since this hub started.
  std::vector<PeerProposalView> payments;      // It has paid them, we say, and has not answered.
  std::optional<PeerProposalView> adjustment;  // Of our side, likewise.
  std::optional<PeerProposalView> asked;       // Of its side; the operator here decides.
  std::string refused;                         // Why it did not agree to the last one.
};
BOOST_DESCRIBE_STRUCT(PeerView, (),
                      (id, region, name, address, is_heard, pools, offers, guests, rows_waiting,
                       balance_micros, credit_micros, contested_micros, disputed_micros, channel,
                       payments, adjustment, asked, refused))

struct PeerList {
  std::vector<PeerView> peers;
};
BOOST_DESCRIBE_STRUCT(PeerList, (), (peers))

/// Rows of a hub's outbox; attachments stand at the same positions.
struct PeerRowsRequest {
  std::string incarnation;
  std::uint64_t first = 0;
  std::vector<std::string> payloads;     // base64url
  std::vector<std::string> attachments;  // base64url; empty: none.
};
BOOST_DESCRIBE_STRUCT(PeerRowsRequest, (), (incarnation, first, payloads, attachments))

/// A question about a file of an offer's attempt.
struct PeerFileRequest {
  std::uint64_t offer = 0;
  std::uint32_t rank = 0;
  std::string file;  // As in SiteFileRequest.
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
BOOST_DESCRIBE_STRUCT(PeerFileRequest, (), (offer, rank, file, offset, length))

struct PeerFileAnswer {
  std::uint64_t size = 0;
  std::string bytes;  // base64url
};
BOOST_DESCRIBE_STRUCT(PeerFileAnswer, (), (size, bytes))

/// The hub whose site runs an offer's attempt asks the job's home for its secrets. The answer is a
/// SecretsAnswer: boxes that only that site opens.
struct PeerSecretsRequest {
  std::uint64_t offer = 0;
  std::uint32_t attempt = 0;
  std::uint64_t job = 0;  // The asker's number for it, to which its site binds the boxes.
  std::string record;     // Of the site: the version in force, a signed envelope (record.md).
};
BOOST_DESCRIBE_STRUCT(PeerSecretsRequest, (), (offer, attempt, job, record))

/// How a hub's clearing account with the asker stands.
struct ClearingView {
  core::Money balance_micros;
  core::Money contested_micros;
  core::Money disputed_micros;
  std::uint64_t rows_received = 0;  // The asker's rows that are in it.
  std::uint64_t rows_sent = 0;
};
BOOST_DESCRIBE_STRUCT(ClearingView, (),
                      (balance_micros, contested_micros, disputed_micros, rows_received, rows_sent))

/// Whether two hubs' clearing accounts mirror each other.
enum class MirrorState : std::uint8_t {
  mirrors,
  catching_up,  // Rows are under way, so the two cannot be compared yet.
  disputed,     // They differ by exactly what is in dispute.
  differs,
  unreachable,
};
BOOST_DESCRIBE_ENUM(MirrorState, mirrors, catching_up, disputed, differs, unreachable)

/// One peer's clearing account beside ours with it.
struct PeerClearingView {
  std::string id;
  std::string region;
  std::string name;
  MirrorState state = MirrorState::mirrors;
  core::Money ours_micros;                       // Below 0: it owes us.
  std::optional<core::Money> theirs_micros;      // Below 0: we owe it.
  std::optional<core::Money> difference_micros;  // The sum of both: 0 if they mirror.
  core::Money contested_micros;                  // As in PeerView, on both sides.
  core::Money disputed_micros;
  std::optional<core::Money> their_contested_micros;
  std::optional<core::Money> their_disputed_micros;
  std::uint64_t rows_to_send = 0;  // Ours that it has not got.
  std::uint64_t rows_to_come = 0;  // Its that we have not got.
  std::string detail;              // Why it is unreachable.
};
BOOST_DESCRIBE_STRUCT(PeerClearingView, (),
                      (id, region, name, state, ours_micros, theirs_micros, difference_micros,
                       contested_micros, disputed_micros, their_contested_micros,
                       their_disputed_micros, rows_to_send, rows_to_come, detail))

struct PeerClearingList {
  bool is_mirrored = false;  // All of them.
  std::vector<PeerClearingView> peers;
};
BOOST_DESCRIBE_STRUCT(PeerClearingList, (), (is_mirrored, peers))

/// A peer under another address or name; what is absent stays.
struct PeerChangeRequest {
  std::optional<std::string> name;
  std::optional<std::string> address;
  std::optional<core::Money> credit_micros;  // The most it may owe this hub.
};
BOOST_DESCRIBE_STRUCT(PeerChangeRequest, (), (name, address, credit_micros))

/// The peer has paid this hub so much.
struct PeerSettleRequest {
  core::Money amount_micros;
  std::string memo;
  static constexpr std::string_view required_fields[] = {"amount_micros"};
};
BOOST_DESCRIBE_STRUCT(PeerSettleRequest, (), (amount_micros, memo))

/// This hub's account with the peer is to change by what the two differ by.
struct PeerAdjustRequest {
  std::string reason;
  std::string account;  // From which it comes, or to which it goes; empty: the hub's for losses.
  static constexpr std::string_view required_fields[] = {"reason"};
};
BOOST_DESCRIBE_STRUCT(PeerAdjustRequest, (), (reason, account))

enum class AdjustmentVerdict : std::uint8_t { refuse, agree };
BOOST_DESCRIBE_ENUM(AdjustmentVerdict, refuse, agree)

struct PeerAdjustDecision {
  AdjustmentVerdict verdict = AdjustmentVerdict::refuse;
  static constexpr std::string_view required_fields[] = {"verdict"};
};
BOOST_DESCRIBE_STRUCT(PeerAdjustDecision, (), (verdict))

}  // namespace intertie::api
