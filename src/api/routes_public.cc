// The public log: for everybody, without a token (docs/formats/public-log.md).
//
// A proof reads O(log n) rows of the index; a page of leaves is bounded by its limit.
#include <string>
#include <utility>

#include "intertie/api/public_views.h"
#include "intertie/api/site_views.h"
#include "intertie/codec/cbor.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/merkle.h"
#include "intertie/hub/index_tables.h"

#include "route.h"
#include "router_core.h"
#include "site_amend.h"
#include "site_keys.h"

namespace intertie::api {
namespace {

// A page ends early beyond this.
constexpr std::size_t kPageBytesMax = 1u << 20;

void get_head(const CallPointer& call) {
  look_then(
      call, [](const hub::HubMachine& machine) { return hub::make_public_head(machine.state()); },
      [call](hub::PublicHead head) {
        auto envelope = call->backend.sign_record(hub::kTreeHeadType, codec::to_json(head));
        if (!envelope) return fail(*call, envelope.error());
        respond_view(*call, PublicHeadView{std::move(head), std::move(*envelope)});
      });
}

core::Result<PublicLeafView> read_leaf(storage::Reader& reader, const storage::IndexRow& row) {
  const auto indexed = codec::from_cbor<hub::IndexedLeaf>(row.value, codec::Source::own);
  if (!indexed) return indexed.error();
  PublicLeafView view{hub::decode_number(row.key, 0), indexed->leaf, ""};
  if (!indexed->is_open) return view;
  auto body = reader.read_body(indexed->log_index);
  if (!body) return body.error();
  view.envelope = std::move(body->bytes);
  return view;
}

void list_leaves(const CallPointer& call) {
  const auto from = read_number(*call, "from", 0);
  if (!from) return fail(*call, from.error());
  const auto limit = read_limit(*call);
  if (!limit) return fail(*call, limit.error());
  storage::Reader& reader = call->backend.reader();
  storage::Scan scan;
  scan.table = table_id(hub::Table::public_leaves);
  scan.limit = *limit;
  if (*from > 0) scan.after_key = hub::encode_number(*from - 1);
  const auto rows = reader.scan_index(scan);
  if (!rows) return fail(*call, rows.error());
  PublicLeafList list;
  std::size_t bytes = 0;
  for (const storage::IndexRow& row : *rows) {
    auto leaf = read_leaf(reader, row);
    if (!leaf) return fail(*call, leaf.error());
    bytes += leaf->envelope.size();
    list.leaves.push_back(std::move(*leaf));
    if (bytes > kPageBytesMax) break;
  }
  respond_view(*call, list);
}

// Two numbers of the query, both required.
core::Result<std::pair<std::uint64_t, std::uint64_t>> read_numbers(const Call& call,
                                                                   const char* first,
                                                                   const char* second) {
  for (const char* name : {first, second}) {
    if (!find_query(call, name)) return {core::Reason::bad_field, std::string(name) + ": missing"};
  }
  const auto a = read_number(call, first, 0);
  if (!a) return a.error();
  const auto b = read_number(call, second, 0);
  if (!b) return b.error();
  return std::pair(*a, *b);
}

// That the tree has had this size.
core::Result<void> check_size(storage::Reader& reader, std::uint64_t size, const char* name) {
  if (size == 0) return {core::Reason::out_of_range, std::string(name) + ": at least 1"};
  const auto last =
      reader.read_index(table_id(hub::Table::public_nodes), hub::make_node_key(0, size - 1));
  if (!last) return last.error();
  if (last->has_value()) return {};
  return {core::Reason::out_of_range, std::string(name) + ": the log is not that long"};
}

crypto::NodeReader make_node_reader(storage::Reader& reader) {
  return [&reader](int level, std::uint64_t position) -> core::Result<crypto::Digest> {
    const auto row =
        reader.read_index(table_id(hub::Table::public_nodes), hub::make_node_key(level, position));
    if (!row) return row.error();
    crypto::Digest digest;
    if (!row->has_value() || (*row)->size() != digest.bytes.size()) {
      return {core::Reason::store_damaged, "the index lacks a node of the public log"};
    }
    std::copy((*row)->begin(), (*row)->end(), digest.bytes.begin());
    return digest;
  };
}

std::vector<std::string> make_texts(const crypto::MerkleProof& proof) {
  std::vector<std::string> texts;
  for (const crypto::Digest& digest : proof) texts.push_back(crypto::to_text(digest));
  return texts;
}

void prove_inclusion(const CallPointer& call) {
  const auto numbers = read_numbers(*call, "leaf", "size");
  if (!numbers) return fail(*call, numbers.error());
  const auto [leaf, size] = *numbers;
  storage::Reader& reader = call->backend.reader();
  if (const auto known = check_size(reader, size, "size"); !known) {
    return fail(*call, known.error());
  }
  if (leaf >= size) return fail(*call, {core::Reason::out_of_range, "leaf: below size"});
  const auto proof = crypto::read_inclusion_proof(leaf, size, make_node_reader(reader));
  if (!proof) return fail(*call, proof.error());
  respond_view(*call, InclusionView{leaf, size, make_texts(*proof)});
}

void prove_consistency(const CallPointer& call) {
  const auto numbers = read_numbers(*call, "from", "to");
  if (!numbers) return fail(*call, numbers.error());
  const auto [from, to] = *numbers;
  storage::Reader& reader = call->backend.reader();
  if (const auto known = check_size(reader, to, "to"); !known) return fail(*call, known.error());
  if (from == 0 || from > to) {
    return fail(*call, {core::Reason::out_of_range, "from: from 1 to `to`"});
  }
  const auto proof = crypto::read_consistency_proof(from, to, make_node_reader(reader));
  if (!proof) return fail(*call, proof.error());
  respond_view(*call, ConsistencyView{from, to, make_texts(*proof)});
}

void add_leaf_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/public/head",
                    "get_public_head",
                    "The signed head of the public log.",
                    Visibility::open,
                    std::nullopt,
                    {},
                    nullptr,
                    &codec::openapi_schema<PublicHeadView>,
                    200,
                    &get_head});
  routes.push_back({"GET",
                    "/v1/public/leaves",
                    "list_public_leaves",
                    "Leaves of the public log, in order.",
                    Visibility::open,
                    std::nullopt,
                    {{"from", "the first leaf; they count from 0"}, {"limit", "at most so many"}},
                    nullptr,
                    &codec::openapi_schema<PublicLeafList>,
                    200,
                    &list_leaves});
}

}  // namespace

