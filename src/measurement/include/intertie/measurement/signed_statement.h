// Signing and verifying measurement statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/identity/envelope.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement {

inline constexpr std::string_view kStatementType = "application/vnd.intertie.measurement+json";

/// A statement with the bytes that prove it.
struct SignedStatement {
  Statement statement;
  crypto::Digest hash;                     // SHA-256 of the payload as signed.
  std::string envelope;                    // As sent.
  std::vector<crypto::PublicKey> signers;  // At least one.
};

/// Checks (check_statement) and signs a statement by the measurer's key.
core::Result<SignedStatement> sign_statement(const Statement& statement,
                                             const crypto::KeyPair& measurer);

/// Verifies a statement that came from elsewhere. Refuses, in this order, with what open_envelope
/// says (bad_signature and others), the codec's reasons, check_statement's, and by `now`:
/// measurement_expired at or after `expires`, bad_field when it ended more than
/// limits::clock_step_max in the future. Fields unknown to this version are ignored.
core::Result<SignedStatement> open_statement(std::string_view envelope,
                                             const identity::KeyLookup& find_key, core::Time now);

}  // namespace intertie::measurement
