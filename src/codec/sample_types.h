// Described types of every kind, and random objects of them, for the tests of this module.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/codec/type.h"
#include "intertie/core/random.h"

namespace intertie::codec::sample {

/// A type written as text: "#" and a number.
struct Tag {
  std::uint32_t number = 0;
  friend bool operator==(const Tag&, const Tag&) = default;
};

/// The same with a binary form of four bytes.
struct Mark {
  std::uint32_t number = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Colour : std::uint8_t { red, green, blue };
BOOST_DESCRIBE_ENUM(Colour, red, green, blue)

enum class Signed : std::int16_t { minus = -300, zero = 0, many = 7000 };
BOOST_DESCRIBE_ENUM(Signed, minus, zero, many)

struct Need {
  core::MilliCpus cpus{1'000};
  core::Bytes memory;
  core::Duration timeout;
  core::Money price;
  std::optional<core::Rate> rate;
  friend bool operator==(const Need&, const Need&) = default;
};
BOOST_DESCRIBE_STRUCT(Need, (), (cpus, memory, timeout, price, rate))

struct Tree {
  std::int32_t label = 0;
  std::vector<Tree> children;
  static constexpr std::array<std::string_view, 1> required_fields{"label"};
  friend bool operator==(const Tree&, const Tree&) = default;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (label, children))

struct JobStarted {
  std::int64_t job = 0;
  friend bool operator==(const JobStarted&, const JobStarted&) = default;
};
BOOST_DESCRIBE_STRUCT(JobStarted, (), (job))

struct JobRefused {
  core::Reason reason = core::Reason::internal;
  std::string detail;
  friend bool operator==(const JobRefused&, const JobRefused&) = default;
};
BOOST_DESCRIBE_STRUCT(JobRefused, (), (reason, detail))

using Event = std::variant<JobStarted, JobRefused>;

struct Everything {
  bool flag = true;
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int16_t i16 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = -1;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 5;
  double real = 0.5;
  std::string text = "default";
  Colour colour = Colour::green;
  Signed sign = Signed::zero;
  std::optional<std::int64_t> maybe;
  std::optional<std::string> usually = "yes";
  std::vector<std::string> names;
  std::vector<std::int64_t> numbers = {1, 2};
  std::map<std::string, std::string> env;
  std::map<std::string, Need> needs;
  std::array<std::uint8_t, 4> digest{};
  std::vector<std::uint8_t> blob;
  Need need;
  std::vector<Tree> trees;
  Event event;
  core::Time at;
  core::Rate rate;
  core::Reason reason = core::Reason::internal;
  core::Precision precision = core::Precision::fp64;
  core::ComputeClass compute_class = core::ComputeClass::basic;
  Tag tag;
  Mark mark;
  std::vector<std::optional<bool>> gaps;
  friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, i8, u8, i16, u16, i32, u32, i64, u64, real, text, colour, sign, maybe,
                       usually, names, numbers, env, needs, digest, blob, need, trees, event, at,
                       rate, reason, precision, compute_class, tag, mark, gaps))

/// Random objects with many edge values. Equal seeds give equal objects.
Everything draw_everything(core::Random& random);

}  // namespace intertie::codec::sample

namespace intertie::codec {

template <>
struct Text<sample::Tag> {
  static std::string to_text(const sample::Tag& tag) { return "#" + std::to_string(tag.number); }
  static core::Result<sample::Tag> from_text(std::string_view text);
  static constexpr std::string_view expected = "a tag such as #7";
};

template <>
struct Text<sample::Mark> {
  static std::string to_text(const sample::Mark& mark) { return "#" + std::to_string(mark.number); }
  static core::Result<sample::Mark> from_text(std::string_view text);
  static std::string to_binary(const sample::Mark& mark);
  static core::Result<sample::Mark> from_binary(std::string_view bytes);
  static constexpr std::string_view expected = "a mark such as #7";
};

}  // namespace intertie::codec
