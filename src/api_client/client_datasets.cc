// Datasets: brought in chunks, read by ranges.
#include <utility>

#include "intertie/api_client/client.h"
#include "intertie/transfer/dataset_name.h"

#include "client_core.h"

namespace intertie::api_client {
namespace {

Outgoing make_call(const ClientCore& core, const std::string& dataset, std::string_view rest = {}) {
  Outgoing call;
  call.path = "/v1/datasets/" + net::percent_encode(dataset) + std::string(rest);
  if (!core.region.empty()) call.query.push_back({"region", core.region});
  return call;
}

}  // namespace

void Client::set_region(std::string region) { core_->region = std::move(region); }

core::Result<api::DatasetView> Client::begin_dataset(const transfer::Manifest& manifest,
                                                     const DatasetSettings& settings) {
  Outgoing call = make_call(*core_, transfer::format_dataset(transfer::compute_root(manifest)));
  call.method = "PUT";
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
  Outgoing call = make_call(*core_, dataset, "/chunks/" + std::to_string(chunk));
  call.method = "PUT";
  call.body = bytes;
  const auto done = core_->send_checked(call);
  if (!done) return done.error();
  return {};
}

core::Result<api::DatasetView> Client::find_dataset(const std::string& key) {
  const auto parsed = transfer::parse_dataset_key(key);
  if (!parsed) return parsed.error();
  if (parsed->kind != transfer::DatasetKey::Kind::name) {
    return core_->ask<api::DatasetView>(make_call(*core_, key));
  }
  Query query = {{"name", parsed->name}};
  if (!parsed->owner.empty()) query.push_back({"owner", parsed->owner});
  if (!core_->region.empty()) query.push_back({"region", core_->region});
  return core_->get<api::DatasetView>("/v1/datasets:find", std::move(query));
}

core::Result<api::DatasetList> Client::list_datasets() {
  Query query;
  if (!core_->region.empty()) query.push_back({"region", core_->region});
  return core_->get<api::DatasetList>("/v1/datasets", std::move(query));
}

core::Result<transfer::Manifest> Client::get_manifest(const std::string& dataset) {
  const auto response = core_->send_checked(make_call(*core_, dataset, "/manifest"));
  if (!response) return response.error();
  return transfer::decode_manifest(response->body);
}

core::Result<std::string> Client::read_dataset(const std::string& dataset, std::uint64_t offset,
                                               std::uint64_t length) {
  // A hub that asks another one answers in smaller pieces.
  std::string bytes;
  while (bytes.size() < length) {
    Outgoing call = make_call(*core_, dataset, "/content");
    call.range = "bytes=" + std::to_string(offset + bytes.size()) + "-" +
                 std::to_string(offset + length - 1);
    const auto response = core_->send_checked(call);
    if (!response) return response.error();
    if (response->body.empty() || response->body.size() > length - bytes.size()) {
      return core::Error{core::Reason::bad_digest, "the hub sent " +
                                                       std::to_string(response->body.size()) +
                                                       " bytes of " + std::to_string(length)};
    }
    bytes += response->body;
  }
  return bytes;
}

core::Result<api::DatasetView> Client::pin_dataset(const std::string& dataset, bool is_pinned) {
  Outgoing call = make_call(*core_, dataset, is_pinned ? ":pin" : ":unpin");
  call.method = "POST";
  return core_->ask<api::DatasetView>(call);
}

core::Result<void> Client::remove_dataset(const std::string& dataset) {
  Outgoing call = make_call(*core_, dataset);
  call.method = "DELETE";
  const auto done = core_->send_checked(call);
  if (!done) return done.error();
  return {};
}

}  // namespace intertie::api_client
