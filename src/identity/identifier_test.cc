// Identifiers: published vectors, an independent oracle, every small error, every spelling.
#include "intertie/identity/identifier.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/random.h"

#include "identifier_spelling.h"

namespace intertie::identity {
namespace {

struct Vector {
  const char* body;
  const char* check;
};
// docs/formats/identifier.md
constexpr Vector kVectors[] = {{"44S7K3QF00M2T9", "QP"},
                               {"11R00000000001", "2H"},
                               {"52P9ZZZZ7FFFFF", "38"},
                               {"63TQH0010000A1", "0V"},
                               {"31X0B5RT000000", "XW"}};

Identifier parse(std::string_view text) {
  const auto id = parse_identifier(text);
  EXPECT_TRUE(id.has_value()) << text << ": " << (id ? "" : id.error().detail);
  return id ? *id : Identifier();
}

IdentifierParts draw(core::Random& random) {
  const char* const registries[] = {"00", "11", "44", "65", "71", "99", "N0", "NZ"};
  return {*parse_registry_code(registries[random.below(std::size(registries))]),
          static_cast<EntityType>(random.below(kEntityTypeCount)),
          static_cast<std::uint32_t>(random.below(participant_max + 1u)),
          static_cast<std::uint32_t>(random.below(serial_max + 1u))};
}

TEST(Identifier, GivesThePublishedVectors) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(compute_check_characters(vector.body), vector.check);
    const std::string text = std::string(vector.body) + vector.check;
    EXPECT_EQ(to_text(parse(text)), text);
  }
  const Identifier id = parse("44S7K3QF00M2T9QP");
  EXPECT_EQ(to_hyphenated(id), "44S-7K3QF-00M2T9-QP");
  EXPECT_EQ(to_text(id.registry()), "44");
  EXPECT_EQ(id.type(), EntityType::site);
  EXPECT_EQ(id.participant(), 0x7u << 20 | 19u << 15 | 3u << 10 | 23u << 5 | 15u);  // 7K3QF
  EXPECT_EQ(id.serial(), 20u << 15 | 2u << 10 | 26u << 5 | 9u);                     // 00M2T9
}

// Oracle: polynomial division by x^2 + (a + a^2) x + a^3 with carry-less arithmetic, no tables.
unsigned times(unsigned a, unsigned b) {
  unsigned product = 0;
  for (int bit = 0; bit < 5; ++bit) {
    if ((b >> bit & 1) != 0) product ^= a << bit;
  }
  for (int bit = 8; bit >= 5; --bit) {
    if ((product >> bit & 1) != 0) product ^= 0b100101u << (bit - 5);
  }
  return product;
}

TEST(Identifier, HasTheCheckOfTheOracle) {
  core::Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = to_text(*create_identifier(draw(random)));
    unsigned coefficients[16] = {};
    for (std::size_t i = 0; i < 14; ++i) {
      coefficients[i] = static_cast<unsigned>(kAlphabet.find(text[i]));
    }
    coefficients[0] ^= 19;  // The start state stands before the first two symbols.
    coefficients[1] ^= 7;
    for (std::size_t i = 0; i < 14; ++i) {
      coefficients[i + 1] ^= times(coefficients[i], 0x2u ^ 4u);
      coefficients[i + 2] ^= times(coefficients[i], 8u);
    }
    EXPECT_EQ(text.substr(14),
              (std::string{kAlphabet[coefficients[14]], kAlphabet[coefficients[15]]}));
  }
}

TEST(Identifier, SurvivesTextPartsAndBytes) {
  core::Random random(2);
  for (int round = 0; round < 20'000; ++round) {
    const IdentifierParts parts = draw(random);
    const Identifier id = *create_identifier(parts);
    EXPECT_EQ(id.parts(), parts);
    EXPECT_EQ(parse(to_text(id)), id);
    EXPECT_EQ(parse(to_hyphenated(id)), id);
    const std::string bytes(id.bytes().begin(), id.bytes().end());
    EXPECT_EQ(*unpack_identifier(bytes), id);
    EXPECT_EQ(hash_value(*unpack_identifier(bytes)), hash_value(id));
  }
}

TEST(Identifier, SortsLikeItsText) {
  core::Random random(3);
  for (int round = 0; round < 5'000; ++round) {
    const Identifier a = *create_identifier(draw(random));
    const Identifier b = *create_identifier(draw(random));
    EXPECT_EQ(a < b, to_text(a) < to_text(b));
  }
}

