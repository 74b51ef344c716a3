#include "intertie/api/data_endpoint.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "intertie/crypto/bytes.h"
#include "intertie/crypto/certificate.h"
#include "intertie/transfer/data_policy.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/pass.h"

#include "byte_range.h"

namespace intertie::api {
namespace {

// The identity in the one path there is.
core::Result<crypto::Digest> read_root(const Request& request) {
  constexpr std::string_view end = "/content";
  const core::Error refusal{core::Reason::not_found, "no such route"};
  std::string_view path = request.path;
  const std::string begin = std::string(kDataPrefix) + "/";
  if (request.method != "GET" || !request.query.empty()) return refusal;
  if (!path.starts_with(begin) || !path.ends_with(end)) return refusal;
  path.remove_prefix(begin.size());
  if (path.size() != 2 * crypto::Digest::kLength + end.size()) return refusal;
  path.remove_suffix(end.size());
  auto root = transfer::parse_dataset("data:" + std::string(path));
  if (!root) return refusal;
  return root;
}

core::Result<std::string> read_key(const Request& request, core::Time now) {
  const auto der = crypto::as_bytes(request.peer_certificate_der);
  if (der.empty()) {
    return core::Error{core::Reason::certificate_refused, "a client certificate is needed"};
  }
  const auto peer = crypto::check_process_certificate(der, now);
  if (!peer) return peer.error();
  return crypto::to_text(peer->key);
}

core::Result<transfer::DataPass> read_pass(const DataHolder& holder, const Request& request,
                                           const crypto::Digest& root) {
  const core::Time now = holder.now();
  auto key = read_key(request, now);
  if (!key) return key.error();
  const auto bytes = crypto::decode_base64url(request.pass);
  if (!bytes || bytes->empty()) {
    return core::Error{core::Reason::bad_syntax, "Intertie-Pass: base64url"};
  }
  return transfer::open_pass(crypto::as_text(*bytes), holder.hub_key,
                             {holder.id, transfer::format_dataset(root), std::move(*key), now});
}

core::Result<transfer::DatasetInfo> find_dataset(const DataHolder& holder,
                                                 const transfer::DataPass& pass,
                                                 const crypto::Digest& root) {
  auto info = holder.find(pass.reader, root);
  if (!info) return info;
  if (!info->is_complete()) return core::Error{core::Reason::not_found, pass.dataset};
  if (auto may_lie = transfer::check_place(info->policy, {pass.region}, holder.now()); !may_lie) {
    return may_lie.error();
  }
  return info;
}

}  // namespace

void DataEndpoint::handle(const Request& request, const AnswerPointer& answer) const {
  const auto refuse = [&answer](const core::Error& error) { answer->respond(make_problem(error)); };
  const auto root = read_root(request);
  if (!root) return refuse(root.error());
  const auto pass = read_pass(holder_, request, *root);
  if (!pass) return refuse(pass.error());
  auto info = find_dataset(holder_, *pass, *root);
  if (!info) return refuse(info.error());
  const auto range = parse_byte_range(request.range, info->size);
  if (!range) return answer->respond(make_unsatisfiable(info->size));
  if (!*range) return refuse({core::Reason::bad_field, "Range: bytes=A-B"});
  const auto wanted = std::min<std::uint64_t>((*range)->length, kDataPieceBytes);
  holder_.pace({pass->region, pass->leg, core::Bytes{static_cast<std::int64_t>(info->size)}},
               static_cast<std::int64_t>(wanted),
               [this, answer, info = std::move(*info),
                offset = (*range)->offset](const core::Result<std::int64_t>& turn) {
                 if (!turn) return answer->respond(make_problem(turn.error()));
                 auto bytes = holder_.read(info, {offset, static_cast<std::uint64_t>(*turn)});
                 if (!bytes) return answer->respond(make_problem(bytes.error()));
                 answer->respond(make_partial(std::move(*bytes), offset, info.size));
               });
}

}  // namespace intertie::api
