// Datasets: brought in chunks, read by ranges, seen by their owners and the readers they name.
#include "dataset_handlers.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/transfer/grant.h"

#include "dataset_access.h"

namespace intertie::api {
namespace {

void respond_dataset(const CallPointer& call, const transfer::DatasetInfo& info, int status) {
  DatasetView view = make_dataset_view(*call, info);
  if (!info.is_complete() && info.owner == call->caller.name) {
    const auto journal = call->backend.datasets().get_journal(info.owner, info.root);
    if (!journal) return fail(*call, journal.error());
    for (const auto& [first, last] : journal->list_missing(kMissingRangesMax)) {
      view.missing.push_back({first, last});
    }
  }
  respond_view(*call, view, status);
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

core::Result<transfer::DataPolicy> read_policy(const Call& call) {
  using transfer::Classification;
  transfer::DataPolicy policy;
  policy.readers = split_list(find_query(call, "readers").value_or(""));
  policy.regions = split_list(find_query(call, "regions").value_or(""));
  const auto until = read_time(call, "keep_until");
  if (!until) return until.error();
  policy.keep_until = *until;
  const std::string level = find_query(call, "classification").value_or("open");
  static constexpr std::pair<std::string_view, Classification> kLevels[] = {
      {"open", Classification::open},
      {"internal", Classification::internal_},
      {"confidential", Classification::confidential},
      {"secret", Classification::secret}};
  const auto* const found =
      std::ranges::find(kLevels, level, &std::pair<std::string_view, Classification>::first);
  if (found == std::end(kLevels)) {
    return core::Error{core::Reason::bad_field,
                       "?classification: open, internal, confidential or secret"};
  }
  policy.classification = found->second;
  return policy;
}

// In this hub's names, and so that it may lie here.
core::Result<transfer::DataPolicy> read_own_policy(const Call& call) {
  auto policy = read_policy(call);
  if (!policy) return policy;
  if (auto checked = transfer::check_policy(*policy); !checked) return checked.error();
  for (std::string& reader : policy->readers) {
    reader = transfer::translate_user(reader, call.caller_region, call.hub_region);
  }
  transfer::DataPolicy rule;
  rule.regions = policy->regions;
  const auto may_lie = transfer::check_place(rule, {call.hub_region}, call.backend.now());
  if (!may_lie) return may_lie.error();
  return policy;
}

// What the caller may see under the key in the path; answered if there is nothing.
std::optional<transfer::DatasetInfo> find_dataset(const CallPointer& call) {
  const auto key = read_dataset_key(*call);
  if (!key) {
    fail(*call, key.error());
    return std::nullopt;
  }
  auto info = call->backend.datasets().find(call->caller.name, *key);
  if (info) return std::move(*info);
  fail(*call, info.error());
  return std::nullopt;
}

void set_pinned(const CallPointer& call, bool is_pinned) {
  const auto info = find_dataset(call);
  if (!info) return;
  const auto done = call->backend.datasets().set_pinned(call->caller.name, info->root, is_pinned);
  if (!done) return fail(*call, done.error());
  respond_dataset(call, *done, 200);
}

}  // namespace

DatasetView make_dataset_view(const Call& call, const transfer::DatasetInfo& info) {
  const auto translate = [&call](const std::string& user) {
    return transfer::translate_user(user, call.hub_region, call.caller_region);
  };
  DatasetView view;
  view.id = transfer::format_dataset(info.root);
  view.name = info.name;
  view.owner = translate(info.owner);
  view.size_bytes = {static_cast<std::int64_t>(info.size)};
  if (info.whole) view.digest = crypto::to_text(*info.whole);
  view.chunk_bytes = info.chunk_bytes;
  view.chunks = info.chunks;
  view.chunks_here = info.chunks_here;
  view.is_complete = info.is_complete();
  view.is_pinned = info.is_pinned;
  view.policy = info.policy;
  for (std::string& reader : view.policy.readers) reader = translate(reader);
  view.created = info.created;
  view.last_used = info.last_used;
  view.region = call.hub_region;
  return view;
}

void begin_dataset(const CallPointer& call) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  auto manifest = transfer::decode_manifest(call->request.body);
  if (!manifest) return fail(*call, manifest.error());
  if (key->kind != transfer::DatasetKey::Kind::root ||
      transfer::compute_root(*manifest) != key->digest) {
    return fail(*call, {core::Reason::bad_digest, "the manifest is another dataset's"});
  }
  auto policy = read_own_policy(*call);
  if (!policy) return fail(*call, policy.error());
  transfer::DatasetWish wish;
  wish.owner = call->caller.name;
  wish.manifest = std::move(*manifest);
  wish.name = find_query(*call, "name").value_or("");
  wish.policy = std::move(*policy);
  wish.is_pinned = find_query(*call, "pin").value_or("false") == "true";
  const auto info = call->backend.datasets().begin(wish);
  if (!info) return fail(*call, info.error());
  respond_dataset(call, *info, info->is_complete() ? 200 : 202);
}

void put_chunk(const CallPointer& call) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  const auto chunk = parse_number(call->parameters[1], "chunk");
  if (!chunk || *chunk >= core::limits::manifest_chunks_max) {
    return fail(*call, {core::Reason::bad_field, "chunk: a number of the manifest"});
  }
  const auto index = static_cast<std::uint32_t>(*chunk);
  const auto done =
      call->backend.datasets().put_chunk(call->caller.name, key->digest, index, call->request.body);
  if (!done) return fail(*call, done.error());
  respond_view(*call, ChunkView{index}, 201);
}

void get_dataset(const CallPointer& call) {
  if (const auto info = find_dataset(call)) respond_dataset(call, *info, 200);
}

void find_dataset_by_name(const CallPointer& call) {
  transfer::DatasetKey key;
  key.name = find_query(*call, "name").value_or("");
  key.owner = find_query(*call, "owner").value_or("");
  if (!key.owner.empty()) {
    key.owner = transfer::translate_user(key.owner, call->caller_region, call->hub_region);
  }
  if (auto checked = transfer::check_dataset_name(key.name); !checked) {
    return fail(*call, checked.error());
  }
  const auto info = call->backend.datasets().find(call->caller.name, key);
  if (!info) return fail(*call, info.error());
  respond_dataset(call, *info, 200);
}

void get_dataset_manifest(const CallPointer& call) {
  if (const auto info = find_dataset(call)) respond_manifest(call, *info);
}

void get_dataset_content(const CallPointer& call) {
  const auto info = find_dataset(call);
  if (!info) return;
  if (call->caller_region == call->hub_region) return respond_content(call, *info, true);
  respond_content_over_line(call, *info, {call->caller_region});
}

void list_datasets(const CallPointer& call) {
  DatasetList list;
  for (const auto& info : call->backend.datasets().list(call->caller.name)) {
    list.datasets.push_back(make_dataset_view(*call, info));
  }
  respond_view(*call, list);
}

void pin_dataset(const CallPointer& call) { set_pinned(call, true); }
void unpin_dataset(const CallPointer& call) { set_pinned(call, false); }

void remove_dataset(const CallPointer& call) {
  const auto info = find_dataset(call);
  if (!info) return;
  const auto done = call->backend.datasets().remove(call->caller.name, info->root);
  if (!done) return fail(*call, done.error());
  Response response;
  response.status = 204;
  response.content_type.clear();
  respond(*call, std::move(response));
}

}  // namespace intertie::api