TEST(Identifier, NoticesEveryErrorInOneOrTwoCharacters) {
  const std::string text = "44S7K3QF00M2T9QP";
  int errors = 0;
  const auto expect_refused = [&errors](const std::string& wrong) {
    ++errors;
    const auto parsed = parse_identifier(wrong);
    ASSERT_FALSE(parsed.has_value()) << wrong;
    ASSERT_EQ(parsed.error().reason, core::Reason::bad_identifier);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char a : kAlphabet) {
      if (a == text[i]) continue;
      std::string one = text;
      one[i] = a;
      expect_refused(one);
      for (std::size_t j = i + 1; j < text.size(); ++j) {
        for (const char b : kAlphabet) {
          if (b == text[j]) continue;
          std::string two = one;
          two[j] = b;
          expect_refused(two);
        }
      }
    }
  }
  EXPECT_EQ(errors, 16 * 31 + 16 * 15 / 2 * 31 * 31);
}

TEST(Identifier, NoticesEverySwapAndRotation) {
  core::Random random(4);
  for (int round = 0; round < 500; ++round) {
    const std::string text = to_text(*create_identifier(draw(random)));
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (std::size_t j = i + 1; j < text.size(); ++j) {
        std::string swapped = text;
        std::swap(swapped[i], swapped[j]);
        EXPECT_EQ(parse_identifier(swapped).has_value(), swapped == text) << swapped;
      }
    }
  }
  EXPECT_FALSE(parse_identifier("0000000000000000").has_value());
  EXPECT_FALSE(unpack_identifier(std::string(10, '\0')).has_value());
}

TEST(Identifier, SuggestsTheRightOneForEverySingleWrongCharacter) {
  for (const Vector& vector : kVectors) {
    const std::string text = std::string(vector.body) + vector.check;
    const std::string suggestion = "did you mean " + to_hyphenated(parse(text)) + "?";
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char wrong : std::string(kAlphabet) + "U?*") {
        if (wrong == text[i]) continue;
        std::string other = text;
        other[i] = wrong;
        const auto parsed = parse_identifier(other);
        ASSERT_FALSE(parsed.has_value()) << other;
        EXPECT_NE(parsed.error().detail.find(suggestion), std::string::npos)
            << other << ": " << parsed.error().detail;
      }
    }
  }
}

TEST(Identifier, SuggestsOnlyValidIdentifiersAndNeverForTwoForeignCharacters) {
  core::Random random(5);
  int suggestions = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string text(16, '0');
    for (char& c : text) c = kAlphabet[random.below(32)];
    const auto parsed = parse_identifier(text);
    if (parsed) continue;
    const std::size_t at = parsed.error().detail.find("did you mean ");
    if (at == std::string::npos) continue;
    ++suggestions;
    EXPECT_TRUE(parse_identifier(parsed.error().detail.substr(at + 13, 19)).has_value());
  }
  EXPECT_GT(suggestions, 0);
  EXPECT_EQ(parse_identifier("4?S7K3QF00M2T9Q?").error().detail.find("did you"), std::string::npos);
}

TEST(Identifier, SuggestsOnlyThePlaceOfAForeignCharacter) {
  // One foreign character and one wrong one: whatever is suggested keeps all the others.
  std::string text = "44S7K?QF00M2T9QP";
  int refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char wrong : kAlphabet) {
      std::string other = text;
      if (other[at] == '?' || other[at] == wrong) continue;
      other[at] = wrong;
      const std::string detail = parse_identifier(other).error().detail;
      ++refused;
      const std::size_t found = detail.find("did you mean ");
      if (found == std::string::npos) continue;
      std::string suggested = to_text(parse(detail.substr(found + 13, 19)));
      suggested[5] = '?';
      EXPECT_EQ(suggested, other);
    }
  }
  EXPECT_EQ(refused, 15 * 31);
}

TEST(Identifier, ReadsWhatPeopleTypeAndPaste) {
  const Identifier id = parse("44S7K3QF00M2T9QP");
  for (const char* text :
       {"44s7k3qf00m2t9qp", "44S-7K3QF-00M2T9-QP", " 44s 7k3qf 00m2t9 qp\n", "44S7K3QFOOM2T9QP",
        "44s7k3qfo0m2t9qp", "４４Ｓ７Ｋ３ＱＦ００Ｍ２Ｔ９ＱＰ",
        "４４ｓ－７ｋ３ｑｆ－００ｍ２ｔ９－ｑｐ", "44S—7K3QF–00M2T9−QP", "44S　7K3QF　00M2T9　QP",
        "\xef\xbb\xbf"
        "44S7K3QF00M2T9QP",
        "---44S7K3QF00M2T9QP---"}) {
    EXPECT_EQ(parse(text), id) << text;
  }
  const Identifier ones = parse("11R000000000012H");
  EXPECT_EQ(parse("IlROooO000000i2H"), ones);
}

