#include "seal_key_need.h"

#include <algorithm>

#include "intertie/codec/json.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/job_secret.h"

namespace intertie::service {

std::vector<std::uint64_t> list_documents_with_secrets(const hub::State& state) {
  std::vector<std::uint64_t> documents;
  for (const auto& [number, job] : state.jobs) {
    // A guest's secrets are opened by its home hub.
    if (job.owner == hub::kNobody || !state.shapes[job.shape].requirements.has_secrets) continue;
    documents.push_back(job.document);
  }
  return documents;
}

core::Result<std::size_t> drop_unneeded_seal_keys(
    std::vector<FormerSealKey>& former, const std::vector<std::uint64_t>& documents,
    const std::function<core::Result<std::string>(std::uint64_t)>& read_body, core::Time now) {
  std::set<std::string> needed;
  for (const std::uint64_t index : documents) {
    const auto body = read_body(index);
    if (!body) return body.error();
    const auto document = codec::from_json<hub::JobDocument>(*body, codec::Boundary::tolerant);
    if (!document) return document.error();
    for (const auto& [name, secret] : document->secrets) {
      if (secret.key.empty()) return std::size_t{0};
      needed.insert(secret.key);
    }
  }
  return std::erase_if(former, [&](const FormerSealKey& each) {
    return each.since + kFormerSealKeyKeep <= now &&
           !needed.contains(hub::make_seal_key_id(each.key.public_key()));
  });
}

}  // namespace intertie::service
