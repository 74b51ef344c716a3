// Each rule against small sources that keep it and that break it.
#include <gtest/gtest.h>

#include "rules.h"

namespace tidy {
namespace {

using Rule = void (*)(const SourceText&, Report&);

/// The lines where a rule complains about a source.
std::vector<std::size_t> find_lines(Rule rule, std::string path, std::string text) {
  Report report;
  rule(read_source(std::move(path), std::move(text)), report);
  std::vector<std::size_t> lines;
  for (const Violation& violation : report) lines.push_back(violation.line);
  return lines;
}

using Lines = std::vector<std::size_t>;

std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(SourceText, BlanksCommentsAndLiteralsAndKeepsPlaces) {
  const SourceText source = read_source(
      "a.cc",
      "#include \"x/y.h\"\nint a = 1'000; // rand()\nauto b = \"rand()\\\"\";\n/* rand()\n */ "
      "char c = '\"'; auto d = R\"x(rand() \" )x\"; int e;\n");
  EXPECT_EQ(source.code.size(), source.text.size());
  EXPECT_EQ(source.code.find("rand"), std::string::npos);
  EXPECT_NE(source.code.find("x/y.h"), std::string::npos);
  EXPECT_NE(source.code.find("1'000;"), std::string::npos);
  EXPECT_NE(source.code.find("int e;"), std::string::npos);
  EXPECT_EQ(source.plain.find("#include"), std::string::npos);
  EXPECT_EQ(split_lines(source.code).size(), 5U);
}

TEST(TextRules, CountsColumnsAsCodePoints) {
  const std::string wide = "// " + repeat("é", 97) + "\n";
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", wide), Lines{});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "\n//" + wide), Lines{2});
  EXPECT_EQ(find_lines(check_text, "docs/a.md", "//" + wide), Lines{});
}

TEST(TextRules, LimitsTheLengthOfFiles) {
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", repeat("\n", 600)), Lines{});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", repeat("\n", 601)), Lines{601});
}

TEST(TextRules, FindsWordsThatMustNotStay) {
  const std::string todo = std::string("TO") + "DO";
  const std::string host = std::string("http://deb.debian") + ".org/x";
  EXPECT_EQ(find_lines(check_text, "docs/a.md", "a\n" + todo + ": b\n"), Lines{2});
  EXPECT_EQ(find_lines(check_text, "docs/a.md", "x" + todo + "\nmktemp -d aXXXXXX\n"), Lines{});
  EXPECT_EQ(find_lines(check_text, "tools/a", host), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", std::string("// A St") + "ub.\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", std::string("// no st") + "ubs\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "// stubborn\n"), Lines{});
}

TEST(TextRules, FindsIncludesAndNamesThatClangOrTheBuildCannotTake) {
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "\n#include \"../b/c.h\"\n"), Lines{2});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "auto x = a | std::views::all;\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "std::ranges::unique(a);\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "std::ranges::remove_if(a, f);\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "std::ranges::unique_copy(a);\n"), Lines{});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "std::formatter<int> x; // std::format\n"),
            Lines{});
}

TEST(TextRules, HeadersSayWhatTheyAre) {
  const std::string good = "// What it is.\n#pragma once\n";
  EXPECT_EQ(find_lines(check_text, "src/a/a.h", good), Lines{});
  EXPECT_EQ(find_lines(check_text, "src/a/a.h", "#pragma once\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.h", "// What it is.\n"), Lines{1});
  EXPECT_EQ(find_lines(check_text, "src/a/a.h", good + "using namespace std;\n"), Lines{3});
  EXPECT_EQ(find_lines(check_text, "src/a/a.cc", "using namespace std;\n"), Lines{});
}

std::string make_function(const std::string& head, std::size_t lines) {
  return head + " {\n" + repeat("  f();\n", lines - 2) + "}\n";
}

TEST(FunctionRule, MeasuresWhateverIsAFunction) {
  const std::vector<std::string> heads = {"void f(int a, std::map<int, int> b = {})",
                                          "TEST(A, B)",
                                          "template <class T> T g(T t)",
                                          "MACRO(K, a)\nint f()",
                                          "auto h() -> int",
                                          "A::A(int a) : a_{a}, b_(a)",
                                          "A::A(int a) noexcept : a_{a}, b_(a)",
                                          "bool operator==(const A& a)",
                                          "struct A b()",
                                          "const auto lambda = [](int a)",
                                          "int f() const noexcept"};
  for (const std::string& head : heads) {
    const std::string before = "namespace a {\nclass B : public C {\n public:\n";
    const std::string after = "};\n}\n";
    EXPECT_EQ(find_lines(check_functions, "a.cc", before + make_function(head, 70) + after),
              Lines{})
        << head;
    EXPECT_EQ(find_lines(check_functions, "a.cc", before + make_function(head, 71) + after).size(),
              1U)
        << head;
  }
}

