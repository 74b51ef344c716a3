// Peers as verbs find and show them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intertie/api/peer_views.h"

#include "output/complaint.h"
#include "output/listing.h"
#include "session/hub_session.h"
#include "session/terminal.h"

namespace intertie::cli {

/// A row a peer, with what is owed.
Listing make_peer_listing(const std::vector<api::PeerView>& peers, const std::string& currency);

/// The peer with this identifier, or the only one with this name or region.
std::optional<Complaint> find_peer(HubSession& session, const std::string& named,
                                   api::PeerView& found);

/// How the two hubs' accounts with each other stand now, in one sentence; asks both.
core::Result<std::string> describe_difference(HubSession& session, const api::PeerView& peer);

}  // namespace intertie::cli
