// The routes of datasets, for users and for the hubs of other regions.
#include "intertie/api/dataset_views.h"
#include "intertie/codec/schema.h"

#include "content_answer.h"
#include "dataset_handlers.h"
#include "everywhere.h"
#include "regional.h"

namespace intertie::api {
namespace {

constexpr const char* kPattern = "/v1/datasets/{dataset}";
const std::vector<QueryRow> kRegion = {{"region", "whose hub holds it; absent: this one"}};
const std::vector<QueryRow> kAnyRegion = {
    {"region", "whose hub holds it; absent: this one; *: any"}};

void add_writing(std::vector<Route>& routes) {
  routes.push_back({"PUT", "/v1/datasets/{dataset}/chunks/{chunk}", "put_chunk",
                    "Brings a chunk; it must be the one that the manifest names.",
                    Visibility::owner, Scope::jobs_write, kRegion, nullptr,
                    &codec::openapi_schema<ChunkView>, 201, &in_region<&put_chunk>, true});
  routes.push_back({"PUT",
                    kPattern,
                    "begin_dataset",
                    "Begins a dataset, or goes on with it; the body is its manifest.",
                    Visibility::owner,
                    Scope::jobs_write,
                    {{"name", "what it is called: data://NAME"},
                     {"pin", "true: never given up for space"},
                     {"readers", "principals who may read it, separated by commas"},
                     {"regions", "where it may lie, separated by commas"},
                     {"classification", "open, internal, confidential or secret"},
                     {"keep_until", "when it is removed"},
                     kRegion.front()},
                    nullptr,
                    &codec::openapi_schema<DatasetView>,
                    202,
                    &in_region<&begin_dataset>,
                    true});
  routes.push_back({"POST", "/v1/datasets/{dataset}:pin", "pin_dataset",
                    "Never give it up for space.", Visibility::owner, Scope::jobs_write, kRegion,
                    nullptr, &codec::openapi_schema<DatasetView>, 200, &in_region<&pin_dataset>});
  routes.push_back({"POST", "/v1/datasets/{dataset}:unpin", "unpin_dataset", "The opposite.",
                    Visibility::owner, Scope::jobs_write, kRegion, nullptr,
                    &codec::openapi_schema<DatasetView>, 200, &in_region<&unpin_dataset>});
  routes.push_back({"DELETE", kPattern, "remove_dataset", "Removes the caller's dataset.",
                    Visibility::owner, Scope::jobs_write, kRegion, nullptr, nullptr, 204,
                    &in_region<&remove_dataset>});
}

}  // namespace

void add_dataset_routes(std::vector<Route>& routes) {
  add_writing(routes);
  routes.push_back({"GET", "/v1/datasets", "list_datasets", "The caller's datasets, by name.",
                    Visibility::everybody, Scope::jobs_read, kAnyRegion, nullptr,
                    &codec::openapi_schema<DatasetList>, 200, &in_region<&list_everywhere>});
  routes.push_back({"GET",
                    "/v1/datasets:find",
                    "find_dataset",
                    "The dataset that the caller reads under a name.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {{"name", "what it is called"},
                     {"owner", "whose it is; the caller's if absent"},
                     kAnyRegion.front()},
                    nullptr,
                    &codec::openapi_schema<DatasetView>,
                    200,
                    &in_region<&find_everywhere>});
  routes.push_back({"GET", "/v1/datasets/{dataset}/manifest", "get_manifest",
                    "How it is cut, and the digest of each chunk.", Visibility::owner,
                    Scope::jobs_read, kRegion, nullptr, nullptr, 200,
                    &in_region<&get_dataset_manifest>});
  routes.push_back({"GET", "/v1/datasets/{dataset}/content", "get_dataset_content",
                    "Its bytes; Range is honoured.", Visibility::owner, Scope::jobs_read, kRegion,
                    nullptr, nullptr, 200, &in_region<&get_dataset_content>});
  routes.push_back({"GET", kPattern, "get_dataset", "One dataset, and what is missing of it.",
                    Visibility::owner, Scope::jobs_read, kAnyRegion, nullptr,
                    &codec::openapi_schema<DatasetView>, 200, &in_region<&get_everywhere>});
}

}  // namespace intertie::api
