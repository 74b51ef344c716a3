// The content store: what survives, who sees what, what is given up; against a model.
#include "intertie/transfer_wire/content_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <set>

#include "test_holder.h"

namespace intertie::transfer_wire {
namespace {

using transfer::DatasetKey;

constexpr std::uint64_t kChunk = core::limits::chunk_bytes_min;

DatasetKey by_root(const crypto::Digest& root) { return {DatasetKey::Kind::root, root, {}, {}}; }

crypto::Digest root_of(const std::string& content) {
  return transfer::compute_root(make_manifest(content));
}

std::vector<std::string> list_chunk_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder + "/chunks")) {
    if (each.is_regular_file()) files.push_back(each.path().string());
  }
  return files;
}

TEST(ContentStore, WhatIsCompleteSurvivesARestartAndWhatIsNotGoesOn) {
  const TempFolder folder;
  const std::string content = make_content(1, kChunk + 10);
  const std::string part = make_content(2, 2 * kChunk);
  const auto part_manifest = make_manifest(part);
  const crypto::Digest part_root = root_of(part);
  {
    const auto store = open_store(folder.path());
    ASSERT_TRUE(put_all(*store, "ada", content).has_value());
    ASSERT_TRUE(store->begin({"ada", part_manifest, "weights"}, {}).has_value());
    ASSERT_TRUE(store->put_chunk("ada", part_root, 1, std::string_view(part).substr(kChunk), {})
                    .has_value());
    // A writer that is never finished leaves nothing.
    auto writer = store->open_chunk("ada", part_root, 0);
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->add("half").has_value());
  }
  std::ofstream(folder.path() + "/new/leftover") << "x";
  const auto store = open_store(folder.path());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/new"));
  EXPECT_TRUE(read_all(*store, "ada", root_of(content)) == content);
  const auto info = store->find("ada", *transfer::parse_dataset_key("data://weights"));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->chunks_here, 1u);
  EXPECT_FALSE(info->is_complete());
  EXPECT_TRUE(store->get_journal("ada", part_root)->has(1));
  EXPECT_FALSE(store->read("ada", part_root, {kChunk, 1}, {}).has_value());
  ASSERT_TRUE(store->put_chunk("ada", part_root, 0, std::string_view(part).substr(0, kChunk), {})
                  .has_value());
  EXPECT_TRUE(read_all(*store, "ada", part_root) == part);
  EXPECT_EQ(*store->read("ada", part_root, {kChunk - 3, 6}, {}), part.substr(kChunk - 3, 6));
  EXPECT_EQ(*store->read("ada", part_root, {2 * kChunk - 3, 60}, {}), part.substr(2 * kChunk - 3));
  EXPECT_EQ(store->used(), content.size() + part.size());
}

