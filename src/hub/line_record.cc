#include "intertie/hub/line_record.h"

#include <optional>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"
#include "intertie/identity/identifier.h"

namespace intertie::hub {
namespace {

// Serial 1 of participant 0 is the registry itself.
constexpr std::uint32_t kFirstSerial = 2;

}  // namespace

core::Result<LineRecord> open_line_record(std::string_view envelope,
                                          const crypto::PublicKey& owner_key) {
  const crypto::Digest key_id = crypto::compute_key_digest(owner_key);
  const auto opened =
      identity::open_envelope(envelope, kLineRecordType, [&](const crypto::Digest& id) {
        return id == key_id ? std::optional(owner_key) : std::nullopt;
      });
  if (!opened) return opened.error();
  auto record = codec::from_json<LineRecord>(opened->payload, codec::Boundary::tolerant);
  if (!record) return record;
  if (record->seq < 1) return {core::Reason::out_of_range, "seq: at least 1"};
  if (record->status != kLineActive && record->status != kLineRetired) {
    return {core::Reason::bad_field, "status: active or retired"};
  }
  if (const auto checked = topology::check_line(record->line); !checked) return checked.error();
  return record;
}

std::string make_line_identifier(const std::string& from, const std::string& to,
                                 std::uint32_t number) {
  if (const auto registry = identity::parse_registry_code(from)) {
    const auto id = identity::create_identifier(
        {*registry, identity::EntityType::line, 0, kFirstSerial + number});
    if (id) return identity::to_text(*id);
  }
  return from + "-" + to;
}

}  // namespace intertie::hub