TEST(FunctionRule, LeavesScopesTablesAndInitialisersAlone) {
  const std::vector<std::string> heads = {"namespace a",
                                          "struct A",
                                          "class alignas(64) A final : public B",
                                          "enum class E",
                                          "constexpr int kTable[] =",
                                          "MACRO(K, a)\nstruct A",
                                          "extern \"C\"",
                                          "template <class T> class A"};
  for (const std::string& head : heads) {
    const std::string text = head + " {\n" + repeat("\n", 100) + "};\n";
    EXPECT_EQ(find_lines(check_functions, "a.cc", text), Lines{}) << head;
  }
  const std::string table = "  const Row rows[] = {\n" + repeat("    {1, f(2)},\n", 90) + "  };\n";
  EXPECT_EQ(find_lines(check_functions, "a.cc", "void f() {\n" + table + "}\n"), Lines{});
  const std::string body = repeat("  g({1});\n", 68);
  EXPECT_EQ(find_lines(check_functions, "a.cc", "void f() {\n" + table + body + "}\n"), Lines{1});
}

TEST(BannedCalls, FindsTheOutsideInPureModules) {
  const std::vector<std::string> bad = {"auto t = std::chrono::steady_clock::now();",
                                        "return time(nullptr);",
                                        "auto t = std::time(nullptr);",
                                        "auto t = ::time(nullptr);",
                                        "std::thread t;",
                                        "x = rand();",
                                        "std::mt19937 r(1);",
                                        "std::ifstream f(p);",
                                        "if (fopen(p, m)) {}",
                                        "f(socket (1, 2, 3));",
                                        "auto home = std::getenv(\"HOME\");",
                                        "std::this_thread::yield();"};
  for (const std::string& line : bad) {
    EXPECT_EQ(find_lines(check_banned_calls, "src/hub/a.cc", line), Lines{1}) << line;
    EXPECT_EQ(find_lines(check_banned_calls, "src/service/a.cc", line), Lines{}) << line;
    EXPECT_EQ(find_lines(check_banned_calls, "tests/a/a.cc", line), Lines{}) << line;
  }
  const std::vector<std::string> good = {"auto t = job.time();", "core::Time time(core::Time t);",
                                         "int operand(int a);",  "auto t = event->time (3);",
                                         "return Log::time(3);", "int steady_clock_ms = 0;",
                                         "f(time, socket);",     "// std::thread"};
  for (const std::string& line : good) {
    EXPECT_EQ(find_lines(check_banned_calls, "src/hub/a.cc", line), Lines{}) << line;
  }
}

TEST(BannedCalls, TestsMayTouchFilesButNotDrawUnseededNumbers) {
  EXPECT_EQ(find_lines(check_banned_calls, "src/hub/a_test.cc", "std::ofstream f(p);"), Lines{});
  EXPECT_EQ(find_lines(check_banned_calls, "src/a/conformance/b.cc", "std::thread t;"), Lines{});
  EXPECT_EQ(find_lines(check_banned_calls, "src/hub/a_test.cc", "int a = rand();"), Lines{1});
}

TEST(CoAwait, FindsTemporariesThatTheCompilerDestroysTwice) {
  const std::vector<std::string> bad = {"co_await f([p] { g(); });",
                                        "co_await f(a, [p] { g(); });",
                                        "co_await f(Agg{p, s});",
                                        "auto x = co_await f({p, s});",
                                        "if (co_await f([&](int a) { return a; })) {}",
                                        "return co_await (f(1) || g(T{}));"};
  for (const std::string& line : bad) {
    EXPECT_EQ(find_lines(check_co_await, "src/net/a.cc", "\n" + line), Lines{2}) << line;
  }
  const std::vector<std::string> good = {
      "co_await std::move(w);",          "co_await f(a[i], b);",
      "if (co_await f()) { g({1}); }",   "for (auto x : co_await f()) { h([p] {}); }",
      "g(co_await f(), [p] {});",        "co_await f(); g([p] {});",
      "co_await f([] { return A{}; });", "auto [e, n] = co_await s.read(b); T t{1};"};
  for (const std::string& line : good) {
    EXPECT_EQ(find_lines(check_co_await, "src/net/a.cc", line), Lines{}) << line;
  }
}

