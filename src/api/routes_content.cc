// Content by digest: whoever knows the digest of a file may read it.
#include <algorithm>
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"

#include "byte_range.h"
#include "content_answer.h"
#include "route.h"

namespace intertie::api {

core::Result<crypto::Digest> read_digest(const Call& call) {
  return crypto::parse_digest("sha256:" + call.parameters.front());
}

void respond_content(const CallPointer& call, bool has_body) {
  const auto digest = read_digest(*call);
  if (!digest) return fail(*call, {core::Reason::bad_field, digest.error().detail});
  const auto size = call->backend.find_content_size(*digest);
  if (!size) return fail(*call, size.error());
  Response response;
  response.content_type = "application/octet-stream";
  if (has_body) {
    const auto range = parse_byte_range(call->request.range, *size);
    if (!range) return respond(*call, make_unsatisfiable(*size));
    const std::size_t most = core::limits::http_body_bytes_max;
    if (!*range && *size > most) {
      return fail(*call, {core::Reason::too_large,
                          "ask with Range: bytes=A-B for at most http_body_bytes_max of " +
                              std::to_string(*size)});
    }
    const ByteRange wanted = range->value_or(ByteRange{0, *size});
    auto bytes = call->backend.read_content(*digest, wanted.offset,
                                            std::min<std::uint64_t>(wanted.length, most));
    if (!bytes) return fail(*call, bytes.error());
    if (range->has_value()) {
      response = make_partial(std::move(*bytes), wanted.offset, *size);
    } else {
      response.body = std::move(*bytes);
    }
  }
  response.headers.emplace_back("Intertie-Content-Size", std::to_string(*size));
  response.headers.emplace_back("Accept-Ranges", "bytes");
  respond(*call, std::move(response));
}

namespace {

void put_content(const CallPointer& call) {
  const auto digest = read_digest(*call);
  if (!digest) return fail(*call, {core::Reason::bad_field, digest.error().detail});
  const auto done = call->backend.write_content(*digest, call->request.body);
  if (!done) return fail(*call, done.error());
  respond_view(
      *call,
      ContentView{crypto::to_text(*digest), {static_cast<std::int64_t>(call->request.body.size())}},
      201);
}

void get_content(const CallPointer& call) { respond_content(call, true); }
void head_content(const CallPointer& call) { respond_content(call, false); }

}  // namespace

void add_content_routes(std::vector<Route>& routes) {
  const auto* const pattern = "/v1/content/sha256:{digest}";
  routes.push_back({"PUT",
                    pattern,
                    "put_content",
                    "Stores bytes; they must match the digest.",
                    Visibility::everybody,
                    Scope::jobs_write,
                    {},
                    nullptr,
                    &codec::openapi_schema<ContentView>,
                    201,
                    &put_content,
                    true});
  routes.push_back({"GET",
                    pattern,
                    "get_content",
                    "The bytes with this digest; Range is honoured.",
                    Visibility::everybody,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &get_content});
  routes.push_back({"HEAD",
                    pattern,
                    "head_content",
                    "Whether the content is here. Header: Intertie-Content-Size.",
                    Visibility::everybody,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &head_content});
}

}  // namespace intertie::api
