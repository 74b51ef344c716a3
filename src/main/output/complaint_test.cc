// Errors as text, and the exit codes that follow from them.
#include "output/complaint.h"

#include <new>
#include <stdexcept>

#include <gtest/gtest.h>

#include "output/for_people.h"
#include "output/json_text.h"

namespace intertie::cli {
namespace {

TEST(Complaint, SaysWhatWhyAndLastTheWayOut) {
  const Complaint complaint = make_complaint({core::Reason::not_found, "job 9"});
  EXPECT_EQ(render_complaint(complaint, false),
            "error: There is no such object. (E-not_found)\n"
            "  why: job 9\n"
            "  fix: Check the name; a list command shows what exists.\n");
  EXPECT_EQ(render_complaint(complaint, true).find("\x1b[31merror:"), 0u);
  EXPECT_EQ(render_complaint_json(complaint),
            "{\"error\":{\"code\":\"not_found\",\"what\":\"There is no such object.\","
            "\"why\":\"job 9\",\"fix\":\"Check the name; a list command shows what exists.\"}}\n");
}

TEST(Complaint, AMissingFileIsMostLikelyMisspelt) {
  const core::Reason reason = core::Reason::io_failed;
  const std::string fix = make_complaint({reason, "a.yaml: No such file or directory"}).fix;
  EXPECT_EQ(fix, "Check its name, and the folder that you are in.");
  EXPECT_NE(make_complaint({reason, "a.yaml: No space left on device"}).fix, fix);
  EXPECT_EQ(make_complaint({reason, "a.yaml: No such file or directory"}, "other").fix, "other");
}

TEST(RunGuarded, AnExceptionIsToldWithAWayToReportIt) {
  std::string written;
  const ReportWriter write = [&written](std::string_view what) {
    written = what;
    return std::string("/x/errors.log");
  };
  EXPECT_EQ(std::get<int>(run_guarded([]() -> Outcome { return 7; }, write)), 7);
  EXPECT_EQ(written, "");
  const auto fail = []() -> Outcome { throw std::runtime_error("a detail"); };
  const auto complaint = std::get<Complaint>(run_guarded(fail, write));
  EXPECT_EQ(written, "a detail");
  EXPECT_EQ(render_complaint(complaint, false),
            "error: Something happened that should not. (E-internal)\n"
            "  why: a detail\n"
            "  fix: Please report it, with /x/errors.log and what this says: intertie doctor -o "
            "json\n");
  EXPECT_EQ(complaint.exit_code, 1);
  // Where the log cannot be written there is still a way out.
  const auto unwritten = std::get<Complaint>(run_guarded(fail, nullptr));
  EXPECT_NE(unwritten.fix.find("with the command"), std::string::npos);
  const auto full =
      std::get<Complaint>(run_guarded([]() -> Outcome { throw std::bad_alloc(); }, write));
  EXPECT_NE(full.why, "");
  EXPECT_NE(full.fix.find("/x/errors.log"), std::string::npos);
}

TEST(Complaint, TextFromElsewhereCannotDriveTheTerminal) {
  const Complaint complaint = make_complaint({core::Reason::internal, "\x1b[2J"});
  EXPECT_EQ(render_complaint(complaint, false).find('\x1b'), std::string::npos);
}

TEST(Complaint, EveryReasonHasAllItsTextsAndADocumentedExitCode) {
  for (std::uint16_t i = 0; i <= static_cast<std::uint16_t>(core::Reason::internal); ++i) {
    const auto reason = static_cast<core::Reason>(i);
    const Complaint complaint = make_complaint({reason, "detail"});
    EXPECT_FALSE(complaint.code.empty());
    EXPECT_FALSE(complaint.what.empty()) << complaint.code;
    EXPECT_FALSE(complaint.fix.empty()) << complaint.code;
    const int code = complaint.exit_code;
    EXPECT_TRUE((code >= kFailed && code <= kBudget) || code == kTimedOut) << complaint.code;
  }
}

TEST(ExitCode, FollowsTheTable) {
  using core::Reason;
  EXPECT_EQ(get_exit_code(Reason::internal), 1);
  EXPECT_EQ(get_exit_code(Reason::unreachable), 1);
  EXPECT_EQ(get_exit_code(Reason::unplaceable), 2);
  EXPECT_EQ(get_exit_code(Reason::software_missing), 2);
  EXPECT_EQ(get_exit_code(Reason::bad_field), 3);
  EXPECT_EQ(get_exit_code(Reason::bad_argument), 3);
  EXPECT_EQ(get_exit_code(Reason::denied), 4);
  EXPECT_EQ(get_exit_code(Reason::token_expired), 4);
  EXPECT_EQ(get_exit_code(Reason::budget_exceeded), 5);
  EXPECT_EQ(get_exit_code(Reason::timed_out), 124);
}

TEST(ForPeople, TimesAreRelativeAndMoneyIsNeverRounded) {
  const core::Time now{1'000'000'000'000'000};
  EXPECT_EQ(relative_time(now, now), "now");
  EXPECT_EQ(relative_time(now - core::seconds(5), now), "5s ago");
  EXPECT_EQ(relative_time(now - core::seconds(119), now), "119s ago");
  EXPECT_EQ(relative_time(now - core::minutes(12), now), "12m ago");
  EXPECT_EQ(relative_time(now - core::hours(3), now), "3h ago");
  EXPECT_EQ(relative_time(now - core::hours(49), now), "2d ago");
  EXPECT_EQ(relative_time(now + core::minutes(10), now), "in 10m");
  EXPECT_EQ(relative_time(core::kNever, now), "never");
  EXPECT_EQ(money_text({250'000}, "CNY"), "0.25 CNY");
  EXPECT_EQ(money_text({1'000'000}, "CNY"), "1.00 CNY");
  EXPECT_EQ(money_text({1}, ""), "0.000001");
  EXPECT_EQ(money_text({-1'500'000}, "CNY"), "-1.50 CNY");
  EXPECT_EQ(short_rate(12'345'678'901, "ops/s"), "12.3 Gops/s");
  EXPECT_EQ(short_rate(999, "B/s"), "999 B/s");
  EXPECT_EQ(short_bytes({1536}), "1.5 KiB");
  EXPECT_EQ(short_duration(core::microseconds(721)), "721us");
  EXPECT_EQ(short_duration(core::microseconds(1'000)), "1.0ms");
  EXPECT_EQ(short_duration(core::microseconds(1'960)), "2.0ms");
  EXPECT_EQ(short_duration(core::microseconds(9'949)), "9.9ms");
  EXPECT_EQ(short_duration(core::microseconds(9'950)), "10ms");
  EXPECT_EQ(short_duration(core::milliseconds(850)), "850ms");
  EXPECT_EQ(short_duration(core::microseconds(999'400)), "999ms");
  EXPECT_EQ(short_duration(core::microseconds(999'500)), "1s");
  EXPECT_EQ(per_second_text(5, core::milliseconds(5'800)), "0.9/s");
  EXPECT_EQ(per_second_text(158, core::milliseconds(254)), "622/s");
  EXPECT_EQ(per_second_text(0, core::microseconds(0)), "0/s");
  EXPECT_EQ(short_duration(core::milliseconds(1'500)), "1.5s");
  EXPECT_EQ(render_bar(1, 2, 10), "[====    ]");
  EXPECT_EQ(render_bar(9, 2, 4), "[==]");
}

TEST(JsonText, IndentsAndFlattens) {
  const boost::json::value value = {{"a", 1}, {"b", {{"c", {"x", "y"}}}}, {"d", "z"}};
  EXPECT_EQ(pretty_json(boost::json::value{{"a", 1}, {"b", boost::json::array()}}),
            "{\n  \"a\": 1,\n  \"b\": []\n}");
  EXPECT_EQ(render_csv(flatten_json(value)), "field,value\na,1\nb.c[0],x\nb.c[1],y\nd,z\n");
}

}  // namespace
}  // namespace intertie::cli