TEST(Identifier, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "44S7K3QF00M2T9Q", "44S7K3QF00M2T9QPP", "44S7K3QF00M2T9QU",
                           "44S7K3QF00M2T9Q\x80", "44S7K3QF00M2T9Q\xc0\xaf", "44S7K3QF00M2T9QＵ",
                           "四四S7K3QF00M2T9QP", "44S7K3QF00M2T9Q\xf0\x9f\x98\x80"}) {
    const auto parsed = parse_identifier(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().reason, core::Reason::bad_identifier);
    EXPECT_EQ(parsed.error().detail.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(
      parse_identifier(std::string("44S7K3QF00M2T9QP") + std::string(200, '-')).has_value());
  EXPECT_FALSE(parse_identifier(std::string("44S7K3QF00M2T9Q\0", 16)).has_value());
}

TEST(Identifier, KnowsItsRegistriesAndTypes) {
  const auto with_check = [](std::string body) { return body + compute_check_characters(body); };
  std::set<std::string> known;
  for (const char a : kAlphabet) {
    for (const char b : kAlphabet) {
      const std::string code = {a, b};
      const auto parsed = parse_identifier(with_check(code + "S00000000001"));
      EXPECT_EQ(parsed.has_value(), parse_registry_code(code).has_value()) << code;
      if (parsed) known.insert(code);
    }
  }
  EXPECT_EQ(known.size(), 1u + 31 + 3 + 10 + 32);
  for (const char* code :
       {"00", "11", "15", "46", "50", "65", "71", "81", "82", "90", "99", "N0", "NZ"}) {
    EXPECT_TRUE(known.count(code)) << code;
  }
  for (const char* code : {"01", "10", "16", "47", "55", "66", "70", "83", "0N", "A0"}) {
    EXPECT_FALSE(known.count(code)) << code;
  }
  std::string letters;
  for (const char c : kAlphabet) {
    if (parse_identifier(with_check(std::string("44") + c + "00000000001"))) letters += c;
  }
  EXPECT_EQ(letters, "CDGJKMNPRSTVXZ");  // Never E.
  EXPECT_TRUE(is_private_registry(*parse_registry_code("90")));
  EXPECT_FALSE(is_private_registry(*parse_registry_code("44")));
  for (int i = 0; i < kEntityTypeCount; ++i) {
    const auto type = static_cast<EntityType>(i);
    const Identifier id = *create_identifier({*parse_registry_code("44"), type, 1, 1});
    EXPECT_EQ(id.type(), type);
    EXPECT_EQ(to_text(id)[2], entity_letter(type));
    EXPECT_EQ("\"" + std::string(entity_name(type)) + "\"", codec::to_json(type));
  }
}

TEST(Identifier, RefusesNumbersThatDoNotFit) {
  const RegistryCode registry = *parse_registry_code("44");
  const auto create = [&](std::uint32_t participant, std::uint32_t serial) {
    return create_identifier({registry, EntityType::site, participant, serial}).has_value();
  };
  EXPECT_TRUE(create(participant_max, serial_max));
  EXPECT_FALSE(create(participant_max + 1, 0));
  EXPECT_FALSE(create(0, serial_max + 1));
  EXPECT_FALSE(create_identifier({RegistryCode{1}, EntityType::site, 0, 0}).has_value());
  EXPECT_FALSE(create_identifier({RegistryCode{4096}, EntityType::site, 0, 0}).has_value());
}

TEST(Identifier, TheEmptyOneNamesNothing) {
  EXPECT_TRUE(Identifier().is_empty());
  EXPECT_EQ(to_text(Identifier()), "");
  EXPECT_EQ(to_hyphenated(Identifier()), "");
  EXPECT_FALSE(parse("44S7K3QF00M2T9QP").is_empty());
}

TEST(Identifier, HashesApart) {
  std::unordered_set<std::size_t> low_bits;
  for (std::uint32_t serial = 0; serial < 4'096; ++serial) {
    low_bits.insert(
        hash_value(*create_identifier({*parse_registry_code("44"), EntityType::site, 1, serial})) %
        4'096);
  }
  EXPECT_GT(low_bits.size(), 2'400u);  // 63 % of the buckets are expected to be hit.
}

TEST(Identifier, IsWrittenAsTextByTheCodec) {
  const Identifier id = parse("44S7K3QF00M2T9QP");
  EXPECT_EQ(codec::to_json(id), "\"44S7K3QF00M2T9QP\"");
  EXPECT_EQ(*codec::from_json<Identifier>("\"44s-7k3qf-00m2t9-qp\"", codec::Boundary::strict), id);
  EXPECT_FALSE(codec::from_json<Identifier>("\"44S7K3QF00M2T9QQ\"", codec::Boundary::strict));
  using IdCodec = codec::Text<Identifier>;
  EXPECT_EQ(*IdCodec::from_binary(IdCodec::to_binary(id)), id);
  std::string bytes = IdCodec::to_binary(id);
  bytes[4] = static_cast<char>(bytes[4] ^ 1);
  EXPECT_FALSE(IdCodec::from_binary(bytes).has_value());
  EXPECT_FALSE(IdCodec::from_binary("short").has_value());
}

}  // namespace
}  // namespace intertie::identity
