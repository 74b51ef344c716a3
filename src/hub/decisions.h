// One function a command: checks in a documented order, then events (ARCHITECTURE.md, idea 1).
#pragma once

#include "intertie/core/result.h"
#include "intertie/hub/commands.h"

#include "context.h"

namespace intertie::hub {

// accounts.cc
core::Result<Reply> decide(Context& context, const CreateHub& command);
core::Result<Reply> decide(Context& context, const CreatePrincipal& command);
core::Result<Reply> decide(Context& context, const Deposit& command);
core::Result<Reply> decide(Context& context, const SetCreditLimit& command);

// disputes.cc
core::Result<Reply> decide(Context& context, const ResolveDispute& command);

// jobs.cc
core::Result<Reply> decide(Context& context, const SubmitJobs& command);
core::Result<Reply> decide(Context& context, const CancelJob& command);

// sites.cc
core::Result<Reply> decide(Context& context, const JoinSite& command);
core::Result<Reply> decide(Context& context, const OfferPools& command);
core::Result<Reply> decide(Context& context, const SetSiteDrained& command);
core::Result<Reply> decide(Context& context, const OpenSiteChannel& command);
core::Result<Reply> decide(Context& context, const ReconcileSite& command);
core::Result<Reply> decide(Context& context, const AcceptSiteRows& command);
core::Result<Reply> decide(Context& context, const BeatSite& command);

// site_keys.cc
core::Result<Reply> decide(Context& context, const RotateSiteKeys& command);
core::Result<Reply> decide(Context& context, const RevokeSite& command);

// site_amend.cc
core::Result<Reply> decide(Context& context, const AmendSite& command);
core::Result<Reply> decide(Context& context, const ReinstateSite& command);

// peers.cc
core::Result<Reply> decide(Context& context, const AddPeer& command);
core::Result<Reply> decide(Context& context, const ChangePeer& command);
core::Result<Reply> decide(Context& context, const OpenPeerChannel& command);
core::Result<Reply> decide(Context& context, const ReconcilePeer& command);
core::Result<Reply> decide(Context& context, const AcceptPeerRows& command);
core::Result<Reply> decide(Context& context, const AcknowledgePeerRows& command);
core::Result<Reply> decide(Context& context, const MakeBeacon& command);
core::Result<Reply> decide(Context& context, const AcceptBeacon& command);

// clearing.cc
core::Result<Reply> decide(Context& context, const SettlePeer& command);
core::Result<Reply> decide(Context& context, const AdjustPeer& command);
core::Result<Reply> decide(Context& context, const DecideAdjustment& command);

// lines.cc
core::Result<Reply> decide(Context& context, const RegisterLine& command);
core::Result<Reply> decide(Context& context, const NoteLine& command);

// line_legs.cc
core::Result<Reply> decide(Context& context, const ReserveLine& command);
core::Result<Reply> decide(Context& context, const ReleaseLine& command);

// home_leases.cc
core::Result<Reply> decide(Context& context, const NotePeerAnswer& command);

}  // namespace intertie::hub
