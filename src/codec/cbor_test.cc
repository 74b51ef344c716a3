#include "intertie/codec/cbor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "sample_types.h"
#include "values.h"

namespace intertie::codec {
namespace {

using core::Reason;
using sample::Everything;
using sample::Tree;

std::string hex(std::string_view bytes) {
  return to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string unhex(std::string_view digits) {
  std::string bytes(digits.size() / 2, '\0');
  EXPECT_TRUE(read_hex(digits, reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  return bytes;
}

template <class T>
void expect_vector(const T& value, std::string_view digits) {
  EXPECT_EQ(hex(to_cbor(value)), digits);
  const auto read = from_cbor<T>(unhex(digits));
  ASSERT_TRUE(read) << digits << " " << read.error().detail;
  EXPECT_EQ(*read, value) << digits;
}

template <class T>
core::Error refuse(std::string_view digits, Source source = Source::peer) {
  const auto read = from_cbor<T>(unhex(digits), source);
  EXPECT_FALSE(read) << digits;
  return read ? core::Error{} : read.error();
}

// Lists and maps whose defaults are not empty: only what equals them is left out.
struct Presets {
  std::map<std::string, std::int64_t> limits = {{"a", 1}, {"b", 2}};
  std::vector<std::string> words = {"x", "y"};
  friend bool operator==(const Presets&, const Presets&) = default;
};
BOOST_DESCRIBE_STRUCT(Presets, (), (limits, words))

// RFC 8949, appendix A, for the types that are used here.
TEST(Cbor, IntegersOfAppendixA) {
  expect_vector<std::uint64_t>(0, "00");
  expect_vector<std::uint64_t>(1, "01");
  expect_vector<std::uint64_t>(10, "0a");
  expect_vector<std::uint64_t>(23, "17");
  expect_vector<std::uint64_t>(24, "1818");
  expect_vector<std::uint64_t>(25, "1819");
  expect_vector<std::uint64_t>(100, "1864");
  expect_vector<std::uint64_t>(1000, "1903e8");
  expect_vector<std::uint64_t>(1'000'000, "1a000f4240");
  expect_vector<std::uint64_t>(1'000'000'000'000, "1b000000e8d4a51000");
  expect_vector<std::uint64_t>(UINT64_MAX, "1bffffffffffffffff");
  expect_vector<std::int64_t>(-1, "20");
  expect_vector<std::int64_t>(-10, "29");
  expect_vector<std::int64_t>(-100, "3863");
  expect_vector<std::int64_t>(-1000, "3903e7");
  expect_vector<std::int64_t>(INT64_MIN, "3b7fffffffffffffff");
}

TEST(Cbor, NumbersOfAppendixA) {
  expect_vector(0.0, "f90000");
  expect_vector(-0.0, "f98000");
  expect_vector(1.0, "f93c00");
  expect_vector(1.1, "fb3ff199999999999a");
  expect_vector(1.5, "f93e00");
  expect_vector(65504.0, "f97bff");
  expect_vector(100000.0, "fa47c35000");
  expect_vector(3.4028234663852886e+38, "fa7f7fffff");
  expect_vector(1.0e+300, "fb7e37e43c8800759c");
  expect_vector(5.960464477539063e-8, "f90001");
  expect_vector(0.00006103515625, "f90400");
  expect_vector(-4.0, "f9c400");
  expect_vector(-4.1, "fbc010666666666666");
  expect_vector(std::numeric_limits<double>::infinity(), "f97c00");
  expect_vector(-std::numeric_limits<double>::infinity(), "f9fc00");
  EXPECT_EQ(hex(to_cbor(std::nan("7"))), "f97e00");
  EXPECT_TRUE(std::isnan(*from_cbor<double>(unhex("f97e00"))));
}

TEST(Cbor, OtherItemsOfAppendixA) {
  expect_vector(false, "f4");
  expect_vector(true, "f5");
  expect_vector(std::optional<bool>(), "f6");
  expect_vector(std::vector<std::uint8_t>{}, "40");
  expect_vector(std::array<std::uint8_t, 4>{1, 2, 3, 4}, "4401020304");
  expect_vector(std::string(), "60");
  expect_vector(std::string("a"), "6161");
  expect_vector(std::string("IETF"), "6449455446");
  expect_vector(std::string("\"\\"), "62225c");
  expect_vector(std::string("ü"), "62c3bc");
  expect_vector(std::string("水"), "63e6b0b4");
  expect_vector(std::string("\U00010151"), "64f0908591");
  expect_vector(std::vector<std::int64_t>{}, "80");
  expect_vector(std::vector<std::int64_t>{1, 2, 3}, "83010203");
  std::vector<std::int64_t> many(25);
  for (std::size_t index = 0; index < many.size(); ++index) {
    many[index] = static_cast<std::int64_t>(index + 1);
  }
  expect_vector(many, "98190102030405060708090a0b0c0d0e0f101112131415161718181819");
  expect_vector(std::map<std::string, std::string>{}, "a0");
  expect_vector(
      std::map<std::string, std::string>{
          {"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}, {"e", "E"}},
      "a56161614161626142616361436164614461656145");
}

TEST(Cbor, StructsAreMapsOfPositions) {
  EXPECT_EQ(hex(to_cbor(Everything{})), "a0");  // All defaults.
  Everything all;
  all.u8 = 7;
  all.usually = std::nullopt;  // Differs from its default, so it has to be said.
  all.colour = sample::Colour::red;
  all.event = sample::JobStarted{9};
  all.rate = {core::Precision::fp16, -1};
  all.mark = {0x01020304};
  EXPECT_EQ(hex(to_cbor(all)),
            "a6"
            "0207"
            "0b00"
            "0ef6"
            "17"
            "8200a10009"
            "1819"
            "820420"
            "181e"
            "4404030201");
  EXPECT_EQ(hex(to_cbor(Tree{})), "a10000");  // Required fields are always written.
  // The shorter key first, although "aa" comes before "b" in the map.
  EXPECT_EQ(hex(to_cbor(std::map<std::string, bool>{{"aa", true}, {"b", false}})),
            "a2"
            "6162f4"
            "626161f5");
}

TEST(Cbor, EverythingRoundTripsToTheSameBytes) {
  core::Random random(51);
  for (int round = 0; round < 800; ++round) {
    const Everything all = sample::draw_everything(random);
    const std::string bytes = to_cbor(all);
    for (const Source source : {Source::peer, Source::own}) {
      const auto read = from_cbor<Everything>(bytes, source);
      ASSERT_TRUE(read) << read.error().detail << " " << hex(bytes);
      ASSERT_EQ(*read, all);
      ASSERT_EQ(to_cbor(*read), bytes);
    }
  }
}

struct Old {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(Old, (), (id))

struct New {
  std::int64_t id = 0;
  std::string name;
  std::vector<Everything> parts;
  double share = 0;
  std::optional<bool> maybe;
};
BOOST_DESCRIBE_STRUCT(New, (), (id, name, parts, share, maybe))

TEST(Cbor, OlderAndNewerVersionsReadEachOther) {
  core::Random random(52);
  for (int round = 0; round < 300; ++round) {
    const New newer{7, "x", {sample::draw_everything(random)}, 1.1, true};
    const auto old = from_cbor<Old>(to_cbor(newer));
    ASSERT_TRUE(old) << old.error().detail;
    EXPECT_EQ(old->id, 7);
  }
  const auto newer = from_cbor<New>(to_cbor(Old{8}));
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->id, 8);
  EXPECT_EQ(newer->name, "");
  // Items that this version never writes: a tag, undefined, a simple value, nested containers.
  for (const char* unknown : {"c11a514b67b0", "f7", "f8ff", "f97e00", "a1820102a10304", "5801ff"}) {
    const std::string bytes =
        "a2000118"
        "63" +
        std::string(unknown);
    const auto old = from_cbor<Old>(unhex(bytes));
    if (std::string(unknown) == "5801ff") {
      EXPECT_FALSE(old);  // Longer than needed, even in what is skipped.
    } else {
      ASSERT_TRUE(old) << unknown << " " << old.error().detail;
      EXPECT_EQ(old->id, 1);
    }
  }
}

TEST(Cbor, RefusesWhatIsNotDeterministic) {
  for (const char* digits :
       {"1817", "190018", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1f", "1c", "3800"}) {
    EXPECT_EQ(refuse<std::int64_t>(digits).reason, Reason::bad_syntax) << digits;
  }
  for (const char* digits : {"fa3fc00000", "fb3ff8000000000000", "f97e01", "fa7fc00000",
                             "fb7ff8000000000000", "fb47efffffe0000000"}) {
    EXPECT_EQ(refuse<double>(digits).reason, Reason::bad_syntax) << digits;
  }
  EXPECT_EQ(refuse<std::vector<std::int64_t>>("9f01ff").reason, Reason::bad_syntax);
  EXPECT_EQ(refuse<std::string>("7f6161ff").reason, Reason::bad_syntax);
  EXPECT_EQ(refuse<std::string>("62c328").reason, Reason::bad_syntax);
  using Map = std::map<std::string, bool>;
  EXPECT_EQ(refuse<Map>("a26162f46161f5").reason, Reason::bad_syntax);
  EXPECT_EQ(refuse<Map>("a26161f46161f5").reason, Reason::bad_syntax);
  EXPECT_EQ(refuse<Map>("a2626161f56162f4").reason, Reason::bad_syntax);
  EXPECT_EQ(refuse<Old>("a200010002").reason, Reason::bad_syntax);    // A field twice.
  EXPECT_EQ(refuse<New>("a20161780001").reason, Reason::bad_syntax);  // Fields out of order.
  EXPECT_EQ(refuse<Old>("a1616101").reason, Reason::bad_syntax);      // A text as key.
  EXPECT_EQ(refuse<Old>("a1000101").reason, Reason::bad_syntax);      // A byte too many.
  EXPECT_EQ(refuse<Old>("a11bffffffffffffffff00").reason, Reason::bad_syntax);
}

TEST(Cbor, ErrorsNameThePath) {
  const auto expect = [](const core::Error& error, Reason reason, std::string_view detail) {
    EXPECT_EQ(error.reason, reason);
    EXPECT_EQ(error.detail, detail);
  };
  expect(refuse<Tree>("a10182a0a0"), Reason::missing_field, "children[0].label: missing");
  expect(refuse<Tree>("a10061"
                      "61"),
         Reason::bad_field, "label: expected integer at byte 2");
  expect(refuse<Everything>("a102190100"), Reason::out_of_range, "u8: 256 is outside 0..255");
  expect(refuse<Everything>("a10220"), Reason::out_of_range, "u8: -1 is outside 0..255");
  expect(refuse<Everything>("a1013880"), Reason::out_of_range, "i8: -129 is outside -128..127");
  expect(refuse<Everything>("a10b03"), Reason::bad_field,
         "colour: 3 is no number of one of red, green, blue");
  expect(refuse<Everything>("a1178202a0"), Reason::bad_field,
         "event: expected a known alternative's number at byte 4");
  expect(refuse<Everything>("a11381"
                            "f4"),
         Reason::bad_field, "digest: expected bytes at byte 2");
  EXPECT_EQ(refuse<std::int64_t>("3bffffffffffffffff").reason, Reason::out_of_range);
  EXPECT_EQ(refuse<std::int64_t>("1b8000000000000000").reason, Reason::out_of_range);
  EXPECT_EQ(refuse<core::Money>("1b8000000000000000").reason, Reason::out_of_range);
  EXPECT_EQ(refuse<bool>("f6").reason, Reason::bad_field);
}

TEST(Cbor, CutOffAnywhereIsAnError) {
  core::Random random(53);
  for (int round = 0; round < 60; ++round) {
    const std::string bytes = to_cbor(sample::draw_everything(random));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = from_cbor<Everything>(bytes.substr(0, length));
      ASSERT_FALSE(read) << length;
      ASSERT_EQ(read.error().reason, Reason::bad_syntax) << read.error().detail;
    }
  }
}

TEST(Cbor, EveryFlippedBitGivesAnErrorOrAnotherObject) {
  core::Random random(54);
  for (int round = 0; round < 6; ++round) {
    const Everything all = sample::draw_everything(random);
    std::string bytes = to_cbor(all);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      const auto read = from_cbor<Everything>(bytes);
      // One value has one encoding, unless the change gave a default explicitly or went into a
      // field that is not known.
      ASSERT_TRUE(!read || from_cbor<Everything>(to_cbor(*read)));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
  }
}

TEST(Cbor, RandomBytesNeverStopTheProcess) {
  core::Random random(55);
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string bytes(1 + random.below(24), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    if (random.chance(1, 2)) bytes[0] = static_cast<char>(0xa0 + random.below(4));
    accepted += from_cbor<Everything>(bytes) ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
}

TEST(Cbor, DepthIsLimited) {
  std::string deep;
  for (int level = 0; level < 100'000; ++level)
    deep += unhex(
        "a20000"
        "0181");
  EXPECT_EQ(from_cbor<Tree>(deep).error().reason, Reason::too_deep);
  std::string unknown = unhex("a1186381");
  unknown.append(100'000, '\x81');
  EXPECT_EQ(from_cbor<Old>(unknown).error().reason, Reason::too_deep);
  std::string tags = unhex("a11863");
  tags.append(100'000, '\xc1');
  EXPECT_EQ(from_cbor<Old>(tags).error().reason, Reason::too_deep);
}

TEST(Cbor, SizesAreLimitedForPeersAlone) {
  const std::vector<std::int64_t> list(core::limits::list_length_max + 1);
  EXPECT_EQ(from_cbor<std::vector<std::int64_t>>(to_cbor(list)).error().reason, Reason::too_large);
  EXPECT_TRUE(from_cbor<std::vector<std::int64_t>>(to_cbor(list), Source::own));
  const std::string text(core::limits::text_bytes_max + 1, 'x');
  EXPECT_EQ(from_cbor<std::string>(to_cbor(text)).error().reason, Reason::too_large);
  EXPECT_TRUE(from_cbor<std::string>(to_cbor(text), Source::own));
  const std::vector<std::string> texts(20, std::string(core::limits::text_bytes_max, 'x'));
  EXPECT_EQ(from_cbor<std::vector<std::string>>(to_cbor(texts)).error().reason, Reason::too_large);
  // A count that nothing backs allocates nothing.
  EXPECT_EQ(refuse<std::vector<Everything>>("9b7fffffffffffffff", Source::own).reason,
            Reason::bad_syntax);
  EXPECT_EQ(refuse<std::string>("7affffffff", Source::own).reason, Reason::bad_syntax);
}

TEST(Cbor, InvalidTextIsRepairedSoThatItCanBeRead) {
  EXPECT_EQ(*from_cbor<std::string>(to_cbor(std::string("a\xff"))), "a\xef\xbf\xbd");
  const std::map<std::string, bool> map{{"\xff", true}, {"\xfe", true}};
  EXPECT_EQ((from_cbor<std::map<std::string, bool>>(to_cbor(map))->size()), 1u);
}

TEST(Cbor, OnlyWhatEqualsItsDefaultIsLeftOut) {
  EXPECT_EQ(hex(to_cbor(Presets{})), "a0");
  const std::vector<Presets> others = {{{}, {}},
                                       {{{"a", 1}}, {"x"}},
                                       {{{"a", 1}, {"b", 3}}, {"x", "z"}},
                                       {{{"a", 1}, {"c", 2}}, {"y", "x"}},
                                       {{{"a", 1}, {"b", 2}, {"c", 3}}, {"x", "y", ""}}};
  for (const Presets& other : others) {
    const std::string bytes = to_cbor(other);
    EXPECT_EQ(hex(bytes).substr(0, 2), "a2");  // Both fields.
    const auto read = from_cbor<Presets>(bytes, Source::own);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, other);
  }
}

}  // namespace
}  // namespace intertie::codec