TEST(ContentStore, WrongBytesAreNeverKept) {
  const TempFolder folder;
  const auto store = open_store(folder.path());
  const std::string content = make_content(3, 1'000);
  const auto manifest = make_manifest(content);
  const crypto::Digest root = root_of(content);
  ASSERT_TRUE(store->begin({"ada", manifest}, {}).has_value());
  std::string wrong = content;
  wrong[500] = static_cast<char>(wrong[500] ^ 1);
  EXPECT_EQ(store->put_chunk("ada", root, 0, wrong, {}).error().reason, core::Reason::bad_digest);
  EXPECT_EQ(store->put_chunk("ada", root, 0, content.substr(1), {}).error().reason,
            core::Reason::bad_digest);
  EXPECT_EQ(store->put_chunk("ada", root, 0, content + "x", {}).error().reason,
            core::Reason::too_large);
  EXPECT_EQ(store->put_chunk("ada", root, 1, content, {}).error().reason,
            core::Reason::out_of_range);
  EXPECT_TRUE(list_chunk_files(folder.path()).empty());
  // The writer is as new after a refusal.
  auto writer = store->open_chunk("ada", root, 0);
  ASSERT_TRUE(writer->add(wrong).has_value());
  EXPECT_FALSE(store->finish_chunk(*writer, {}).has_value());
  ASSERT_TRUE(writer->add(content).has_value());
  EXPECT_TRUE(store->finish_chunk(*writer, {}).has_value());
  EXPECT_TRUE(read_all(*store, "ada", root) == content);
}

TEST(ContentStore, ADigestThatOneKnowsOpensNothing) {
  const TempFolder folder;
  const auto store = open_store(folder.path());
  const std::string content = make_content(4, 5'000);
  const auto manifest = make_manifest(content);
  const crypto::Digest root = root_of(content);
  ASSERT_TRUE(put_all(*store, "ada", content).has_value());
  const DatasetKey by_whole{DatasetKey::Kind::whole, *manifest.whole, {}, {}};
  EXPECT_TRUE(store->find("ada", by_whole).has_value());
  EXPECT_EQ(store->find("eve", by_root(root)).error().reason, core::Reason::not_found);
  EXPECT_EQ(store->find("eve", by_whole).error().reason, core::Reason::not_found);
  EXPECT_EQ(store->get_manifest("eve", root).error().reason, core::Reason::not_found);
  EXPECT_EQ(store->read("eve", root, {0, 1}, {}).error().reason, core::Reason::not_found);
  // Naming a dataset that another has gives nothing: its bytes must be brought, and are charged.
  const auto info = store->begin({"eve", manifest}, {});
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->chunks_here, 0u);
  EXPECT_EQ(store->used(), 2 * content.size());
  EXPECT_FALSE(store->read("eve", root, {0, 1}, {}).has_value());
  std::string wrong = content;
  wrong[0] = static_cast<char>(wrong[0] ^ 1);
  EXPECT_FALSE(store->put_chunk("eve", root, 0, wrong, {}).has_value());
  ASSERT_TRUE(store->put_chunk("eve", root, 0, content, {}).has_value());
  EXPECT_EQ(list_chunk_files(folder.path()).size(), 1u);
  // Whoever goes takes nothing from the other.
  ASSERT_TRUE(store->remove("ada", root).has_value());
  EXPECT_TRUE(read_all(*store, "eve", root) == content);
  ASSERT_TRUE(store->remove("eve", root).has_value());
  EXPECT_TRUE(list_chunk_files(folder.path()).empty());
  EXPECT_EQ(store->used(), 0u);
}

TEST(ContentStore, ReadersSeeWhatThePolicySays) {
  const TempFolder folder;
  const auto store = open_store(folder.path());
  const std::string content = make_content(5, 100);
  DatasetWish wish{"ada", make_manifest(content), "shared"};
  wish.policy.readers = {"bob"};
  const auto info = store->begin(wish, {});
  ASSERT_TRUE(info.has_value());
  const auto name = *transfer::parse_dataset_key("data://ada/shared");
  EXPECT_FALSE(store->find("bob", name).has_value());  // Not complete yet.
  ASSERT_TRUE(store->put_chunk("ada", info->root, 0, content, {}).has_value());
  ASSERT_TRUE(store->find("bob", name).has_value());
  EXPECT_EQ(store->find("bob", name)->owner, "ada");
  EXPECT_TRUE(store->find("bob", by_root(info->root)).has_value());
  EXPECT_FALSE(store->find("bob", *transfer::parse_dataset_key("data://shared")).has_value());
  EXPECT_FALSE(store->find("eve", name).has_value());
  EXPECT_TRUE(store->list("bob").empty());
}

TEST(ContentStore, ANameMovesToTheNewerDataset) {
  const TempFolder folder;
  const std::string first = make_content(6, 10);
  const std::string second = make_content(7, 10);
  {
    const auto store = open_store(folder.path());
    ASSERT_TRUE(store->begin({"ada", make_manifest(first), "n"}, {}).has_value());
    ASSERT_TRUE(store->begin({"ada", make_manifest(second), "n"}, {}).has_value());
    ASSERT_TRUE(store->begin({"bob", make_manifest(first), "n"}, {}).has_value());
  }
  const auto store = open_store(folder.path());
  const auto key = *transfer::parse_dataset_key("data://n");
  EXPECT_EQ(store->find("ada", key)->root, root_of(second));
  EXPECT_EQ(store->find("bob", key)->root, root_of(first));
  EXPECT_EQ(store->list("ada").size(), 2u);
  EXPECT_EQ(store->list("ada")[0].name, "");
}

TEST(ContentStore, AFullStoreRefusesOrGivesUpWhatItMay) {
  const TempFolder folder;
  const auto store = open_store(folder.path(), {1'000});
  const auto make = [](std::uint64_t seed, std::size_t size, bool is_cache) {
    DatasetWish wish{"ada", make_manifest(make_content(seed, size))};
    wish.is_cache = is_cache;
    return wish;
  };
  const auto put = [&](const DatasetWish& wish, std::uint64_t seed, core::Time now) {
    const auto info = store->begin(wish, now);
    ASSERT_TRUE(info.has_value()) << core::to_text(info.error());
    const std::string content = make_content(seed, wish.manifest.size);
    ASSERT_TRUE(store->put_chunk("ada", info->root, 0, content, now).has_value());
  };
  put(make(1, 400, false), 1, {1});
  put(make(2, 200, true), 2, {2});
  put(make(3, 200, true), 3, {3});
  const crypto::Digest second = root_of(make_content(2, 200));
  const crypto::Digest third = root_of(make_content(3, 200));
  EXPECT_EQ(store->begin(make(4, 1'001, true), {4}).error().reason, core::Reason::too_large);
  // Used later than the third, so the third goes first.
  ASSERT_TRUE(store->read("ada", second, {0, 1}, {5}).has_value());
  put(make(5, 300, false), 5, {6});
  EXPECT_TRUE(store->find("ada", by_root(second)).has_value());
  EXPECT_FALSE(store->find("ada", by_root(third)).has_value());
  // A lease and a pin hold; then there is no room, and nothing has changed.
  ASSERT_TRUE(store->lease("ada", second, "job 7").has_value());
  EXPECT_EQ(store->remove("ada", second).error().reason, core::Reason::in_use);
  EXPECT_EQ(store->begin(make(6, 200, true), {7}).error().reason, core::Reason::store_unavailable);
  store->release("job 7");
  ASSERT_TRUE(store->set_pinned("ada", second, true).has_value());
  EXPECT_EQ(store->begin(make(6, 200, true), {7}).error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(store->used(), 900u);
  ASSERT_TRUE(store->set_pinned("ada", second, false).has_value());
  put(make(6, 200, true), 6, {8});
  EXPECT_FALSE(store->find("ada", by_root(second)).has_value());
}

TEST(ContentStore, KeepUntilEndsADatasetUnlessAJobUsesIt) {
  const TempFolder folder;
  const auto store = open_store(folder.path());
  const std::string content = make_content(8, 10);
  DatasetWish wish{"ada", make_manifest(content)};
  wish.policy.keep_until = core::Time{100};
  const auto info = store->begin(wish, {1});
  ASSERT_TRUE(info.has_value());
  ASSERT_TRUE(store->put_chunk("ada", info->root, 0, content, {1}).has_value());
  EXPECT_EQ(store->sweep({99}), 0u);
  ASSERT_TRUE(store->lease("ada", info->root, "x").has_value());
  EXPECT_EQ(store->sweep({100}), 0u);
  store->release("x");
  EXPECT_EQ(store->sweep({100}), 1u);
  EXPECT_TRUE(store->list("ada").empty());
  EXPECT_TRUE(list_chunk_files(folder.path()).empty());
}

TEST(ContentStore, DamageOnDiskIsFoundAndCanBeMended) {
  const TempFolder folder;
  const std::string content = make_content(9, kChunk + 100);
  const crypto::Digest root = root_of(content);
  {
    const auto store = open_store(folder.path());
    ASSERT_TRUE(put_all(*store, "ada", content).has_value());
  }
  for (const std::string& path : list_chunk_files(folder.path())) {
    if (std::filesystem::file_size(path) != 100) continue;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50);
    file.put(static_cast<char>(content[kChunk + 50] ^ 1));
  }
  const auto store = open_store(folder.path());
  EXPECT_EQ(store->read("ada", root, {kChunk, 10}, {}).error().reason, core::Reason::bad_digest);
  const auto info = store->find("ada", by_root(root));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->chunks_here, 1u);
  EXPECT_EQ(store->get_journal("ada", root)->list_missing(9),
            (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1, 1}}));
  ASSERT_TRUE(
      store->put_chunk("ada", root, 1, std::string_view(content).substr(kChunk), {}).has_value());
  EXPECT_TRUE(read_all(*store, "ada", root) == content);
  // A chunk that is gone counts the same.
  for (const std::string& path : list_chunk_files(folder.path())) std::filesystem::remove(path);
  EXPECT_FALSE(store->read("ada", root, {0, 10}, {}).has_value());
  EXPECT_EQ(store->find("ada", by_root(root))->chunks_here, 1u);
}

TEST(ContentStore, ADamagedRecordLosesNoChunksOfOthers) {
  const TempFolder folder;
  const std::string mine = make_content(10, 100);
  const std::string other = make_content(11, 100);
  {
    const auto store = open_store(folder.path());
    ASSERT_TRUE(put_all(*store, "ada", mine).has_value());
    ASSERT_TRUE(put_all(*store, "bob", other).has_value());
  }
  for (const auto& each :
       std::filesystem::recursive_directory_iterator(folder.path() + "/owners")) {
    const std::string hex = crypto::encode_hex(root_of(other).bytes);
    if (each.path().filename() == hex + ".dataset") {
      std::ofstream(each.path(), std::ios::app) << "x";
    }
  }
  const auto store = open_store(folder.path());
  EXPECT_TRUE(read_all(*store, "ada", root_of(mine)) == mine);
  EXPECT_FALSE(store->find("bob", by_root(root_of(other))).has_value());
  EXPECT_EQ(list_chunk_files(folder.path()).size(), 2u);
}

TEST(ContentStore, ImportsAFileAndCopiesItOut) {
  const TempFolder folder;
  const TempFolder files;
  const auto store = open_store(folder.path());
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{kChunk} + 3}) {
    SCOPED_TRACE(size);
    const std::string content = make_content(size, size);
    const std::string path = files.path() + "/in";
    std::ofstream(path, std::ios::binary) << content;
    const int in = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    DatasetWish wish;
    wish.owner = "ada";
    const auto info = store->import_file(in, wish, {});
    ::close(in);
    ASSERT_TRUE(info.has_value()) << core::to_text(info.error());
    EXPECT_TRUE(info->is_complete());
    EXPECT_EQ(info->whole, crypto::compute_sha256(content));
    const std::string copy = files.path() + "/out";
    const int out = ::open(copy.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT_TRUE(store->copy_to("ada", info->root, out, {}).has_value());
    std::string back(size, '\0');
    EXPECT_EQ(::pread(out, back.data(), size, 0), static_cast<ssize_t>(size));
    EXPECT_EQ(std::filesystem::file_size(copy), size);
    ::close(out);
    EXPECT_TRUE(back == content);
  }
}

TEST(ContentStore, AFileThatCanNeverFitIsRefusedBeforeItIsRead) {
  const TempFolder folder;
  const TempFolder files;
  const auto store = open_store(folder.path());
  const std::string path = files.path() + "/sparse";
  const int sparse = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  // Reading it would take an hour.
  ASSERT_EQ(::ftruncate(sparse, off_t{8} << 40), 0);
  DatasetWish wish;
  wish.owner = "ada";
  const auto info = store->import_file(sparse, wish, {});
  ::close(sparse);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().reason, core::Reason::too_large);
}

// Random users, datasets, restarts: always what the model says, and no chunk too many on disk.
TEST(ContentStore, AgreesWithAModel) {
  std::map<int, std::string> contents;
  for (int i = 0; i < 5; ++i) contents[i] = make_content(100 + static_cast<std::uint64_t>(i), 50);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const TempFolder folder;
    auto store = open_store(folder.path());
    std::map<std::pair<std::string, int>, bool> model;  // Whether it is complete.
    for (int step = 0; step < 80; ++step) {
      const std::string owner = random.chance(1, 2) ? "ada" : "bob";
      const int which = static_cast<int>(random.below(5));
      const auto manifest = make_manifest(contents[which]);
      const crypto::Digest root = transfer::compute_root(manifest);
      const auto known = model.find({owner, which});
      switch (random.below(5)) {
        case 0:
          ASSERT_TRUE(store->begin({owner, manifest}, {step}).has_value());
          model.try_emplace({owner, which}, false);
          break;
        case 1: {
          const auto done = store->put_chunk(owner, root, 0, contents[which], {step});
          ASSERT_EQ(done.has_value(), known != model.end());
          if (done) known->second = true;
          break;
        }
        case 2:
          ASSERT_EQ(store->remove(owner, root).has_value(), known != model.end());
          if (known != model.end()) model.erase(known);
          break;
        case 3: {
          const auto bytes = store->read(owner, root, {0, 100}, {step});
          ASSERT_EQ(bytes.has_value(), known != model.end() && known->second);
          ASSERT_TRUE(!bytes || *bytes == contents[which]);
          break;
        }
        default:
          store.reset();
          store = open_store(folder.path());
      }
      std::set<int> on_disk;
      for (const auto& [key, is_complete] : model) {
        if (is_complete) on_disk.insert(key.second);
      }
      ASSERT_EQ(store->used(), model.size() * 50);
      const std::size_t files = list_chunk_files(folder.path()).size();
      ASSERT_GE(files, on_disk.size());
      std::set<int> named;
      for (const auto& [key, is_complete] : model) named.insert(key.second);
      ASSERT_LE(files, named.size());
    }
  }
}

}  // namespace
}  // namespace intertie::transfer_wire
