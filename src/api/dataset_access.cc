// How datasets are named in requests, and answered.
#include "dataset_access.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"

#include "byte_range.h"

namespace intertie::api {

core::Result<transfer::DatasetKey> read_dataset_key(const Call& call) {
  const std::string& text = call.parameters.front();
  const bool is_bare = text.find(':') == std::string::npos;
  auto key = transfer::parse_dataset_key(is_bare ? "data:" + text : text);
  if (key && key->kind != transfer::DatasetKey::Kind::name) return key;
  return core::Error{core::Reason::bad_field,
                     "dataset: 64 hexadecimal digits, data:<digits> or sha256:<digits>"};
}

void respond_content(const CallPointer& call, const transfer::DatasetInfo& info, bool has_body) {
  if (!info.is_complete()) {
    return fail(*call,
                {core::Reason::not_found, transfer::format_dataset(info.root) + ": " +
                                              std::to_string(info.chunks_here) + " of " +
                                              std::to_string(info.chunks) + " chunks are here"});
  }
  Response response;
  response.content_type = "application/octet-stream";
  if (has_body) {
    const auto range = parse_byte_range(call->request.range, info.size);
    if (!range) return respond(*call, make_unsatisfiable(info.size));
    const std::size_t most = core::limits::http_body_bytes_max;
    if (!*range && info.size > most) {
      return fail(*call, {core::Reason::too_large,
                          "ask with Range: bytes=A-B for at most http_body_bytes_max of " +
                              std::to_string(info.size)});
    }
    const ByteRange wanted = range->value_or(ByteRange{0, info.size});
    auto bytes = call->backend.datasets().read(
        info.owner, info.root, {wanted.offset, std::min<std::uint64_t>(wanted.length, most)});
    if (!bytes) return fail(*call, bytes.error());
    if (range->has_value()) {
      response = make_partial(std::move(*bytes), wanted.offset, info.size);
    } else {
      response.body = std::move(*bytes);
    }
  }
  response.headers.emplace_back("Intertie-Content-Size", std::to_string(info.size));
  response.headers.emplace_back("Accept-Ranges", "bytes");
  respond(*call, std::move(response));
}

void respond_content_over_line(const CallPointer& call, const transfer::DatasetInfo& info,
                               const LineUse& line) {
  const auto range = parse_byte_range(call->request.range, info.size);
  const bool has_range = range && *range;
  const std::uint64_t offset = has_range ? (*range)->offset : 0;
  const std::uint64_t asked = has_range ? (*range)->length : info.size;
  const std::uint64_t wanted = std::min<std::uint64_t>(asked, core::limits::http_body_bytes_max);
  if (!range || !info.is_complete() || wanted == 0) return respond_content(call, info, true);
  call->backend.pace_line(line, static_cast<std::int64_t>(wanted),
                          [call, info, has_range, offset](const core::Result<std::int64_t>& turn) {
                            if (!turn) return fail(*call, turn.error());
                            if (has_range) {
                              call->request.range =
                                  "bytes=" + std::to_string(offset) + "-" +
                                  std::to_string(offset + static_cast<std::uint64_t>(*turn) - 1);
                            }
                            respond_content(call, info, true);
                          });
}

void respond_manifest(const CallPointer& call, const transfer::DatasetInfo& info) {
  const auto manifest = call->backend.datasets().get_manifest(info.owner, info.root);
  if (!manifest) return fail(*call, manifest.error());
  Response response;
  response.content_type = "application/vnd.intertie.manifest";
  response.body = transfer::encode_manifest(**manifest);
  if (info.policy.keep_until) {
    response.headers.emplace_back("Intertie-Keep-Until", core::to_rfc3339(*info.policy.keep_until));
  }
  respond(*call, std::move(response));
}

}  // namespace intertie::api
