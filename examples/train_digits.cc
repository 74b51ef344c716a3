// Trains a small neural network on digits drawn from a seed, with checkpoints.
//
// 64 pixels -> 32 rectified units -> 10 classes, softmax and cross-entropy, plain stochastic
// gradient descent on one example at a time. Every figure comes from + - * / on doubles in a
// fixed order and an exponential of our own (a library's may differ between processors), so
// loss and weights have the same bits on every machine, whether a run was interrupted or not:
// the examples of epoch E depend on the seed and E alone, and a checkpoint holds all the rest.
//
// Exit codes: 0 the loss was reached, 1 it was not, 3 bad arguments or checkpoint, 75 stopped
// after --stop-after epochs (to be resumed).
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "arguments.h"
#include "seeded_random.h"

namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

constexpr int kExitStopped = 75;
constexpr std::size_t kPixels = 64;
constexpr std::size_t kHidden = 32;
constexpr std::size_t kDigits = 10;

// Five by seven pixels each, as on a display; the low five bits of a row, top row first.
constexpr std::uint8_t kGlyphs[kDigits][7] = {
    {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}, {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
    {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}, {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e},
    {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}, {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
    {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}, {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
    {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}, {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}};

struct Example {
  std::array<double, kPixels> pixels;
  std::size_t digit;
};

/// A glyph at one of eight places in an 8 x 8 picture, with noise on each pixel.
Example draw_example(examples::SeededRandom& random) {
  Example example{};
  example.digit = random.draw_below(kDigits);
  const std::size_t left = random.draw_below(4);
  const std::size_t top = random.draw_below(2);
  for (double& pixel : example.pixels) pixel = 1.6 * random.draw_unit() - 0.8;
  for (std::size_t row = 0; row < 7; ++row) {
    for (std::size_t column = 0; column < 5; ++column) {
      if ((kGlyphs[example.digit][row] >> (4 - column)) & 1U) {
        example.pixels[(row + top) * 8 + column + left] += 1.0;
      }
    }
  }
  return example;
}

/// e^x for x <= 0: halved until small, then a series, then squared back.
double compute_exponential(double x) {
  if (x < -40.0) return 0.0;
  const double small = x / 64.0;
  double sum = 1.0;
  double term = 1.0;
  for (int i = 1; i <= 14; ++i) {
    term = term * small / i;
    sum += term;
  }
  for (int i = 0; i < 6; ++i) sum *= sum;
  return sum;
}

/// Natural logarithm for 0 < x <= 1, by Newton's method on the exponential above.
double compute_logarithm(double x) {
  double y = 0.0;
  for (int i = 0; i < 60; ++i) {
    const double change = x / compute_exponential(y) - 1.0;
    y += change > 1.0 ? 1.0 : change;
    if (y > 0.0) y = 0.0;
    if (y < -39.0) return -39.0;
  }
  return y;
}

/// All that training changes, in the order in which a checkpoint holds it.
struct Model {
  std::array<std::array<double, kPixels>, kHidden> hidden_weights;
  std::array<double, kHidden> hidden_biases;
  std::array<std::array<double, kHidden>, kDigits> output_weights;
  std::array<double, kDigits> output_biases;
};

Model make_model(std::uint64_t seed) {
  examples::SeededRandom random(seed);
  Model model{};
  for (auto& row : model.hidden_weights) {
    for (double& weight : row) weight = (random.draw_unit() - 0.5) * 0.35;
  }
  for (auto& row : model.output_weights) {
    for (double& weight : row) weight = (random.draw_unit() - 0.5) * 0.5;
  }
  return model;
}

struct Forward {
  std::array<double, kHidden> hidden;
  std::array<double, kDigits> chances;
};

Forward compute_forward(const Model& model, const Example& example) {
  Forward forward{};
  for (std::size_t h = 0; h < kHidden; ++h) {
    double sum = model.hidden_biases[h];
    for (std::size_t p = 0; p < kPixels; ++p) {
      sum += model.hidden_weights[h][p] * example.pixels[p];
    }
    forward.hidden[h] = sum > 0.0 ? sum : 0.0;
  }
  double largest = -1e300;
  for (std::size_t d = 0; d < kDigits; ++d) {
    double sum = model.output_biases[d];
    for (std::size_t h = 0; h < kHidden; ++h) {
      sum += model.output_weights[d][h] * forward.hidden[h];
    }
    forward.chances[d] = sum;
    largest = sum > largest ? sum : largest;
  }
  double total = 0.0;
  for (double& chance : forward.chances) {
    chance = compute_exponential(chance - largest);
    total += chance;
  }
  for (double& chance : forward.chances) chance /= total;
  return forward;
}

/// One step of gradient descent on the cross-entropy of one example.
void learn_example(Model& model, const Example& example, double rate) {
  const Forward forward = compute_forward(model, example);
  std::array<double, kHidden> blame{};
  for (std::size_t d = 0; d < kDigits; ++d) {
    const double error = forward.chances[d] - (d == example.digit ? 1.0 : 0.0);
    for (std::size_t h = 0; h < kHidden; ++h) {
      blame[h] += error * model.output_weights[d][h];
      model.output_weights[d][h] -= rate * error * forward.hidden[h];
    }
    model.output_biases[d] -= rate * error;
  }
  for (std::size_t h = 0; h < kHidden; ++h) {
    if (forward.hidden[h] <= 0.0) continue;
    for (std::size_t p = 0; p < kPixels; ++p) {
      model.hidden_weights[h][p] -= rate * blame[h] * example.pixels[p];
    }
    model.hidden_biases[h] -= rate * blame[h];
  }
}

struct Score {
  double loss;
  std::size_t right;
};

/// Mean loss and right answers on examples that training never sees.
Score compute_score(const Model& model, std::uint64_t seed, std::size_t how_many) {
  examples::SeededRandom random(seed);
  Score score{0.0, 0};
  for (std::size_t i = 0; i < how_many; ++i) {
    const Example example = draw_example(random);
    const Forward forward = compute_forward(model, example);
    score.loss -= compute_logarithm(forward.chances[example.digit]);
    std::size_t best = 0;
    for (std::size_t d = 1; d < kDigits; ++d) {
      if (forward.chances[d] > forward.chances[best]) best = d;
    }
    score.right += best == example.digit ? 1 : 0;
  }
  score.loss /= static_cast<double>(how_many);
  return score;
}

/// FNV-1a, 64 bits: enough to notice a damaged file and to compare two runs by eye.
std::uint64_t compute_fingerprint(const Model& model) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&model);
  for (std::size_t i = 0; i < sizeof model; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3U;
  return hash;
}

/// Checkpoint file: this head, then the model, as they lie in memory.
struct CheckpointHead {
  std::array<char, 8> magic;
  std::uint64_t seed;
  std::uint64_t epochs_done;
  std::uint64_t fingerprint;
};
constexpr std::array<char, 8> kMagic = {'D', 'I', 'G', 'I', 'T', 'S', '0', '1'};

/// Written beside and renamed, so a kill leaves the old checkpoint or the new one, never half.
void write_checkpoint(const std::string& path, const Model& model, std::uint64_t seed,
                      std::uint64_t epochs_done) {
  const CheckpointHead head{kMagic, seed, epochs_done, compute_fingerprint(model)};
  const std::string beside = path + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(&head), sizeof head);
  file.write(reinterpret_cast<const char*>(&model), sizeof model);
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (!file || error) examples::stop_with(examples::kExitFailed, "cannot write " + path);
}

/// Returns the number of epochs done, 0 with a fresh model when there is no such file.
std::uint64_t read_checkpoint(const std::string& path, Model& model, std::uint64_t seed) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return 0;
  CheckpointHead head{};
  file.read(reinterpret_cast<char*>(&head), sizeof head);
  file.read(reinterpret_cast<char*>(&model), sizeof model);
  const bool is_whole = file && file.peek() == std::ifstream::traits_type::eof();
  if (!is_whole || head.magic != kMagic || head.fingerprint != compute_fingerprint(model)) {
    examples::stop_with(examples::kExitUsage, path + " is no whole checkpoint");
  }
  if (head.seed != seed) {
    examples::stop_with(examples::kExitUsage, path + " belongs to another seed");
  }
  return head.epochs_done;
}

