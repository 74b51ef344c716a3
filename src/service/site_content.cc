// Inputs and outputs at a site.
#include "site_content.h"

#include <algorithm>
#include <utility>

#include "intertie/transfer_wire/puller.h"

#include "clock.h"

namespace intertie::service {
namespace {

constexpr std::uint64_t kPieceBytes = 1 << 20;
// Failures in a row, each after a longer pause, before the attempt's own retries take over.
constexpr std::uint32_t kFailuresMax = 8;
// The same for a holder that is not the hub: then the rest comes through the hub.
constexpr std::uint32_t kStraightFailuresMax = 6;
// Less comes sooner through the hub than the question who else has it.
constexpr std::uint64_t kStraightBytesMin = 1 << 20;

// No user is called so: their names have no '/'.
std::string get_holder(const std::string& attempt) { return "attempt/" + attempt; }
std::string get_lease(std::uint64_t job) { return "job " + std::to_string(job); }

std::string make_query(const SiteContent::Wanted& wanted) {
  return "?job=" + std::to_string(wanted.job);
}

core::Result<core::Bytes> count_kept(const transfer_wire::ContentStore& store,
                                     const transfer::DatasetInfo& info) {
  const auto journal = store.get_journal(info.owner, info.root);
  if (!journal) return journal.error();
  const auto manifest = store.get_manifest(info.owner, info.root);
  if (!manifest) return manifest.error();
  core::Bytes kept;
  for (std::uint32_t chunk = 0; chunk < journal->size(); ++chunk) {
    if (!journal->has(chunk)) continue;
    kept.count += static_cast<std::int64_t>(transfer::get_chunk_span(**manifest, chunk).length);
  }
  return kept;
}

ReceiptDrafts::Key make_key(const SiteContent::Wanted& wanted, const crypto::Digest& root) {
  return {wanted.job, wanted.attempt, root};
}

transfer_wire::PullOptions make_pull_options(std::uint32_t failures_max) {
  transfer_wire::PullOptions options;
  options.rules.failures_max = failures_max;
  options.clock = [] { return read_clock(); };
  return options;
}

}  // namespace

core::Result<std::unique_ptr<SiteContent>> SiteContent::open(transfer_wire::StoreOptions options) {
  const std::string folder = options.folder + "/drafts";
  auto store = transfer_wire::ContentStore::open(std::move(options));
  if (!store) return store.error();
  auto drafts = ReceiptDrafts::open(folder);
  if (!drafts) return drafts.error();
  return std::unique_ptr<SiteContent>(new SiteContent(std::move(*store), std::move(*drafts)));
}

core::Result<SiteContent::Fetched> SiteContent::fetch(const Wanted& wanted, InputSources& sources) {
  const auto key = transfer::parse_dataset_key(wanted.from);
  if (!key) return key.error();
  // The hub is asked for the manifest even if the content is here: it decides whether the owner may
  // still read it, and whether it may lie at this site.
  const auto held = sources.hub().read_manifest(*key, make_query(wanted));
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
  Fetched fetched{begun->root, std::nullopt};
  // Whole without a word about it: the agent died between the two.
  if (!begun->is_complete() || drafts_.find(make_key(wanted, begun->root))) {
    auto receipt = pull(wanted, *begun, held->holder, sources);
    if (!receipt) return receipt.error();
    fetched.receipt = std::move(*receipt);
  }
  if (key->kind == transfer::DatasetKey::Kind::whole) {
    if (auto done = check_whole(*begun); !done) {
      store_->release(get_lease(wanted.job));
      static_cast<void>(store_->remove(wanted.owner, begun->root));
      return done.error();
    }
  }
  return fetched;
}

core::Result<ReceiptDraft> SiteContent::begin_draft(const Wanted& wanted,
                                                    const transfer::DatasetInfo& info,
                                                    std::optional<ReceiptDraft> found) const {
  const auto here = count_kept(*store_, info);
  if (!here) return here.error();
  if (found) {
    resume_draft(*found, *here);
    return std::move(*found);
  }
  ReceiptDraft draft;
  draft.receipt.dataset = transfer::format_dataset(info.root);
  draft.receipt.size = {static_cast<std::int64_t>(info.size)};
  draft.receipt.job = wanted.job;
  draft.receipt.attempt = wanted.attempt;
  draft.receipt.started = read_clock();
  draft.receipt.kept = *here;
  return draft;
}

core::Result<transfer::Receipt> SiteContent::pull(const Wanted& wanted,
                                                  const transfer::DatasetInfo& info,
                                                  std::string holder, InputSources& sources) {
  const ReceiptDrafts::Key key = make_key(wanted, info.root);
  auto begun = begin_draft(wanted, info, drafts_.find(key));
  if (!begun) return begun.error();
  ReceiptDraft& draft = *begun;
  transfer::Receipt& receipt = draft.receipt;
  const bool is_whole = info.is_complete();
  // What lies at the hub comes from there straight.
  const bool is_elsewhere = !holder.empty();
  if (!is_whole) {
    receipt.source = std::move(holder);
    draft.is_straight = false;
    drafts_.keep(key, draft);
  }
  const bool is_done =
      is_whole || (info.size >= kStraightBytesMin && pull_straight(wanted, info, sources, draft));
  if (!is_done) {
    draft.is_straight = !is_elsewhere;
    drafts_.keep(key, draft);
    PullCount count;
    count.on_cut = wanted.on_cut;
    // Nothing comes another way, so being slow alone ends nothing here: it is a cut like any other.
    transfer_wire::Puller puller(*store_, make_pull_options(kFailuresMax));
    const auto report =
        puller.pull(wanted.owner, info.root, {[&, query = make_query(wanted)] {
                      return InputSources::make_counted(sources.hub(), query, count);
                    }});
    receipt.received += core::Bytes{count.bytes.load()};
    receipt.cuts += count.cuts.load();
    if (!is_elsewhere) receipt.direct = receipt.received;
    drafts_.keep(key, draft);
    if (!report) return report.error();
  }
  receipt.ended = std::max(read_clock(), receipt.started);
  return receipt;
}

void SiteContent::forget_draft(const transfer::Receipt& receipt) {
  if (const auto root = transfer::parse_dataset(receipt.dataset)) {
    drafts_.remove({receipt.job, receipt.attempt, *root});
  }
}

// True: all of it is here. What is refused or too slow is left to the next holder, and in the end
// to the hub.
bool SiteContent::pull_straight(const Wanted& wanted, const transfer::DatasetInfo& info,
                                InputSources& sources, ReceiptDraft& draft) {
  transfer::Receipt& receipt = draft.receipt;
  for (bool has_news = true; has_news;) {
    has_news = false;
    for (const auto& holder : sources.find_holders(info.root, make_query(wanted))) {
      const core::Bytes before = receipt.direct;
      // Until it is given up, this is whose bytes they are.
      const std::string home = std::exchange(receipt.source, holder.holder);
      draft.is_straight = true;
      drafts_.keep(make_key(wanted, info.root), draft);
      const auto done = pull_from(holder, wanted, info, sources, receipt);
      if (done) return true;
      receipt.source = home;
      receipt.fallback = done.error().reason;
      if (receipt.fallback == core::Reason::stopping) return false;
      // A pass that has ended while bytes came: with a new one it goes on.
      has_news = receipt.fallback == core::Reason::token_expired && receipt.direct > before;
      if (has_news) break;
    }
  }
  return false;
}

core::Result<void> SiteContent::pull_from(const api::DataSourceView& holder, const Wanted& wanted,
                                          const transfer::DatasetInfo& info, InputSources& sources,
                                          transfer::Receipt& receipt) {
  const auto opened = sources.open(holder);
  if (!opened) return opened.error();
  PullCount count;
  count.on_cut = wanted.on_cut;
  transfer_wire::PullOptions options = make_pull_options(kStraightFailuresMax);
  options.rules.slow_max = 1;
  transfer_wire::Puller puller(*store_, std::move(options));
  const auto report = puller.pull(
      info.owner, info.root, {[&] { return InputSources::make_counted(**opened, {}, count); }});
  sources.close(*opened);
  receipt.received += core::Bytes{count.bytes.load()};
  receipt.direct += core::Bytes{count.bytes.load()};
  receipt.cuts += count.cuts.load();
  if (!report) return report.error();
  return {};
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

core::Result<transfer::DatasetInfo> SiteContent::find(const std::string& owner,
                                                      const crypto::Digest& root) {
  return store_->find(owner, {transfer::DatasetKey::Kind::root, root, {}, {}});
}

core::Result<std::string> SiteContent::read(const transfer::DatasetInfo& info,
                                            transfer::ByteSpan span) {
  return store_->read(info.owner, info.root, span, read_clock());
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

void SiteContent::sweep() {
  store_->sweep(read_clock());
  drafts_.sweep();
}

}  // namespace intertie::service