/// A tree of two modules, `low` and `top`, to which a test adds or in which it changes files.
class ModuleRules : public testing::Test {
 protected:
  ModuleRules() {
    put("src/CMakeLists.txt", "foreach(m low side top)\n");
    for (const std::string module : {"low", "side", "top"}) {
      put("src/" + module + "/README.md", "# It\n");
      put("src/" + module + "/CMakeLists.txt", "intertie_module(" + module + ")\n");
    }
    put("src/top/CMakeLists.txt",
        "find_package(X)\nintertie_module(top DEPENDS low # side\n"
        "  LIBRARIES Boost::boost)\n");
    put("src/top/a.cc", "#include \"intertie/low/x.h\"\n#include \"intertie/top/y.h\"\n");
  }

  void put(const std::string& path, const std::string& text) {
    tree_.insert_or_assign(path, read_source(path, text));
  }

  std::string find_first() const {
    Report report;
    check_modules(tree_, report);
    if (report.empty()) return "";
    return report[0].path + ":" + std::to_string(report[0].line) + ": " + report[0].message;
  }

  Tree tree_;
};

TEST_F(ModuleRules, AcceptDeclaredIncludes) { EXPECT_EQ(find_first(), ""); }

TEST_F(ModuleRules, RefuseUndeclaredIncludes) {
  put("src/top/b.cc", "\n#include \"intertie/side/x.h\"\n");
  EXPECT_TRUE(find_first().starts_with("src/top/b.cc:2: includes side")) << find_first();
}

TEST_F(ModuleRules, KeepPrivateAndTestDependenciesInTheirPlaces) {
  put("src/top/CMakeLists.txt",
      "intertie_module(top PRIVATE_DEPENDS low PUBLIC_LIBRARIES q TEST_DEPENDS side)\n");
  put("src/top/a_test.cc", "#include \"intertie/side/x.h\"\n");
  EXPECT_EQ(find_first(), "");
  put("src/top/include/intertie/top/y.h", "#include \"intertie/low/x.h\"\n");
  EXPECT_TRUE(find_first().starts_with("src/top/include/intertie/top/y.h:1:")) << find_first();
  tree_.erase("src/top/include/intertie/top/y.h");
  put("src/top/c.cc", "#include \"intertie/side/x.h\"\n");
  EXPECT_TRUE(find_first().starts_with("src/top/c.cc:1:")) << find_first();
}

TEST_F(ModuleRules, WantAReadmeOfLimitedLength) {
  put("src/low/README.md", repeat("a\n", 41));
  EXPECT_TRUE(find_first().starts_with("src/low/README.md:41:")) << find_first();
  tree_.erase("src/low/README.md");
  EXPECT_TRUE(find_first().starts_with("src/low/CMakeLists.txt:1:")) << find_first();
}

TEST_F(ModuleRules, WantEveryModuleInTheList) {
  put("src/lost/CMakeLists.txt", "intertie_module(lost)\n");
  put("src/lost/README.md", "# Lost\n");
  EXPECT_TRUE(find_first().starts_with("src/lost/CMakeLists.txt:1: src/CMakeLists.txt"));
}

TEST_F(ModuleRules, WantEverySourceBuilt) {
  put("src/top/part/b_test.cc", "");
  EXPECT_EQ(find_first(), "");
  put("src/top/part/deep/c_test.cc", "");
  EXPECT_TRUE(find_first().starts_with("src/top/part/deep/c_test.cc:1:")) << find_first();
  tree_.erase("src/top/part/deep/c_test.cc");
  put("tests/e/CMakeLists.txt", "add_executable(e a_test.cc) # b_test.cc\ntarget(intertie_low)\n");
  put("tests/e/a_test.cc", "#include \"intertie/low/x.h\"\n");
  EXPECT_EQ(find_first(), "");
  put("tests/e/b_test.cc", "");
  EXPECT_TRUE(find_first().starts_with("tests/e/b_test.cc:1:")) << find_first();
}

}  // namespace
}  // namespace tidy
