// Content by the SHA-256 of a whole file, for whoever may read the dataset; and what sites read.
#include <algorithm>
#include <utility>

#include "intertie/api/grant_views.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"

#include "content_answer.h"
#include "dataset_access.h"
#include "route.h"

namespace intertie::api {
namespace {

core::Result<crypto::Digest> read_digest(const Call& call) {
  auto digest = crypto::parse_digest("sha256:" + call.parameters.front());
  if (digest) return digest;
  return core::Error{core::Reason::bad_field, digest.error().detail};
}

void put_content(const CallPointer& call) {
  const auto digest = read_digest(*call);
  if (!digest) return fail(*call, digest.error());
  const std::string& bytes = call->request.body;
  if (crypto::compute_sha256(std::string_view(bytes)) != *digest) {
    return fail(*call, {core::Reason::bad_digest, "expected " + crypto::to_text(*digest)});
  }
  transfer::DatasetWish wish;
  wish.owner = call->caller.name;
  const auto done = call->backend.datasets().put(std::move(wish), bytes);
  if (!done) return fail(*call, done.error());
  respond_view(
      *call, ContentView{crypto::to_text(*digest), {static_cast<std::int64_t>(bytes.size())}}, 201);
}

void respond_own(const CallPointer& call, bool has_body) {
  const auto digest = read_digest(*call);
  if (!digest) return fail(*call, digest.error());
  const auto info = call->backend.datasets().find(
      call->caller.name, {transfer::DatasetKey::Kind::whole, *digest, {}, {}});
  if (!info) return fail(*call, info.error());
  respond_content(call, *info, has_body);
}

void get_content(const CallPointer& call) { respond_own(call, true); }
void head_content(const CallPointer& call) { respond_own(call, false); }

void send_content(const CallPointer& call) { respond_job_dataset(call, DatasetPart::content); }
void send_manifest(const CallPointer& call) { respond_job_dataset(call, DatasetPart::manifest); }
void send_sources(const CallPointer& call) { respond_job_dataset(call, DatasetPart::sources); }

}  // namespace

void add_content_routes(std::vector<Route>& routes) {
  const auto* const pattern = "/v1/content/sha256:{digest}";
  routes.push_back({"PUT",
                    pattern,
                    "put_content",
                    "Stores bytes; they must match the digest. Larger ones are brought in chunks.",
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
                    Visibility::owner,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &get_content});
  routes.push_back({"HEAD",
                    pattern,
                    "head_content",
                    "Whether the caller's content is here. Header: Intertie-Content-Size.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    nullptr,
                    200,
                    &head_content});
  add_dataset_routes(routes);
}

void add_site_content_routes(std::vector<Route>& routes) {
  const std::vector<QueryRow> job = {{"job", "the job it is needed for"}};
  routes.push_back({"GET", "/site/v1/datasets/{dataset}/manifest", "send_manifest",
                    "The manifest of a job's input.", Visibility::owner, std::nullopt, job, nullptr,
                    nullptr, 200, &send_manifest});
  routes.push_back({"GET", "/site/v1/datasets/{dataset}/content", "send_dataset",
                    "The bytes of a job's input.", Visibility::owner, std::nullopt, job, nullptr,
                    nullptr, 200, &send_content});
  routes.push_back({"GET", "/site/v1/datasets/{dataset}/sources", "send_sources",
                    "Who else has a job's input, and passes for them.", Visibility::owner,
                    std::nullopt, job, nullptr, &codec::openapi_schema<DataSources>, 200,
                    &send_sources});
  // Agents of the version before ask so.
  routes.push_back({"GET", "/site/v1/content/{dataset}", "send_content",
                    "The bytes with this digest.", Visibility::owner, std::nullopt, job, nullptr,
                    nullptr, 200, &send_content});
}

}  // namespace intertie::api
