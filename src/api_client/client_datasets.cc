// Datasets: brought in chunks, read by ranges.
#include <utility>

#include "intertie/api_client/client.h"
#include "intertie/transfer/dataset_name.h"

#include "client_core.h"

namespace intertie::api_client {
namespace {

std::string make_path(const std::string& dataset, std::string_view rest = {}) {
  return "/v1/datasets/" + net::percent_encode(dataset) + std::string(rest);
}

}  // namespace

core::Result<api::DatasetView> Client::begin_dataset(const transfer::Manifest& manifest,
                                                     const DatasetSettings& settings) {
  Outgoing call;
  call.method = "PUT";
  call.path = make_path(transfer::format_dataset(transfer::compute_root(manifest)));
  call.body = transfer::encode_manifest(manifest);
  const std::pair<const char*, const std::string&> texts[] = {
      {"name", settings.name},
      {"readers", settings.readers},
      {"regions", settings.regions},
      {"classification", settings.classification},
      {"keep_until", settings.keep_until}};
  for (const auto& [name, value] : texts) {
    if (!value.empty()) call.query.push_back({name, value});
  }
  if (settings.is_pinned) call.query.push_back({"pin", "true"});
  return core_->ask<api::DatasetView>(call);
}

core::Result<void> Client::put_chunk(const std::string& dataset, std::uint32_t chunk,
                                     std::string_view bytes) {
  Outgoing call;
  call.method = "PUT";
  call.path = make_path(dataset, "/chunks/" + std::to_string(chunk));
  call.body = bytes;
  const auto done = core_->send_checked(call);
  if (!done) return done.error();
  return {};
}

core::Result<api::DatasetView> Client::find_dataset(const std::string& key) {
  const auto parsed = transfer::parse_dataset_key(key);
  if (!parsed) return parsed.error();
  if (parsed->kind != transfer::DatasetKey::Kind::name) {
    return core_->get<api::DatasetView>(make_path(key));
  }
  if (!parsed->owner.empty()) {
    return core_->get<api::DatasetView>("/v1/datasets:find",
                                        {{"owner", parsed->owner}, {"name", parsed->name}});
  }
  return core_->get<api::DatasetView>("/v1/datasets:find", {{"name", parsed->name}});
}

core::Result<api::DatasetList> Client::list_datasets() {
  return core_->get<api::DatasetList>("/v1/datasets");
}

core::Result<transfer::Manifest> Client::get_manifest(const std::string& dataset) {
  Outgoing call;
  call.path = make_path(dataset, "/manifest");
  const auto response = core_->send_checked(call);
  if (!response) return response.error();
  return transfer::decode_manifest(response->body);
}

core::Result<std::string> Client::read_dataset(const std::string& dataset, std::uint64_t offset,
                                               std::uint64_t length) {
  Outgoing call;
  call.path = make_path(dataset, "/content");
  call.range = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1);
  auto response = core_->send_checked(call);
  if (!response) return response.error();
  if (response->body.size() != length) {
    return core::Error{core::Reason::bad_digest, "the hub sent " +
                                                     std::to_string(response->body.size()) +
                                                     " bytes of " + std::to_string(length)};
  }
  return std::move(response->body);
}

core::Result<api::DatasetView> Client::pin_dataset(const std::string& dataset, bool is_pinned) {
  Outgoing call;
  call.method = "POST";
  call.path = make_path(dataset, is_pinned ? ":pin" : ":unpin");
  return core_->ask<api::DatasetView>(call);
}

core::Result<void> Client::remove_dataset(const std::string& dataset) {
  Outgoing call;
  call.method = "DELETE";
  call.path = make_path(dataset);
  const auto done = core_->send_checked(call);
  if (!done) return done.error();
  return {};
}

}  // namespace intertie::api_client
