// Signed envelopes: registration records, measurement statements, usage records.
#include "intertie/codec/json.h"
#include "intertie/execution/usage_record.h"
#include "intertie/identity/envelope.h"
#include "intertie/identity/signed_record.h"
#include "intertie/measurement/signed_statement.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

crypto::KeyPair make_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, seed));
}

}  // namespace

void take_input(std::string_view input) {
  static const crypto::KeyPair key = make_key(1);
  static const crypto::PublicKey known = key.public_key();
  static const crypto::Digest id = crypto::compute_key_digest(known);
  const identity::KeyLookup find_key = [](const crypto::Digest& asked) {
    return asked == id ? std::optional(known) : std::nullopt;
  };
  const auto opened = identity::open_envelope(input, execution::kUsagePayloadType, find_key);
  if (opened) {
    check(!opened->signers.empty() && opened->signers.front() == known,
          "what opens was signed by the known key");
    (void)codec::from_json<execution::UsageRecord>(opened->payload, codec::Boundary::tolerant);
  }
  (void)identity::read_unverified_payload(input, execution::kUsagePayloadType);
  (void)identity::open_record(input, {known, known});
  (void)measurement::open_statement(input, find_key, core::Time{1'800'000'000'000'000});
  // A second signature can be added to what is an envelope, and then it has two.
  static const crypto::KeyPair other = make_key(2);
  if (const auto more = identity::add_signature(input, other)) {
    const auto again = identity::add_signature(*more, other);
    check(!again.has_value(), "one key signs once");
  }
}

std::vector<std::string> make_seeds() {
  const crypto::KeyPair key = make_key(1);
  execution::UsageRecord record;
  record.site = "22S";
  const auto usage =
      identity::seal_envelope(execution::kUsagePayloadType, codec::to_json(record), key);
  const auto other = identity::seal_envelope(execution::kUsagePayloadType, "{}", make_key(3));
  const auto statement = identity::seal_envelope(measurement::kStatementType, "{}", key);
  const auto registration = identity::seal_envelope(identity::kRecordType, "{}", key);
  return {*usage, *other, *statement, *registration, *identity::add_signature(*usage, make_key(3))};
}

}  // namespace intertie::fuzz
