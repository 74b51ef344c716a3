// What a job document must say, each field at its bound and one beyond.
#include "intertie/hub/job_document.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"

namespace intertie::hub {
namespace {

namespace limits = core::limits;

std::string find_fault(const JobDocument& document) {
  const core::Result<void> checked = check_document(document);
  return checked ? "" : checked.error().detail.substr(0, checked.error().detail.find(':'));
}

JobDocument make_document() {
  JobDocument document;
  document.run = {"true"};
  return document;
}

TEST(CheckDocument, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(find_fault(make_document()), "");
  EXPECT_EQ(find_fault(JobDocument{}), "run");
  JobDocument document = make_document();
  document.run = {"", "x"};
  EXPECT_EQ(find_fault(document), "run[0]");
  document.run = {"x", ""};
  EXPECT_EQ(find_fault(document), "");
  document = make_document();
  document.name = std::string(limits::job_name_bytes_max + 1, 'n');
  EXPECT_EQ(find_fault(document), "name");
  document.name.pop_back();
  EXPECT_EQ(find_fault(document), "");
  document.name = "two\nlines";
  EXPECT_EQ(find_fault(document), "name");
}

TEST(CheckDocument, NoTextHoldsAZeroByte) {
  const std::string zero("a\0b", 3);
  struct Case {
    const char* field;
    void (*spoil)(JobDocument&, const std::string&);
  };
  const Case cases[] = {
      {"name", [](JobDocument& d, const std::string& text) { d.name = text; }},
      {"run[1]",
       [](JobDocument& d, const std::string& text) {
         d.run = {"x", text};
       }},
      {"run[0]", [](JobDocument& d, const std::string& text) { d.run = {text}; }},
      {"env", [](JobDocument& d, const std::string& text) { d.env[text] = "x"; }},
      {"env.A", [](JobDocument& d, const std::string& text) { d.env["A"] = text; }},
      {"secrets", [](JobDocument& d, const std::string& text) { d.secrets[text].box = "x"; }},
      {"tags", [](JobDocument& d, const std::string& text) { d.tags[text] = "x"; }},
      {"tags", [](JobDocument& d, const std::string& text) { d.tags["x"] = text; }},
      {"account", [](JobDocument& d, const std::string& text) { d.account = text; }},
      {"need.software[0]",
       [](JobDocument& d, const std::string& text) { d.need.software = {text}; }},
      {"need.devices.kind",
       [](JobDocument& d, const std::string& text) {
         d.need.devices = {text, "", 1};
       }},
      {"need.devices.model",
       [](JobDocument& d, const std::string& text) {
         d.need.devices = {"", text, 1};
       }},
      {"where.regions[0]",
       [](JobDocument& d, const std::string& text) { d.where.regions = {text}; }},
      {"where.not[0]", [](JobDocument& d, const std::string& text) { d.where.not_ = {text}; }},
      {"data.in[0].to",
       [](JobDocument& d, const std::string& text) {
         d.data.in.resize(1);
         d.data.in[0].to = text;
       }},
      {"data.in[0].from",
       [](JobDocument& d, const std::string& text) {
         d.data.in.resize(1);
         d.data.in[0].to = "x";
         d.data.in[0].from = text;
       }},
      {"data.out[0].path",
       [](JobDocument& d, const std::string& text) {
         d.data.out = {{text, "x"}};
       }},
      {"data.out[0].name",
       [](JobDocument& d, const std::string& text) {
         d.data.out = {{"x", text}};
       }},
      {"data.out[0].to",
       [](JobDocument& d, const std::string& text) {
         d.data.out = {{"x", "x", "data://" + text}};
       }},
  };
  for (const Case& each : cases) {
    JobDocument document = make_document();
    each.spoil(document, zero);
    EXPECT_EQ(find_fault(document), each.field);
  }
  // A file's content is bytes, and a value may have lines.
  JobDocument document = make_document();
  document.data.in.resize(1);
  document.data.in[0].to = "x";
  document.data.in[0].content = zero;
  document.env["A"] = "two\nlines";
  EXPECT_EQ(find_fault(document), "");
  document.env["A=B"] = "x";
  EXPECT_EQ(find_fault(document), "env");
  document.env.erase("A=B");
  document.env[""] = "x";
  EXPECT_EQ(find_fault(document), "env");
}

TEST(CheckDocument, BoundsOfNumbers) {
  JobDocument document = make_document();
  document.tasks = 0;
  EXPECT_EQ(find_fault(document), "tasks");
  document.tasks = limits::job_tasks_max;
  EXPECT_EQ(find_fault(document), "");
  ++document.tasks;
  EXPECT_EQ(find_fault(document), "tasks");
  document = make_document();
  document.timeout = core::Duration{};
  EXPECT_EQ(find_fault(document), "timeout");
  document.timeout = limits::job_timeout_max;
  EXPECT_EQ(find_fault(document), "");
  document.timeout += core::microseconds(1);
  EXPECT_EQ(find_fault(document), "timeout");
  document = make_document();
  document.retries = limits::job_retries_max + 1;
  EXPECT_EQ(find_fault(document), "retries");
  document = make_document();
  document.price.max = core::Money{0};
  EXPECT_EQ(find_fault(document), "price.max");
}

// 0 means "no bound" to a runner: such a job would have the whole machine and pay for none of it.
TEST(CheckDocument, AJobWithoutMemoryIsRefused) {
  JobDocument document = make_document();
  document.need.memory = core::Bytes{0};
  EXPECT_EQ(find_fault(document), "need.memory");
  document.need.memory = core::Bytes{-1};
  EXPECT_EQ(find_fault(document), "need.memory");
  document.need.memory = core::Bytes{1};
  EXPECT_EQ(find_fault(document), "");
}

TEST(CheckDocument, AnOutputLandsInAnOwnDatasetOfARegion) {
  const auto check = [](std::vector<DataOut> outputs) {
    JobDocument document = make_document();
    document.data.out = std::move(outputs);
    return find_fault(document);
  };
  EXPECT_EQ(check({{"a", "", "data://results"}}), "");
  EXPECT_EQ(check({{"a", "", "data://results", "52"}}), "");
  EXPECT_EQ(get_landing_name({"a", "", "data://results", "52"}), "results");
  EXPECT_EQ(get_landing_name({"a", "", "", ""}), "");
  const std::string root = "data:" + std::string(64, 'a');
  for (const std::string to : {"results", "data://", "data://bob/results", root.c_str(), "/data"}) {
    EXPECT_EQ(check({{"a", "", to}}), "data.out[0].to") << to;
  }
  EXPECT_EQ(check({{"a", "", "", "52"}}), "data.out[0].region");
  for (const std::string region : {"5", "521", "5/", "hb"}) {
    EXPECT_EQ(check({{"a", "", "data://results", region}}), "data.out[0].region") << region;
  }
  EXPECT_EQ(check({{"a", "", "data://x"}, {"b", "", "data://x"}}), "data.out[1].to");
  EXPECT_EQ(check({{"a", "", "data://x"}, {"b", "", "data://x", "52"}}), "");
}

}  // namespace
}  // namespace intertie::hub
