// Who may read which dataset, and how it is answered.
#include "dataset_access.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/transfer/data_policy.h"

#include "byte_range.h"

namespace intertie::api {
namespace {

struct JobReader {
  std::string owner;
  std::string region;  // Of the site.
};

// The owner of a job whose present attempt is the site's.
std::optional<JobReader> find_job_reader(const hub::State& state, std::uint64_t number,
                                         std::uint32_t site) {
  const hub::Job* const job = state.find_job(number);
  if (job == nullptr || job->reservation == 0) return std::nullopt;
  const hub::Reservation* const reservation = state.find_reservation(job->reservation);
  if (reservation == nullptr) return std::nullopt;
  const auto& pools = state.sites[site].pools;
  if (std::ranges::find(pools, reservation->terms.pool) == pools.end()) return std::nullopt;
  return JobReader{state.principals[job->owner].name, state.sites[site].site.region};
}

// Agents that do not name the job yet: every owner with an attempt there.
std::vector<JobReader> list_job_readers(const hub::State& state, std::uint32_t site) {
  std::vector<JobReader> readers;
  for (const auto& [number, reservation] : state.reservations) {
    if (auto reader = find_job_reader(state, reservation.terms.job, site)) {
      readers.push_back(std::move(*reader));
    }
  }
  std::ranges::sort(readers, {}, &JobReader::owner);
  const auto is_same = [](const JobReader& a, const JobReader& b) { return a.owner == b.owner; };
  readers.erase(std::unique(readers.begin(), readers.end(), is_same), readers.end());
  return readers;
}

}  // namespace

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

void use_job_dataset(const CallPointer& call,
                     std::function<void(const transfer::DatasetInfo&)> then) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  const auto job = read_number(*call, "job", 0);
  if (!job) return fail(*call, job.error());
  look_then(
      call,
      [job = *job, site = call->site](const hub::HubMachine& machine) {
        if (job == 0) return list_job_readers(machine.state(), site);
        std::vector<JobReader> readers;
        if (auto reader = find_job_reader(machine.state(), job, site)) {
          readers.push_back(std::move(*reader));
        }
        return readers;
      },
      [call, key = *key, then = std::move(then)](const std::vector<JobReader>& readers) {
        for (const JobReader& reader : readers) {
          const auto info = call->backend.datasets().find(reader.owner, key);
          if (!info) continue;
          const auto may_lie =
              transfer::check_place(info->policy, {reader.region}, call->backend.now());
          if (!may_lie) return fail(*call, may_lie.error());
          return then(*info);
        }
        fail(*call, {core::Reason::not_found, transfer::to_text(key)});
      });
}

}  // namespace intertie::api