struct Plan {
  std::uint64_t seed;
  std::uint64_t epochs;
  std::uint64_t examples_an_epoch;
  std::uint64_t checkpoint_every;
  std::uint64_t stop_after;  // 0: run to the end.
  std::string out;
};

/// Trains from epoch `done` on. Returns false if it stopped as the plan asked.
bool train(Model& model, const Plan& plan, std::uint64_t done) {
  const std::uint64_t from = done;
  while (done < plan.epochs) {
    examples::SeededRandom random((plan.seed + 1) * 0x10001U + done);
    const double rate = 0.02 / (1.0 + 0.05 * static_cast<double>(done));
    for (std::uint64_t i = 0; i < plan.examples_an_epoch; ++i) {
      learn_example(model, draw_example(random), rate);
    }
    ++done;
    const bool is_stopping = plan.stop_after != 0 && done - from >= plan.stop_after;
    if (done % plan.checkpoint_every == 0 || done == plan.epochs || is_stopping) {
      write_checkpoint(plan.out, model, plan.seed, done);
      const Score score = compute_score(model, plan.seed, 500);
      std::printf("epoch %llu loss %.6f\n", static_cast<unsigned long long>(done), score.loss);
      std::fflush(stdout);
    }
    if (is_stopping && done < plan.epochs) return false;
  }
  return true;
}

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(count, values,
                                      {{"seed", "7"},
                                       {"epochs", "60"},
                                       {"examples", "10000"},
                                       {"checkpoint-every", "5"},
                                       {"stop-after", "0"},
                                       {"loss-max-micro", "200000"},
                                       {"resume", ""},
                                       {"out", "digits.model"}});
  const auto get = [&arguments](const char* name, std::int64_t least) {
    return static_cast<std::uint64_t>(arguments.get_integer(name, least, 1'000'000'000));
  };
  const Plan plan{get("seed", 0),       get("epochs", 1),
                  get("examples", 1),   get("checkpoint-every", 1),
                  get("stop-after", 0), arguments.get_text("out")};
  const double loss_max = static_cast<double>(get("loss-max-micro", 1)) / 1e6;

  Model model = make_model(plan.seed);
  std::uint64_t done = 0;
  const std::string& resume = arguments.get_text("resume");
  if (!resume.empty()) done = read_checkpoint(resume, model, plan.seed);
  if (done > 0) std::printf("resumed after epoch %llu\n", static_cast<unsigned long long>(done));
  if (!train(model, plan, done)) {
    std::printf("stopped\n");
    return kExitStopped;
  }
  write_checkpoint(plan.out, model, plan.seed, plan.epochs);
  constexpr std::size_t kScored = 2000;
  const Score score = compute_score(model, plan.seed + 1'000'000'007, kScored);
  std::printf("loss %.9f right %zu of %zu weights %016llx\n", score.loss, score.right, kScored,
              static_cast<unsigned long long>(compute_fingerprint(model)));
  if (score.loss > loss_max) examples::stop_with(examples::kExitFailed, "the loss is too high");
  return 0;
}
