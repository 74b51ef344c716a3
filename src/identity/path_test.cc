// Paths below a record.
#include "intertie/identity/path.h"

#include <gtest/gtest.h>

namespace intertie::identity {
namespace {

TEST(Path, ReadsItsTextBack) {
  for (const char* text :
       {"44S7K3QF00M2T9QP", "44S7K3QF00M2T9QP/n0123/g5", "44S7K3QF00M2T9QP/01JD8Z.retry-2/a_b"}) {
    const auto path = parse_path(text);
    ASSERT_TRUE(path.has_value()) << text;
    EXPECT_EQ(to_text(*path), text);
  }
  const auto path = parse_path("44s-7k3qf-00m2t9-qp/N1");
  EXPECT_EQ(to_text(*path), "44S7K3QF00M2T9QP/N1");
  EXPECT_EQ(path->parts, std::vector<std::string>{"N1"});
}

TEST(Path, RefusesWhatCouldLeadAstray) {
  const std::string id = "44S7K3QF00M2T9QP";
  for (const std::string& text :
       {id + "/", id + "//a", id + "/..", id + "/.", id + "/a b", id + "/a/", id + "/\xc3\xa9",
        id + "/a\\b", std::string("/a"), std::string("44S7K3QF00M2T9QQ/a"),
        id + "/" + std::string(65, 'a'), id + "/1/2/3/4/5/6/7/8/9"}) {
    const auto path = parse_path(text);
    ASSERT_FALSE(path.has_value()) << text;
    EXPECT_EQ(path.error().reason, core::Reason::bad_identifier);
  }
  EXPECT_TRUE(parse_path(id + "/" + std::string(64, 'a')).has_value());
  EXPECT_TRUE(parse_path(id + "/1/2/3/4/5/6/7/8").has_value());
}

TEST(Path, GrowsByOnePart) {
  const Path node = *append_part(*parse_path("44S7K3QF00M2T9QP"), "n1");
  EXPECT_EQ(to_text(*append_part(node, "g0")), "44S7K3QF00M2T9QP/n1/g0");
  EXPECT_FALSE(append_part(node, "a/b").has_value());
}

}  // namespace
}  // namespace intertie::identity
