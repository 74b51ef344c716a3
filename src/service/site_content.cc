// Inputs and outputs at a site.
#include "site_content.h"

#include "intertie/transfer_wire/puller.h"

#include "clock.h"

namespace intertie::service {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;
// Failures in a row, each after a longer pause, before the attempt's own retries take over.
constexpr std::uint32_t kFailuresMax = 8;

// No user is called so: their names have no '/'.
std::string get_holder(const std::string& attempt) { return "attempt/" + attempt; }
std::string get_lease(std::uint64_t job) { return "job " + std::to_string(job); }

transfer_wire::PullOptions make_pull_options() {
  transfer_wire::PullOptions options;
  options.rules.failures_max = kFailuresMax;
  options.clock = [] { return read_clock(); };
  return options;
}

}  // namespace

core::Result<std::unique_ptr<SiteContent>> SiteContent::open(transfer_wire::StoreOptions options) {
  auto store = transfer_wire::ContentStore::open(std::move(options));
  if (!store) return store.error();
  return std::unique_ptr<SiteContent>(new SiteContent(std::move(*store)));
}

core::Result<crypto::Digest> SiteContent::fetch(const Wanted& wanted,
                                                transfer_wire::HttpSources& hub) {
  const auto key = transfer::parse_dataset_key(wanted.from);
  if (!key) return key.error();
  // The hub is asked for the manifest even if the content is here: it decides whether the owner may
  // still read it, and whether it may lie at this site.
  const std::string query = "?job=" + std::to_string(wanted.job);
  const auto held = hub.read_manifest(*key, query);
  if (!held) return held.error();
  if (wanted.size.count > 0 &&
      static_cast<std::uint64_t>(wanted.size.count) != held->manifest.size) {
    return core::Error{core::Reason::too_large, wanted.from + ": not of the size announced"};
  }
  transfer::DatasetWish wish;
  wish.owner = wanted.owner;
  wish.manifest = held->manifest;
  wish.policy.keep_until = held->keep_until;
  wish.is_cache = true;
  const auto begun = store_->begin(wish, read_clock());
  if (!begun) return begun.error();
  auto leased = store_->lease(wanted.owner, begun->root, get_lease(wanted.job));
  if (!leased) return leased.error();
  if (!begun->is_complete()) {
    transfer_wire::Puller puller(*store_, make_pull_options());
    const auto report =
        puller.pull(wanted.owner, begun->root, {[&hub, query] { return hub.make_source(query); }});
    if (!report) return report.error();
  }
  if (key->kind == transfer::DatasetKey::Kind::whole) {
    if (auto done = check_whole(*begun); !done) {
      store_->release(get_lease(wanted.job));
      static_cast<void>(store_->remove(wanted.owner, begun->root));
      return done.error();
    }
  }
  return begun->root;
}

// The manifest only states the digest of the whole: who asked by it must see it hold.
core::Result<void> SiteContent::check_whole(const transfer::DatasetInfo& info) {
  if (info.chunks <= 1) return {};
  crypto::Sha256 sum;
  for (std::uint64_t at = 0; at < info.size;) {
    const auto piece = store_->read(info.owner, info.root, {at, kPieceBytes}, read_clock());
    if (!piece) return piece.error();
    sum.update(std::string_view(*piece));
    at += piece->size();
  }
  if (sum.finish() == info.whole) return {};
  return {core::Reason::bad_digest, crypto::to_text(*info.whole) + " as its owner states it"};
}

void SiteContent::release(std::uint64_t job) { store_->release(get_lease(job)); }

core::Result<void> SiteContent::copy_to(const std::string& owner, const crypto::Digest& root,
                                        int file) {
  return store_->copy_to(owner, root, file, read_clock());
}

core::Result<SiteContent::Stored> SiteContent::store(int file, const std::string& attempt) {
  transfer::DatasetWish wish;
  wish.owner = get_holder(attempt);
  const auto info = store_->import_file(file, std::move(wish), read_clock());
  if (!info) return info.error();
  return Stored{*info->whole, core::Bytes{static_cast<std::int64_t>(info->size)}};
}

core::Result<std::string> SiteContent::read(const std::string& attempt,
                                            const crypto::Digest& digest, std::uint64_t offset,
                                            std::uint64_t length) {
  const std::string holder = get_holder(attempt);
  const auto info = store_->find(holder, {transfer::DatasetKey::Kind::whole, digest, {}, {}});
  if (!info) return info.error();
  return store_->read(holder, info->root, {offset, length}, read_clock());
}

core::Result<SiteContent::Output> SiteContent::find_output(const std::string& attempt,
                                                           const crypto::Digest& digest) {
  const std::string holder = get_holder(attempt);
  const auto info = store_->find(holder, {transfer::DatasetKey::Kind::whole, digest, {}, {}});
  if (!info) return info.error();
  auto manifest = store_->get_manifest(holder, info->root);
  if (!manifest) return manifest.error();
  return Output{info->root, std::move(*manifest)};
}

core::Result<std::string> SiteContent::read_chunk(const std::string& attempt, const Output& output,
                                                  std::uint32_t chunk) {
  return store_->read(get_holder(attempt), output.root,
                      transfer::get_chunk_span(*output.manifest, chunk), read_clock());
}

void SiteContent::remove_outputs(const std::string& attempt) {
  for (const auto& info : store_->list(get_holder(attempt))) {
    static_cast<void>(store_->remove(info.owner, info.root));
  }
}

void SiteContent::sweep() { store_->sweep(read_clock()); }

}  // namespace intertie::service
