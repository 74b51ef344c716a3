// Logs and outputs of jobs: files at the site, relayed piece by piece.
#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/execution/site_messages.h"

#include "byte_range.h"
#include "job_access.h"
#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr std::size_t kPieceMax = core::limits::relay_piece_bytes_max;

struct FileQuery {
  SiteFileRequest request;
  std::optional<hub::OfferAsked> offer;  // The files are in another region.
  bool is_over = false;                  // The attempt is: its files grow no more.
};

const AttemptFacts* find_attempt(const JobFacts& facts, std::uint64_t number) {
  for (const AttemptFacts& attempt : facts.attempts) {
    if (attempt.number == number) return &attempt;
  }
  return nullptr;
}

core::Result<FileQuery> make_query(const Call& call, const JobFacts& facts,
                                   const AttemptFacts& attempt, const Directory& directory) {
  const auto rank = read_number(call, "rank", 0);
  if (!rank) return rank.error();
  if (*rank >= core::limits::job_tasks_max) {
    return core::Error{core::Reason::out_of_range, "?rank: below job_tasks_max"};
  }
  FileQuery query;
  query.offer = attempt.offer;
  if (!attempt.offer) {
    const auto* pool = directory.topology->find_pool({attempt.reserved.pool});
    if (pool == nullptr) return core::Error{core::Reason::not_found, "the pool is gone"};
    query.request.site = pool->site.index;
  }
  query.request.job = facts.submitted.job;
  query.request.attempt = attempt.number;
  query.request.rank = static_cast<std::uint32_t>(*rank);
  query.is_over = attempt.over.has_value();
  return query;
}

// From this region's site, or from another's through its hub.
void read_file(const Call& call, const FileQuery& query,
               std::function<void(core::Result<SiteFilePiece>)> done) {
  const SiteFileRequest& request = query.request;
  if (!query.offer) return call.backend.read_site_file(request, std::move(done));
  call.backend.read_peer_file(
      query.offer->peer,
      {query.offer->offer, request.rank, request.file, request.offset, request.length},
      std::move(done));
}

Response make_log(const FileQuery& query, SiteFilePiece piece) {
  const bool is_complete = query.is_over && query.request.offset + piece.bytes.size() >= piece.size;
  Response response;
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Intertie-Log-Size", std::to_string(piece.size));
  response.headers.emplace_back("Intertie-Log-Complete", is_complete ? "true" : "false");
  response.headers.emplace_back("Intertie-Attempt", std::to_string(query.request.attempt));
  response.body = std::move(piece.bytes);
  return response;
}

struct LogQuery {
  std::string stream;
  std::uint64_t offset = 0;
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> attempt;
};

core::Result<LogQuery> read_log_query(const Call& call) {
  LogQuery query;
  query.stream = find_query(call, "stream").value_or("stdout");
  if (query.stream != "stdout" && query.stream != "stderr") {
    return core::Error{core::Reason::bad_field, "?stream: stdout or stderr"};
  }
  const auto offset = read_number(call, "offset", 0);
  if (!offset) return offset.error();
  query.offset = *offset;
  const auto limit = read_number(call, "limit", kPieceMax);
  if (!limit) return limit.error();
  if (*limit < 1) return core::Error{core::Reason::out_of_range, "?limit: 1 or more"};
  query.limit = std::min<std::uint64_t>(*limit, kPieceMax);
  if (!find_query(call, "attempt")) return query;
  const auto attempt = read_number(call, "attempt", 0);
  if (!attempt) return attempt.error();
  query.attempt = *attempt;
  return query;
}

void get_log(const CallPointer& call) {
  const auto query = read_log_query(*call);
  if (!query) return fail(*call, query.error());
  auto facts = find_job(call);
  if (!facts) return;
  const AttemptFacts* attempt =
      query->attempt ? find_attempt(*facts, *query->attempt) : facts->current();
  if (attempt == nullptr && query->attempt) {
    return fail(*call, {core::Reason::not_found, "attempt " + std::to_string(*query->attempt)});
  }
  if (attempt == nullptr) {  // Nothing was ever written, or not yet.
    FileQuery nothing;
    nothing.is_over = facts->phase == Phase::ended;
    return respond(*call, make_log(nothing, {}));
  }
  call->core.use_directory(
      call, facts->need(),
      [call, facts = *facts, attempt = *attempt, query = *query](const auto& directory) {
        auto ask = make_query(*call, facts, attempt, *directory);
        if (!ask) return fail(*call, ask.error());
        ask->request.file = query.stream;
        ask->request.offset = query.offset;
        ask->request.length = query.limit;
        read_file(*call, *ask, [call, ask = *ask](core::Result<SiteFilePiece> piece) {
          if (!piece) return fail(*call, piece.error());
          respond(*call, make_log(ask, std::move(*piece)));
        });
      });
}

