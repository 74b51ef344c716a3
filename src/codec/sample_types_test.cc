// The random objects of sample_types.h.
#include "sample_types.h"

#include <charconv>
#include <cstring>

#include "intertie/core/time.h"

namespace intertie::codec {

core::Result<sample::Tag> Text<sample::Tag>::from_text(std::string_view text) {
  sample::Tag tag;
  const char* end = text.data() + text.size();
  if (text.size() < 2 || text.front() != '#' ||
      std::from_chars(text.data() + 1, end, tag.number).ptr != end) {
    return {core::Reason::bad_identifier, "expected a tag such as #7"};
  }
  return tag;
}

core::Result<sample::Mark> Text<sample::Mark>::from_text(std::string_view text) {
  const core::Result<sample::Tag> tag = Text<sample::Tag>::from_text(text);
  if (!tag) return tag.error();
  return sample::Mark{tag->number};
}

std::string Text<sample::Mark>::to_binary(const sample::Mark& mark) {
  return std::string(reinterpret_cast<const char*>(&mark.number), sizeof(mark.number));
}

core::Result<sample::Mark> Text<sample::Mark>::from_binary(std::string_view bytes) {
  sample::Mark mark;
  if (bytes.size() != sizeof(mark.number)) return {core::Reason::bad_field, "expected 4 bytes"};
  std::memcpy(&mark.number, bytes.data(), bytes.size());
  return mark;
}

namespace sample {
namespace {

// Small, large and extreme values of an integer type, about equally often.
template <class T>
T draw_integer(core::Random& random) {
  switch (random.below(5)) {
    case 0:
      return static_cast<T>(random.below(30));
    case 1:
      return std::numeric_limits<T>::max();
    case 2:
      return std::numeric_limits<T>::min();
    default:
      return static_cast<T>(random.next() >> random.below(64));
  }
}

std::string draw_text(core::Random& random) {
  static constexpr std::string_view kPieces[] = {
      "a",    "Z",    " ", "\n", "\t", "\"",     "\\",   "/",    std::string_view("\0", 1),
      "\x1f", "\x7f", "é", "中", "😀",  "\u2028", "null", "true", "007",
      "- ",   ": ",   "#", "{",  "&x", "*x",     "~"};
  std::string text;
  for (std::uint64_t left = random.below(8); left > 0; --left) {
    text += kPieces[random.below(std::size(kPieces))];
  }
  return text;
}

double draw_real(core::Random& random) {
  constexpr double kSome[] = {0.0, -0.0, 0.1, 1e300, 5e-324, -2.5, 65504, 65505, 1.0 / 3, 1e22};
  if (random.chance(1, 2)) return kSome[random.below(std::size(kSome))];
  for (;;) {
    const std::uint64_t bits = random.next();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isfinite(value)) return value;
  }
}

core::Rate draw_rate(core::Random& random) {
  return {static_cast<core::Precision>(random.below(core::kPrecisionCount)),
          draw_integer<std::int64_t>(random)};
}

Need draw_need(core::Random& random) {
  Need need;
  if (random.chance(1, 2)) need.cpus.count = draw_integer<std::int64_t>(random);
  if (random.chance(1, 2)) need.memory.count = draw_integer<std::int64_t>(random);
  if (random.chance(1, 2)) need.timeout.count = draw_integer<std::int64_t>(random);
  if (random.chance(1, 2)) need.price.count = draw_integer<std::int64_t>(random);
  if (random.chance(1, 2)) need.rate = draw_rate(random);
  return need;
}

Tree draw_tree(core::Random& random, int depth) {
  Tree tree{draw_integer<std::int32_t>(random), {}};
  for (std::uint64_t left = depth > 0 ? random.below(3) : 0; left > 0; --left) {
    tree.children.push_back(draw_tree(random, depth - 1));
  }
  return tree;
}

void draw_scalars(core::Random& random, Everything& all) {
  all.flag = random.chance(1, 2);
  all.i8 = draw_integer<std::int8_t>(random);
  all.u8 = draw_integer<std::uint8_t>(random);
  all.i16 = draw_integer<std::int16_t>(random);
  all.u16 = draw_integer<std::uint16_t>(random);
  all.i32 = draw_integer<std::int32_t>(random);
  all.u32 = draw_integer<std::uint32_t>(random);
  all.i64 = draw_integer<std::int64_t>(random);
  all.u64 = draw_integer<std::uint64_t>(random);
  all.real = draw_real(random);
  all.text = draw_text(random);
  all.colour = static_cast<Colour>(random.below(3));
  all.sign = std::array{Signed::minus, Signed::zero, Signed::many}[random.below(3)];
}

}  // namespace

Everything draw_everything(core::Random& random) {
  Everything all;
  if (random.chance(3, 4)) draw_scalars(random, all);
  if (random.chance(1, 2)) all.maybe = draw_integer<std::int64_t>(random);
  if (random.chance(1, 2)) all.usually = std::nullopt;
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    all.names.push_back(draw_text(random));
    all.env[draw_text(random)] = draw_text(random);
    all.needs[draw_text(random)] = draw_need(random);
    all.trees.push_back(draw_tree(random, 3));
    all.blob.push_back(draw_integer<std::uint8_t>(random));
    all.gaps.push_back(random.chance(1, 3) ? std::nullopt : std::optional(random.chance(1, 2)));
  }
  if (random.chance(1, 2)) all.numbers.clear();
  if (random.chance(1, 2)) all.numbers.push_back(draw_integer<std::int64_t>(random));
  for (std::uint8_t& byte : all.digest) byte = static_cast<std::uint8_t>(random.below(256));
  all.need = draw_need(random);
  if (random.chance(1, 2)) all.event = JobRefused{core::Reason::busy, draw_text(random)};
  if (random.chance(1, 2)) all.at = {random.between(-1'000'000'000'000'000, 9'000'000'000'000'000)};
  if (random.chance(1, 9)) all.at = core::kNever;
  all.rate = draw_rate(random);
  if (random.chance(1, 2)) all.reason = core::Reason::denied;
  all.precision = static_cast<core::Precision>(random.below(core::kPrecisionCount));
  all.compute_class = static_cast<core::ComputeClass>(random.below(3));
  all.tag.number = draw_integer<std::uint32_t>(random);
  all.mark.number = draw_integer<std::uint32_t>(random);
  return all;
}

}  // namespace sample
}  // namespace intertie::codec
