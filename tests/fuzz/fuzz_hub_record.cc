// What hubs sign for each other: data grants, line records, answers about identifiers, heads of the
// public log.
#include "intertie/codec/json.h"
#include "intertie/hub/identity_statement.h"
#include "intertie/hub/line_record.h"
#include "intertie/hub/public_log.h"
#include "intertie/identity/envelope.h"
#include "intertie/transfer/grant.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

const crypto::KeyPair& get_key() {
  static const crypto::KeyPair key =
      crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, 9));
  return key;
}

transfer::DataGrant make_grant() {
  return {"data:" + std::string(64, 'a'), "22/ada", "520000000000001X", 7, core::Time{5}};
}

hub::LineRecord make_line() {
  topology::RegionLine line;
  line.identifier = "22-52";
  line.owner = "22R00000000001XX";
  line.from = "22";
  line.to = "52";
  line.bandwidth_bits_per_second = 1'000'000'000;
  return {1, line, core::Time{5}};
}

hub::IdentityStatement make_statement() {
  hub::IdentityStatement statement;
  statement.id = "22S000010000001X";
  statement.registry = "22R00000000001XX";
  statement.time = core::Time{5};
  return statement;
}

hub::PublicHead make_head() {
  return {"22R00000000001XX", std::string(hub::kTreeAlg), 3,
          crypto::to_text(crypto::compute_sha256(std::string_view("x"))), core::Time{5}};
}

template <class T>
std::string seal(std::string_view type, const T& payload) {
  return *identity::seal_envelope(type, codec::to_json(payload), get_key());
}

// Nobody else has the key, and the hub has signed one of each.
template <class T>
void check_genuine(const core::Result<T>& opened, const T& genuine) {
  if (opened) check(*opened == genuine, "only what the hub has signed opens");
}

}  // namespace

void take_input(std::string_view input) {
  const crypto::PublicKey& key = get_key().public_key();
  const transfer::RegionKeyLookup find_key = [&key](const std::string& region) {
    return region == "22" ? std::optional(key) : std::nullopt;
  };
  const auto grant = transfer::open_grant(input, find_key);
  check_genuine(grant, make_grant());
  if (grant) (void)transfer::check_grant(*grant, {grant->dataset, grant->audience, {}});
  check_genuine(hub::open_line_record(input, key), make_line());
  check_genuine(hub::open_identity_statement(input, key), make_statement());
  check_genuine(hub::open_public_head(input, key), make_head());
}

std::vector<std::string> make_seeds() {
  hub::LineRecord impossible = make_line();
  impossible.line.bandwidth_bits_per_second = -1;
  return {seal(transfer::kGrantType, make_grant()), seal(hub::kLineRecordType, make_line()),
          seal(hub::kLineRecordType, impossible), seal(hub::kIdentityType, make_statement()),
          seal(hub::kTreeHeadType, make_head())};
}

}  // namespace intertie::fuzz
