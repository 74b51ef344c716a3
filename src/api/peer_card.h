// A hub's card: who it is and where it listens, signed by the key that it names.
#pragma once

#include <string>

#include "intertie/api/peer_views.h"
#include "intertie/core/result.h"

#include "router_core.h"

namespace intertie::api {

inline constexpr std::string_view kCardPrefix = "intertie-peer-";

/// This hub's, as it is now.
PeerCard make_peer_card(const Backend& backend, const hub::HubCreated& hub);

/// Opens the envelope of a card. That the hub is the one that is meant, the reader knows from where
/// the card came. bad_signature, bad_field, bad_key.
core::Result<PeerCard> open_peer_card(const std::string& envelope);

}  // namespace intertie::api
