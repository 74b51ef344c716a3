// Trees that no path can name, against what is counted while they are made.
#include "intertie/execution_runners/task_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "descriptor.h"

namespace intertie::execution_runners {
namespace {

class TaskTree : public testing::Test {
 protected:
  void SetUp() override {
    base_ = (std::filesystem::temp_directory_path() / "tree-XXXXXX").string();
    ASSERT_NE(::mkdtemp(base_.data()), nullptr);
    top_ = base_ + "/top";
    ASSERT_EQ(::mkdir(top_.c_str(), 0755), 0);
  }
  void TearDown() override {
    EXPECT_TRUE(remove_tree(base_));
    EXPECT_FALSE(std::filesystem::exists(base_));
  }
  /// A chain of folders beneath the top one, with a file in each; the descriptor of the last.
  Descriptor make_chain(int depth) {
    Descriptor here(::open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int level = 0; level < depth; ++level) {
      EXPECT_EQ(::mkdirat(here.get(), "folder", 0755), 0);
      Descriptor(::openat(here.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      here = Descriptor(::openat(here.get(), "folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    return here;
  }
  std::string base_;
  std::string top_;
};

TEST_F(TaskTree, DeeperThanAnyPathIsRemoved) {
  make_chain(3'000);
  ASSERT_TRUE(remove_tree(top_));
  EXPECT_FALSE(std::filesystem::exists(top_));
  EXPECT_TRUE(remove_tree(top_)) << "nothing there is fine";
  EXPECT_TRUE(remove_tree(base_ + "/no/such"));
}

TEST_F(TaskTree, ClosedFoldersAndOddNamesAreRemoved) {
  for (const char* name :
       {"a", "a/b", "a/b/c", "moved-0", "moved-0/moved-1", "a/moved-0", "x\n\x1b"}) {
    ASSERT_EQ(::mkdir((top_ + "/" + name).c_str(), 0755), 0) << name;
  }
  std::ofstream(top_ + "/a/b/c/file") << "text";
  ASSERT_EQ(::symlink("/", (top_ + "/a/b/slash").c_str()), 0);
  for (const char* name : {"a/b/c", "a/b", "a", "moved-0"}) {
    ASSERT_EQ(::chmod((top_ + "/" + name).c_str(), 0), 0);
  }
  const auto removed = remove_tree(top_);
  EXPECT_TRUE(removed) << core::to_text(removed.error());
  EXPECT_FALSE(std::filesystem::exists(top_));
  EXPECT_TRUE(std::filesystem::exists("/usr"));
}

TEST_F(TaskTree, LinksAreRemovedNotFollowed) {
  const std::string kept = base_ + "/kept";
  ASSERT_EQ(::mkdir(kept.c_str(), 0755), 0);
  std::ofstream(kept + "/file") << "text";
  ASSERT_EQ(::symlink(kept.c_str(), (top_ + "/link").c_str()), 0);
  ASSERT_EQ(::symlink(kept.c_str(), (base_ + "/outer").c_str()), 0);
  EXPECT_TRUE(remove_tree(top_));
  EXPECT_TRUE(remove_tree(base_ + "/outer"));
  EXPECT_TRUE(std::filesystem::exists(kept + "/file"));
}

TEST_F(TaskTree, MeasuresWhatADeepTreeTakes) {
  struct stat status {};
  std::int64_t expected = 0;
  {
    const Descriptor last = make_chain(500);
    Descriptor here(::open(top_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int level = 0; level < 500; ++level) {
      Descriptor next(::openat(here.get(), "folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      ASSERT_EQ(::fstat(next.get(), &status), 0);
      expected += status.st_blocks * 512;
      here = std::move(next);
    }
    const Descriptor file(::openat(last.get(), "large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(100'000, 'x');
    ASSERT_TRUE(write_all(file.get(), block));
    ASSERT_EQ(::fsync(file.get()), 0);
    ASSERT_EQ(::fstat(file.get(), &status), 0);
    expected += status.st_blocks * 512;
  }
  EXPECT_EQ(measure_tree(top_), expected);
  EXPECT_EQ(measure_tree(top_ + "/none"), 0);
}

}  // namespace
}  // namespace intertie::execution_runners
