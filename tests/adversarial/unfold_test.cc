// Adversarial test 5: texts within the limit that unfold into as much memory as they can.
#include <gtest/gtest.h>

#include "intertie/core/limits.h"

#include "allocation_meter.h"
#include "fake_backend.h"

namespace intertie::adversarial {
namespace {

namespace limits = core::limits;
using api::ApiWorld;
using api::Request;
using api::Response;

constexpr std::size_t kUnfoldGrowthMax = 10u << 20;  // Of docs/security.md.

struct Text {
  std::string name;
  std::string before;
  std::string piece;  // Repeated, with commas between, until the text is full.
  std::string after;
};

std::string fill(const Text& text, std::size_t length, std::size_t pieces_max) {
  std::string filled = text.before;
  filled.reserve(length);
  for (std::size_t i = 0; i < pieces_max; ++i) {
    if (filled.size() + text.piece.size() + 1 + text.after.size() > length) break;
    if (i > 0) filled += ',';
    filled += text.piece;
  }
  return filled + text.after;
}

// As `fill`, with another key for each piece: an object's keys must differ.
std::string fill_object(const Text& text, std::size_t length) {
  std::string filled = text.before;
  filled.reserve(length);
  for (std::size_t i = 0; i < limits::list_length_max; ++i) {
    const std::string key = (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":";
    if (filled.size() + key.size() + text.piece.size() + text.after.size() > length) break;
    filled += key + text.piece;
  }
  return filled + text.after;
}

std::string nest(const std::string& open, const std::string& close, int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

// What a list may be full of.
std::vector<std::string> make_pieces() {
  return {"[]",
          "{}",
          "[0]",
          "[[]]",
          "{\"\":0}",
          "{\"a\":{}}",
          "\"\"",
          "\"sixteen bytes...\"",
          "0",
          "null",
          "true",
          nest("[", "]", 8),
          nest("[", "]", limits::document_depth_max - 4),
          "{\"from\":\"x\"}",
          "{\"run\":[]}",
          "{\"run\":[\"x\"]}",
          "{\"need\":{\"software\":[\"\",\"\",\"\"]}}",
          "{\"env\":{\"\":\"\"}}",
          "{\"data\":{\"in\":[{},{},{},{},{},{},{},{}]}}",
          "{\"secrets\":{\"a\":{},\"b\":{}}}"};
}

std::vector<std::pair<std::string, std::string>> make_texts(std::size_t length) {
  std::vector<std::pair<std::string, std::string>> texts;
  const std::vector<std::pair<std::string, std::string>> lists = {
      {"{\"run\":[", "]}"},
      {"{\"data\":{\"in\":[", "]}}"},
      {"{\"data\":{\"out\":[", "]}}"},
      {"{\"need\":{\"software\":[", "]}}"},
      {"{\"where\":{\"not\":[", "]}}"},
      {"{\"jobs\":[", "]}"},
      {"{\"jobs\":[{\"data\":{\"in\":[", "]}}]}"},
      {"{\"unknown\":[", "]}"},
      {"[", "]"}};
  for (const auto& [before, after] : lists) {
    for (const std::string& piece : make_pieces()) {
      const Text text{before + piece, before, piece, after};
      texts.emplace_back(text.name, fill(text, length, limits::list_length_max));
      // Several lists, each as long as one may be, so that only the whole is too much.
      const Text part{"", "[", piece, "]"};
      const Text lists_of{before + "[" + piece, before, fill(part, length / 6, 90'000), after};
      texts.emplace_back(lists_of.name, fill(lists_of, length, 6));
    }
  }
  const std::vector<std::pair<std::string, std::string>> objects = {
      {"{\"env\":{", "}}"}, {"{\"tags\":{", "}}"}, {"{\"secrets\":{", "}}"}, {"{", "}"}};
  for (const auto& [before, after] : objects) {
    for (const std::string& piece : make_pieces()) {
      texts.emplace_back(before + "k:" + piece, fill_object({"", before, piece, after}, length));
    }
  }
  return texts;
}

// Sends it and gives by how much the program grew meanwhile.
std::size_t measure(ApiWorld& world, const std::string& target, const std::string& body,
                    int& status) {
  Request request = ApiWorld::make_request("POST", target);
  request.authorization = "Bearer " + world.token("root");
  request.body = body;
  const std::size_t allocated = get_allocated_bytes();
  reset_peak();
  status = world.send(std::move(request)).status;
  return get_peak_bytes() - allocated;
}

TEST(Adversarial, A05_NoTextOfAJobsLengthUnfoldsBeyondTheLimit) {
  ApiWorld world;
  const auto texts = make_texts(limits::job_document_bytes_max);
  for (const char* const target : {"/v1/jobs", "/v1/plan", "/v1/jobs:bulk"}) {
    std::size_t most = 0;
    std::string worst;
    for (const auto& [name, text] : texts) {
      ASSERT_LE(text.size(), limits::job_document_bytes_max);
      int status = 0;
      const std::size_t grown = measure(world, target, text, status);
      EXPECT_LT(grown, kUnfoldGrowthMax) << target << " " << name;
      EXPECT_TRUE(status == 400 || status == 413) << target << " " << name << " " << status;
      if (grown > most) worst = name;
      most = std::max(most, grown);
    }
    EXPECT_GT(most, 1u << 20) << "the texts are not bad enough to show anything";
    std::printf("%s: at most %.1f MiB, of %s...\n", target, double(most) / (1 << 20),
                worst.substr(0, 60).c_str());
  }
}

// What is longer may take more, in proportion to what was sent.
TEST(Adversarial, A05_ALongerTextUnfoldsInProportion) {
  ApiWorld world;
  const std::size_t most = limits::json_memory_base +
                           limits::json_memory_per_byte * limits::document_bytes_max +
                           limits::document_bytes_max / 2;
  for (const auto& [name, text] : make_texts(limits::document_bytes_max)) {
    int status = 0;
    EXPECT_LT(measure(world, "/v1/jobs:bulk", text, status), most) << name;
    EXPECT_TRUE(status == 400 || status == 413) << name << " " << status;
  }
}

TEST(Adversarial, A05_AJobsBodyBeyondItsLimitIsRefusedUnread) {
  ApiWorld world;
  const std::string job = R"({"run":["x"]})";
  for (const char* const target : {"/v1/jobs", "/v1/plan"}) {
    int status = 0;
    const std::string longer =
        job + std::string(limits::job_document_bytes_max + 1 - job.size(), ' ');
    EXPECT_LT(measure(world, target, longer, status), 1u << 20);
    EXPECT_EQ(status, 413) << target;
    measure(world, target, longer.substr(0, longer.size() - 1), status);
    EXPECT_NE(status, 413) << target;
  }
}

// A zero byte, written as JSON can, in every text of a job that a command or a name is made of.
TEST(Adversarial, A05_AZeroByteInAJobIsRefusedByItsField) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  world.measure(site);
  const std::vector<std::pair<std::string, std::string>> jobs = {
      {"run[1]", R"({"run":["echo","a\u0000b"]})"},
      {"name", R"({"run":["x"],"name":"a\u0000b"})"},
      {"env.A", R"({"run":["x"],"env":{"A":"a\u0000b"}})"},
      {"env", R"({"run":["x"],"env":{"A\u0000":"b"}})"},
      {"tags", R"({"run":["x"],"tags":{"a\u0000":"b"}})"},
      {"account", R"({"run":["x"],"account":"a\u0000b"})"},
      {"data.in[0].to", R"({"run":["x"],"data":{"in":[{"content":"x","to":"a\u0000b"}]}})"},
      {"data.out[0].path", R"({"run":["x"],"data":{"out":[{"path":"a\u0000b"}]}})"},
      {"need.software[0]", R"({"run":["x"],"need":{"software":["a\u0000b"]}})"}};
  for (const auto& [field, job] : jobs) {
    for (const char* const target : {"/v1/jobs", "/v1/plan"}) {
      const Response response = world.call("ada", "POST", target, job);
      EXPECT_EQ(response.status, 400) << field;
      EXPECT_NE(response.body.find(field + ":"), std::string::npos) << response.body;
    }
    const Response bulk = world.call("ada", "POST", "/v1/jobs:bulk", R"({"jobs":[)" + job + "]}");
    EXPECT_NE(bulk.body.find(field + ":"), std::string::npos) << bulk.body;
  }
  EXPECT_TRUE(world.get<api::JobList>("ada", "/v1/jobs").jobs.empty());
  for (const auto& [target, body] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/principals", R"({"name":"a\u0000b"})"},
           {"/v1/accounts/ada\\u0000:deposit", R"({"amount_micros":1})"}}) {
    EXPECT_EQ(world.call("root", "POST", target, body, "k").status / 100, 4) << target;
  }
}

}  // namespace
}  // namespace intertie::adversarial
