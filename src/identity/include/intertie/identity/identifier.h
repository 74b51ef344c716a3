// The 16-character identifier of everything the grid knows: short, resolvable, typo-proof.
//
//   44S-7K3QF-00M2T9-QP     canonical: 44S7K3QF00M2T9QP   (16 characters of 5 bits = 80 bits)
//   ||| |     |      check (2)
//   ||| |     serial (6)
//   ||| participant (5)
//   ||type (1)
//   registry (2)
//
// Alphabet: Crockford's base 32 (no I, L, O, U). The check characters are a Reed-Solomon code over
// GF(32) with x^5+x^2+1, roots alpha and alpha^2, start state (19, 7): every error in one or two
// characters is found, every swap of two characters, and the all-zero identifier is invalid.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/codec/text.h"
#include "intertie/core/result.h"

namespace intertie::identity {

/// What an identifier names. Its letter stands third, and is never E: spreadsheets read "11E0..."
/// as a number.
enum class EntityType : std::uint8_t {
  registry,     // R
  participant,  // X
  site,         // S
  pool,         // P
  node,         // N
  card_group,   // K
  line,         // T
  price_zone,   // Z
  meter,        // M, a meter or measurer
  location,     // V
  dataset,      // D
  contract,     // C, a contract or lease
  job_block,    // J, one per site; jobs are paths under it
  gateway,      // G, an edge gateway
};
BOOST_DESCRIBE_ENUM(EntityType, registry, participant, site, pool, node, card_group, line,
                    price_zone, meter, location, dataset, contract, job_block, gateway)

inline constexpr int kEntityTypeCount = 14;

/// 'R', 'X', ... O(1).
char entity_letter(EntityType type);
/// "site", "price_zone", ... O(1).
std::string_view entity_name(EntityType type);

/// The issuer: where to ask first, not where the thing is (sites move; identifiers do not).
/// Two characters: a GB/T 2260 province code of the 31 mainland regions, 71, 81, 82; 00 for the
/// root; 90 to 99 private and test; N0 to NZ industry nodes.
struct RegistryCode {
  std::uint16_t value = 0;  // Two 5-bit characters: 0 to 1023.

  friend auto operator<=>(RegistryCode, RegistryCode) = default;
};

std::string to_text(RegistryCode code);
/// Exactly two characters, normalised like an identifier. bad_identifier if it is not known.
core::Result<RegistryCode> parse_registry_code(std::string_view text);
/// Whether the code is allocated by the scheme (see RegistryCode). O(1).
bool is_known_registry(RegistryCode code);
/// Whether the code is for private use and tests (90 to 99): never valid between organisations.
bool is_private_registry(RegistryCode code);

/// The meaning of an identifier without its check characters.
struct IdentifierParts {
  RegistryCode registry;
  EntityType type = EntityType::participant;
  std::uint32_t participant = 0;  // 0 (the registry itself) to participant_max.
  std::uint32_t serial = 0;       // 0 to serial_max.

  friend bool operator==(const IdentifierParts&, const IdentifierParts&) = default;
};

inline constexpr std::uint32_t participant_max = (1u << 25) - 1;
inline constexpr std::uint32_t serial_max = (1u << 30) - 1;

/// An identifier whose check characters are right, or the empty one (default constructed). Ten
/// bytes; order is the order of the texts.
class Identifier {
 public:
  static constexpr std::size_t kCharacters = 16;
  static constexpr std::size_t kBytes = 10;

  Identifier() = default;

  /// True for a default-constructed one, which names nothing.
  bool is_empty() const { return *this == Identifier(); }

  /// The parts. Assert that it is not empty.
  RegistryCode registry() const;
  EntityType type() const;
  std::uint32_t participant() const;
  std::uint32_t serial() const;
  IdentifierParts parts() const;

  /// Eighty bits, first character in the highest.
  const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }

  friend auto operator<=>(const Identifier&, const Identifier&) = default;
  friend std::size_t hash_value(const Identifier& id);

 private:
  friend core::Result<Identifier> unpack_identifier(std::string_view bytes);
  friend core::Result<Identifier> create_identifier(const IdentifierParts& parts);
  friend core::Result<Identifier> parse_identifier(std::string_view text);

  std::array<std::uint8_t, kBytes> bytes_{};
};

/// The identifier with these parts. bad_identifier for an unknown registry; out_of_range for a
/// number above its maximum. 0.1 us.
core::Result<Identifier> create_identifier(const IdentifierParts& parts);

/// Reads what people type and paste. Ignores case, spaces and hyphens (ASCII, full-width and
/// typographic), takes full-width letters and digits, and reads I and L as 1 and O as 0; so one
/// identifier has many spellings and to_text gives the canonical one. At most 128 bytes.
/// Refuses with bad_identifier. If exactly one character is wrong the detail suggests the right
/// identifier ("did you mean ..."); it is never corrected silently, because with two wrong
/// characters the suggestion is often wrong too. 0.2 us.
core::Result<Identifier> parse_identifier(std::string_view text);

/// The ten bytes of Identifier::bytes(), checked like a text.
core::Result<Identifier> unpack_identifier(std::string_view bytes);

/// Canonical: "44S7K3QF00M2T9QP". The empty identifier gives "".
std::string to_text(const Identifier& id);
/// For people and spreadsheets: "44S-7K3QF-00M2T9-QP".
std::string to_hyphenated(const Identifier& id);

/// The two check characters of the first 14 characters (canonical ones; asserts).
std::string compute_check_characters(std::string_view body);

}  // namespace intertie::identity

template <>
struct std::hash<intertie::identity::Identifier> {
  std::size_t operator()(const intertie::identity::Identifier& id) const { return hash_value(id); }
};

/// The canonical text; ten bytes in CBOR. The empty identifier cannot be read back: use optional.
template <>
struct intertie::codec::Text<intertie::identity::Identifier> {
  static constexpr std::string_view expected = "an identifier such as 44S-7K3QF-00M2T9-QP";
  static std::string to_text(const identity::Identifier& id) { return identity::to_text(id); }
  static core::Result<identity::Identifier> from_text(std::string_view text) {
    return identity::parse_identifier(text);
  }
  static std::string to_binary(const identity::Identifier& id);
  static core::Result<identity::Identifier> from_binary(std::string_view bytes) {
    return identity::unpack_identifier(bytes);
  }
};

template <>
struct intertie::codec::Text<intertie::identity::RegistryCode> {
  static constexpr std::string_view expected = "a registry code such as 44 or N0";
  static std::string to_text(identity::RegistryCode code) { return identity::to_text(code); }
  static core::Result<identity::RegistryCode> from_text(std::string_view text) {
    return identity::parse_registry_code(text);
  }
};
