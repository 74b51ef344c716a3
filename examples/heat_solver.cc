// Steady heat in a square plate: the Poisson equation by red-black successive over-relaxation.
//
// The plate is N x N inner points, its edge is held at 0, and three square burners of different
// power heat it. Only + - * / on doubles in a fixed order, one thread, no contraction into fused
// multiply-adds: IEEE 754 then fixes every bit, so the result file has one known SHA-256.
//
// Result file: "HEAT", the size as a 32-bit integer, then (size + 2)^2 doubles row by row, all
// little-endian (x86-64 and 64-bit Arm write their memory as it is).
#include <bit>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

#include "arguments.h"

namespace {

static_assert(std::endian::native == std::endian::little, "the result file is little-endian");

struct Burner {  // Place and side in fractions of the plate's side; power in kelvin per area.
  double top;
  double left;
  double side;
  double power;
};

constexpr Burner kBurners[] = {
    {0.20, 0.15, 0.20, 900.0}, {0.55, 0.60, 0.25, 400.0}, {0.70, 0.10, 0.10, 2500.0}};
constexpr double kPi = 3.14159265358979323846;

class Plate {
 public:
  explicit Plate(std::size_t size)
      : size_(size), heat_(width() * width(), 0.0), source_(width() * width(), 0.0) {
    const double step = 1.0 / static_cast<double>(size + 1);
    for (std::size_t row = 1; row <= size; ++row) {
      for (std::size_t column = 1; column <= size; ++column) {
        const double y = static_cast<double>(row) * step;
        const double x = static_cast<double>(column) * step;
        for (const Burner& burner : kBurners) {
          const bool is_inside = y >= burner.top && y < burner.top + burner.side &&
                                 x >= burner.left && x < burner.left + burner.side;
          if (is_inside) source_[row * width() + column] += burner.power * step * step;
        }
      }
    }
  }

  /// Relaxes every second point, those of one colour: they do not see each other, so the
  /// result does not depend on the order within a colour. Returns the largest change.
  double relax_colour(std::size_t colour, double omega) {
    double largest = 0.0;
    for (std::size_t row = 1; row <= size_; ++row) {
      for (std::size_t column = 1 + (row + colour) % 2; column <= size_; column += 2) {
        const std::size_t at = row * width() + column;
        const double around =
            (heat_[at - 1] + heat_[at + 1]) + (heat_[at - width()] + heat_[at + width()]);
        const double change = omega * (0.25 * (around + source_[at]) - heat_[at]);
        heat_[at] += change;
        const double magnitude = change < 0.0 ? -change : change;
        if (magnitude > largest) largest = magnitude;
      }
    }
    return largest;
  }

  /// The largest amount by which a point misses the discrete equation.
  double compute_residual() const {
    double largest = 0.0;
    for (std::size_t row = 1; row <= size_; ++row) {
      for (std::size_t column = 1; column <= size_; ++column) {
        const std::size_t at = row * width() + column;
        const double around =
            (heat_[at - 1] + heat_[at + 1]) + (heat_[at - width()] + heat_[at + width()]);
        const double miss = around + source_[at] - 4.0 * heat_[at];
        const double magnitude = miss < 0.0 ? -miss : miss;
        if (magnitude > largest) largest = magnitude;
      }
    }
    return largest;
  }

  double find_hottest() const {
    double hottest = 0.0;
    for (const double heat : heat_) hottest = heat > hottest ? heat : hottest;
    return hottest;
  }

  bool write(const std::string& path) const {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    const auto size = static_cast<std::uint32_t>(size_);
    file.write("HEAT", 4);
    file.write(reinterpret_cast<const char*>(&size), sizeof size);
    file.write(reinterpret_cast<const char*>(heat_.data()),
               static_cast<std::streamsize>(heat_.size() * sizeof(double)));
    file.close();
    return file.good();
  }

 private:
  std::size_t width() const { return size_ + 2; }

  std::size_t size_;
  std::vector<double> heat_;
  std::vector<double> source_;
};

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(
      count, values,
      {{"size", "384"}, {"sweeps-max", "20000"}, {"tolerance-nano", "100"}, {"out", "heat.bin"}});
  const std::int64_t size = arguments.get_integer("size", 8, 8192);
  const std::int64_t sweeps_max = arguments.get_integer("sweeps-max", 1, 10'000'000);
  const std::int64_t nano = arguments.get_integer("tolerance-nano", 1, 1'000'000'000);
  const double tolerance = static_cast<double>(nano) / 1e9;

  Plate plate(static_cast<std::size_t>(size));
  // Close to the best factor for a square, 2 / (1 + sin(pi / n)), without a library's sine.
  const double omega = 2.0 / (1.0 + kPi / static_cast<double>(size + 1));
  std::int64_t sweeps = 0;
  double change = tolerance;
  while (change >= tolerance && sweeps < sweeps_max) {
    const double red = plate.relax_colour(0, omega);
    const double black = plate.relax_colour(1, omega);
    change = red > black ? red : black;
    ++sweeps;
    if (sweeps % 200 == 0) {
      std::printf("sweep %lld change %.3e\n", static_cast<long long>(sweeps), change);
      std::fflush(stdout);
    }
  }
  if (!plate.write(arguments.get_text("out"))) {
    examples::stop_with(examples::kExitFailed, "cannot write " + arguments.get_text("out"));
  }
  std::printf("size %lld sweeps %lld residual %.3e hottest %.6f\n", static_cast<long long>(size),
              static_cast<long long>(sweeps), plate.compute_residual(), plate.find_hottest());
  if (change >= tolerance) {
    examples::stop_with(examples::kExitFailed, "did not converge within --sweeps-max");
  }
  return 0;
}