void add_public_routes(std::vector<Route>& routes) {
  routes.push_back({"POST",
                    "/v1/sites/{site}:revoke",
                    "revoke_site",
                    "The site's record is revoked for ever; its keys count no more.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    &codec::openapi_schema<RevokeRequest>,
                    &codec::openapi_schema<KeysAnswer>,
                    200,
                    &revoke_site});
  routes.push_back({"POST",
                    "/v1/sites/{site}:suspend",
                    "suspend_site",
                    "The site's record is locked: it sells nothing until it is reinstated.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<KeysAnswer>,
                    200,
                    &suspend_site});
  routes.push_back({"POST",
                    "/v1/sites/{site}:reinstate",
                    "reinstate_site",
                    "Ends a suspension: the site may sign that it is active again.",
                    Visibility::operators,
                    Scope::admin,
                    {},
                    nullptr,
                    &codec::openapi_schema<KeysAnswer>,
                    200,
                    &reinstate_site});
  add_leaf_routes(routes);
  routes.push_back({"GET",
                    "/v1/public/proof",
                    "prove_inclusion",
                    "That a leaf stands in the tree of a size.",
                    Visibility::open,
                    std::nullopt,
                    {{"leaf", "its number"}, {"size", "of the tree"}},
                    nullptr,
                    &codec::openapi_schema<InclusionView>,
                    200,
                    &prove_inclusion});
  routes.push_back({"GET",
                    "/v1/public/consistency",
                    "prove_consistency",
                    "That a longer tree begins with a shorter one.",
                    Visibility::open,
                    std::nullopt,
                    {{"from", "size of the shorter"}, {"to", "size of the longer"}},
                    nullptr,
                    &codec::openapi_schema<ConsistencyView>,
                    200,
                    &prove_consistency});
}

}  // namespace intertie::api
