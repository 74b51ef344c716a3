#include "intertie/measurement/signed_statement.h"

#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

namespace intertie::measurement {

using core::Reason;

core::Result<SignedStatement> sign_statement(const Statement& statement,
                                             const crypto::KeyPair& measurer) {
  if (auto checked = check_statement(statement); !checked) return checked.error();
  const std::string payload = codec::to_json(statement);
  auto envelope = identity::seal_envelope(kStatementType, payload, measurer);
  if (!envelope) return envelope.error();
  return SignedStatement{
      statement, crypto::compute_sha256(payload), *std::move(envelope), {measurer.public_key()}};
}

core::Result<SignedStatement> open_statement(std::string_view envelope,
                                             const identity::KeyLookup& find_key, core::Time now) {
  auto opened = identity::open_envelope(envelope, kStatementType, find_key);
  if (!opened) return opened.error();
  auto statement = codec::from_json<Statement>(opened->payload, codec::Boundary::tolerant);
  if (!statement) return statement.error();
  if (auto checked = check_statement(*statement); !checked) return checked.error();
  if (now >= statement->expires) {
    return {Reason::measurement_expired, core::to_rfc3339(statement->expires)};
  }
  if (statement->ended - core::limits::clock_step_max > now) {
    return {Reason::bad_field, "statement.ended: in the future"};
  }
  return SignedStatement{*std::move(statement), crypto::compute_sha256(opened->payload),
                         std::string(envelope), std::move(opened->signers)};
}

}  // namespace intertie::measurement
