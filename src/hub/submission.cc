#include "intertie/hub/submission.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/digest.h"

namespace intertie::hub {
namespace {

Key128 shorten(const crypto::Digest& digest) {
  Key128 key{};
  std::copy_n(digest.bytes.begin(), key.size(), key.begin());
  return key;
}

// One text with white space is a line for the shell; anything else is the command's own words.
std::vector<std::string> make_command(const std::vector<std::string>& run) {
  const bool is_line = run.size() == 1 && run[0].find_first_of(" \t\n") != std::string::npos;
  return is_line ? std::vector<std::string>{"/bin/sh", "-c", run[0]} : run;
}

bool is_located(const DataIn& input) {
  return !input.regions.empty() || !input.allowed.empty() ||
         input.classification != transfer::Classification::open;
}

// Two boxes of the same secret differ, and a repeated request may carry either: a box counts by
// its name alone. Where an input lies, and may lie, is not the request's.
crypto::Digest compute_request_digest(const JobDocument& document, const std::string& text) {
  if (document.secrets.empty() && std::ranges::none_of(document.data.in, is_located)) {
    return crypto::compute_sha256(text);
  }
  JobDocument stripped = document;
  for (auto& [name, secret] : stripped.secrets) secret = {};
  for (DataIn& input : stripped.data.in) {
    input.regions.clear();
    input.allowed.clear();
    input.classification = {};
  }
  return crypto::compute_sha256(codec::to_json(stripped));
}

// Files of which copies lie in the same regions are one amount of data.
void locate_inputs(const std::vector<DataIn>& files, JobShape& shape) {
  std::map<std::vector<std::string>, core::Bytes> sizes;
  for (const DataIn& file : files) {
    if (file.size.count <= 0) continue;
    std::vector<std::string> regions = file.regions;
    std::ranges::sort(regions);
    sizes[std::move(regions)] += file.size;
    shape.input += file.size;
  }
  for (const auto& [regions, size] : sizes) shape.inputs.push_back({size, regions});
}

// All inputs must be allowed where the job runs, and the most sensitive one counts.
void require_policies(const std::vector<DataIn>& files, placement::Requirements& requirements) {
  for (const DataIn& file : files) {
    requirements.data_classification =
        std::max(requirements.data_classification, file.classification);
    if (file.allowed.empty()) continue;
    if (!requirements.data_regions) {
      requirements.data_regions = file.allowed;
      continue;
    }
    std::erase_if(*requirements.data_regions, [&](const std::string& region) {
      return std::ranges::find(file.allowed, region) == file.allowed.end();
    });
  }
}

// Files are copied to each task; what it writes is a guess.
core::Bytes compute_scratch(const JobDocument& document) {
  if (document.need.scratch) return *document.need.scratch;
  core::Bytes scratch = core::limits::task_scratch_default;
  for (const DataIn& file : document.data.in) {
    scratch += std::max(file.size, core::Bytes{});
    scratch.count += static_cast<std::int64_t>(file.content.size());
  }
  return scratch;
}

bool is_region(const std::string& text) { return text.size() == 2; }

}  // namespace

placement::Requirements make_requirements(const JobDocument& document) {
  placement::Requirements requirements;
  requirements.compute_class = document.class_;
  requirements.tasks = document.tasks;
  requirements.cpus = document.need.cpus;
  requirements.memory = document.need.memory;
  if (document.need.devices && document.need.devices->count > 0) {
    requirements.devices.push_back({document.need.devices->kind,
                                    document.need.devices->model,
                                    document.need.devices->count,
                                    {}});
  }
  requirements.rate = document.need.rate;
  requirements.software = document.need.software;
  requirements.isolation = document.need.isolation;
  requirements.network = document.need.network;
  requirements.regions = document.where.regions;
  for (const std::string& name : document.where.not_) {
    if (is_region(name)) requirements.regions_excluded.push_back(name);
  }
  requirements.latency_max_ms = document.where.max_latency_ms;
  requirements.has_secrets = !document.secrets.empty();
  require_policies(document.data.in, requirements);
  requirements.scratch = compute_scratch(document);
  return placement::make_canonical(std::move(requirements));
}

core::Result<Submission> prepare_submission(const JobDocument& asked,
                                            std::optional<std::string_view> idempotency) {
  if (const auto checked = check_document(asked); !checked) return checked.error();
  JobDocument document = asked;
  document.run = make_command(asked.run);
  Submission submission;
  submission.shape.requirements = make_requirements(document);
  if (const auto checked = placement::check_requirements(submission.shape.requirements); !checked) {
    return core::Error{checked.error().reason, "need: " + checked.error().detail};
  }
  submission.shape.time_limit = document.timeout;
  submission.shape.price_max = document.price.max.value_or(core::Money{});
  submission.shape.per_hour_of_delay = document.price.per_hour_of_delay;
  locate_inputs(document.data.in, submission.shape);
  submission.document = codec::to_json(document);
  if (submission.document.size() > core::limits::job_document_bytes_max) {
    return {core::Reason::too_large,
            "a job document of " + std::to_string(submission.document.size()) + " bytes, at most " +
                std::to_string(core::limits::job_document_bytes_max)};
  }
  JobSubmitted& head = submission.head;
  head.priority = document.priority;
  head.on_loss = document.on_loss;
  head.retries = document.retries;
  head.start_after = document.when.start_after;
  head.deadline = document.when.deadline;
  head.name = document.name;
  head.tags = document.tags;
  head.request_digest = shorten(compute_request_digest(document, submission.document));
  if (idempotency) head.idempotency = shorten(crypto::compute_sha256(*idempotency));
  submission.account = document.account;
  for (const std::string& name : document.where.not_) {
    if (!is_region(name)) submission.sites_not.push_back(name);
  }
  for (const DataOut& output : document.data.out) {
    if (!output.region.empty()) submission.landing_regions.push_back(output.region);
  }
  return submission;
}

}  // namespace intertie::hub
