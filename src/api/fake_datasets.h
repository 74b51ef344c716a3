// For tests: datasets of one chunk each, in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/datasets.h"
#include "intertie/transfer/data_policy.h"

namespace intertie::api {

class FakeDatasets final : public Datasets {
 public:
  core::Result<transfer::DatasetInfo> begin(const transfer::DatasetWish& wish) override {
    const crypto::Digest root = transfer::compute_root(wish.manifest);
    Held& held = held_[{wish.owner, root}];
    held.manifest = std::make_shared<const transfer::Manifest>(wish.manifest);
    held.info.root = root;
    held.info.owner = wish.owner;
    held.info.name = wish.name;
    held.info.policy = wish.policy;
    held.info.is_pinned = wish.is_pinned;
    held.info.size = wish.manifest.size;
    held.info.chunk_bytes = wish.manifest.chunk_bytes;
    held.info.chunks = static_cast<std::uint32_t>(wish.manifest.chunks.size());
    held.info.whole = wish.manifest.whole;
    return held.info;
  }
  core::Result<void> put_chunk(const std::string& owner, const crypto::Digest& root,
                               std::uint32_t chunk, std::string_view bytes) override {
    const auto found = held_.find({owner, root});
    if (found == held_.end()) return {core::Reason::not_found, "dataset"};
    if (chunk != 0 || crypto::compute_sha256(bytes) != found->second.manifest->chunks[0]) {
      return {core::Reason::bad_digest, "chunk"};
    }
    found->second.content = bytes;
    found->second.info.chunks_here = 1;
    return {};
  }
  core::Result<transfer::DatasetInfo> put(transfer::DatasetWish wish,
                                          std::string_view content) override {
    transfer::ManifestWriter writer(content.size(), true);
    writer.add(content);
    wish.manifest = writer.finish().value();
    auto info = begin(wish);
    if (!content.empty()) {
      if (auto done = put_chunk(wish.owner, info->root, 0, content); !done) return done.error();
    }
    return held_[{wish.owner, info->root}].info;
  }
  core::Result<transfer::DatasetInfo> find(const std::string& reader,
                                           const transfer::DatasetKey& key) override {
    for (const auto& [where, held] : held_) {
      if (!transfer::check_reader(held.info.policy, where.first, reader)) continue;
      using Kind = transfer::DatasetKey::Kind;
      const bool is_it = key.kind == Kind::root    ? where.second == key.digest
                         : key.kind == Kind::whole ? held.info.whole == key.digest
                                                   : held.info.name == key.name;
      if (is_it) return held.info;
    }
    return core::Error{core::Reason::not_found, transfer::to_text(key)};
  }
  std::vector<transfer::DatasetInfo> list(const std::string& owner) override {
    std::vector<transfer::DatasetInfo> all;
    for (const auto& [where, held] : held_) {
      if (where.first == owner) all.push_back(held.info);
    }
    return all;
  }
  core::Result<std::shared_ptr<const transfer::Manifest>> get_manifest(
      const std::string& owner, const crypto::Digest& root) override {
    return held_.at({owner, root}).manifest;
  }
  core::Result<transfer::ChunkJournal> get_journal(const std::string& owner,
                                                   const crypto::Digest& root) override {
    return transfer::ChunkJournal(held_.at({owner, root}).info.chunks);
  }
  core::Result<std::string> read(const std::string& owner, const crypto::Digest& root,
                                 transfer::ByteSpan span) override {
    return held_.at({owner, root}).content.substr(span.offset, span.length);
  }
  core::Result<transfer::DatasetInfo> set_pinned(const std::string& owner,
                                                 const crypto::Digest& root,
                                                 bool is_pinned) override {
    const auto found = held_.find({owner, root});
    if (found == held_.end()) return core::Error{core::Reason::not_found, "dataset"};
    found->second.info.is_pinned = is_pinned;
    return found->second.info;
  }
  core::Result<void> remove(const std::string& owner, const crypto::Digest& root) override {
    if (held_.erase({owner, root}) > 0) return {};
    return {core::Reason::not_found, "dataset"};
  }

 private:
  struct Held {
    std::shared_ptr<const transfer::Manifest> manifest;
    transfer::DatasetInfo info;
    std::string content;
  };
  std::map<std::pair<std::string, crypto::Digest>, Held> held_;
};

}  // namespace intertie::api