// What the site said when the attempt ended; nothing if it said nothing.
core::Result<execution::AttemptEnded> read_ending(storage::Reader& reader,
                                                  const AttemptFacts& attempt) {
  execution::AttemptEnded none;
  if (attempt.over_index == 0) return none;
  const auto body = reader.read_body(attempt.over_index);
  if (!body) return body.error();
  if (body->state != storage::BodyState::present) return none;
  auto ended = codec::from_json<execution::AttemptEnded>(body->bytes, codec::Boundary::tolerant);
  if (!ended) return none;  // Another message ended it: the attempt has no outputs.
  return ended;
}

void list_outputs(const CallPointer& call) {
  const auto facts = find_job(call);
  if (!facts) return;
  OutputList list;
  list.job = facts->submitted.job;
  if (const AttemptFacts* attempt = facts->current()) {
    list.attempt = attempt->number;
    const auto ended = read_ending(call->backend.reader(), *attempt);
    if (!ended) return fail(*call, ended.error());
    for (const execution::OutputFile& file : ended->outputs) {
      list.outputs.push_back({file.name, file.digest, file.size});
    }
  }
  respond_view(*call, list);
}

void relay_output(const CallPointer& call, const FileQuery& query, bool is_partial) {
  const std::uint64_t offset = query.request.offset;
  read_file(*call, query, [call, offset, is_partial](core::Result<SiteFilePiece> piece) {
    if (!piece) return fail(*call, piece.error());
    if (is_partial && piece->bytes.empty()) return respond(*call, make_unsatisfiable(piece->size));
    if (is_partial) {
      return respond(*call, make_partial(std::move(piece->bytes), offset, piece->size));
    }
    Response response;
    response.content_type = "application/octet-stream";
    response.headers.emplace_back("Accept-Ranges", "bytes");
    response.body = std::move(piece->bytes);
    respond(*call, std::move(response));
  });
}

void get_output(const CallPointer& call) {
  auto facts = find_job(call);
  if (!facts) return;
  const std::string& name = call->parameters[1];
  const core::Error missing{core::Reason::not_found, "output " + name};
  const AttemptFacts* attempt = facts->current();
  if (attempt == nullptr) return fail(*call, missing);
  const auto ended = read_ending(call->backend.reader(), *attempt);
  if (!ended) return fail(*call, ended.error());
  const auto file = std::ranges::find(ended->outputs, name, &execution::OutputFile::name);
  if (file == ended->outputs.end()) return fail(*call, missing);
  const auto size = static_cast<std::uint64_t>(file->size.count);
  const auto range = parse_byte_range(call->request.range, size);
  if (!range) return respond(*call, make_unsatisfiable(size));
  if (!*range && size > kPieceMax) {
    return fail(*call, {core::Reason::too_large,
                        "ask with Range: bytes=A-B for at most relay_piece_bytes_max (" +
                            std::to_string(kPieceMax) + ") of " + std::to_string(size)});
  }
  const ByteRange wanted = range->value_or(ByteRange{0, size});
  const bool is_partial = range->has_value();
  call->core.use_directory(
      call, facts->need(),
      [call, facts = *facts, attempt = *attempt, name, wanted, is_partial](const auto& directory) {
        auto ask = make_query(*call, facts, attempt, *directory);
        if (!ask) return fail(*call, ask.error());
        ask->request.file = "output:" + name;
        ask->request.offset = wanted.offset;
        ask->request.length = std::min<std::uint64_t>(wanted.length, kPieceMax);
        relay_output(call, *ask, is_partial);
      });
}

}  // namespace

void add_job_file_routes(std::vector<Route>& routes) {
  routes.push_back({"GET",
                    "/v1/jobs/{job}/log",
                    "get_log",
                    "Bytes of a task's log. Headers: Intertie-Log-Size, Intertie-Log-Complete.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {{"stream", "stdout (default) or stderr"},
                     {"rank", "the task; default 0"},
                     {"attempt", "default: the current or last one"},
                     {"offset", "where to begin; default 0"},
                     {"limit", "at most so many bytes, and at most 131072"}},
                    nullptr,
                    nullptr,
                    200,
                    &get_log});
  routes.push_back({"GET",
                    "/v1/jobs/{job}/outputs",
                    "list_outputs",
                    "The outputs of the last attempt.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<OutputList>,
                    200,
                    &list_outputs});
  routes.push_back({"GET",
                    "/v1/jobs/{job}/outputs/{name}",
                    "get_output",
                    "Bytes of an output; with Range in parts of at most 131072 bytes.",
                    Visibility::owner,
                    Scope::jobs_read,
                    {{"rank", "the task; default 0"}},
                    nullptr,
                    nullptr,
                    200,
                    &get_output});
}

}  // namespace intertie::api
