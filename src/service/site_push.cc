#include "site_push.h"

#include <algorithm>
#include <utility>

#include "intertie/api/landing_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

#include "site_preparer.h"

namespace intertie::service {
namespace {

// In a row, without a chunk in between: with the pauses about four minutes.
constexpr int kPushFailuresMax = 10;
// A chunk may go through two hubs, on slow lines.
constexpr core::Duration kChunkTimeout = core::minutes(3);

}  // namespace

core::Result<void> SitePush::push(const agent::AttemptId& attempt, const hub::JobDocument& document,
                                  const CollectedOutputs& collected) {
  attempt_ = attempt;
  const auto outputs = find_outputs(document, collected);
  if (!outputs) return outputs.error();
  const auto name_it = [](const Output& output, const core::Error& error) {
    return core::Error{error.reason, output.name + ": " + core::to_text(error)};
  };
  for (const Output& output : *outputs) {
    const auto done = try_patiently([&] { return bring_once(output); });
    if (!done) return name_it(output, done.error());
  }
  for (const Output& output : *outputs) {
    const auto done = try_patiently([&] { return give_name(output); });
    if (!done) return name_it(output, done.error());
  }
  return {};
}

core::Result<std::vector<SitePush::Output>> SitePush::find_outputs(
    const hub::JobDocument& document, const CollectedOutputs& collected) {
  std::vector<Output> outputs;
  for (std::size_t i = 0; i < document.data.out.size(); ++i) {
    const hub::DataOut& wanted = document.data.out[i];
    if (wanted.to.empty()) continue;
    const std::string name = hub::get_output_name(wanted);
    const auto file = std::ranges::find(collected.outputs, name, &execution::OutputFile::name);
    if (file == collected.outputs.end()) {
      return core::Error{core::Reason::output_missing, name};
    }
    const auto digest = crypto::parse_digest(file->digest);
    if (!digest) return digest.error();
    auto content = context_.content.find_output(SiteTasks::format_name(attempt_), *digest);
    if (!content) return content.error();
    outputs.push_back({name, "/site/v1/outputs/" + crypto::encode_hex(content->root.bytes),
                       "?job=" + std::to_string(attempt_.first) + "&attempt=" +
                           std::to_string(attempt_.second) + "&output=" + std::to_string(i),
                       std::move(*content)});
  }
  return outputs;
}

core::Result<void> SitePush::bring_once(const Output& output) {
  while (true) {
    const auto body = ask_json(client_, "PUT", output.path + output.query,
                               transfer::encode_manifest(*output.content.manifest), kChunkTimeout);
    if (!body) return body.error();
    const auto view = codec::from_json<api::LandingView>(*body, codec::Boundary::tolerant);
    if (!view) return view.error();
    if (view->is_complete) return {};
    const std::uint64_t before = chunks_sent_;
    for (const api::ChunkRangeView& range : view->missing) {
      for (std::uint32_t chunk = range.first; chunk <= range.last; ++chunk) {
        if (chunk >= output.content.manifest->chunks.size()) {
          return {core::Reason::bad_field, "the hub asks for a chunk that is none"};
        }
        auto bytes =
            context_.content.read_chunk(SiteTasks::format_name(attempt_), output.content, chunk);
        if (!bytes) return bytes.error();
        context_.fail_points.pass(ServicePoint::chunk_before_push);
        const auto sent = ask_json(client_, "PUT",
                                   output.path + "/chunks/" + std::to_string(chunk) + output.query,
                                   std::move(*bytes), kChunkTimeout);
        if (!sent) return sent.error();
        ++chunks_sent_;
      }
    }
    if (chunks_sent_ == before) {
      return {core::Reason::bad_field,
              "the hub says neither what is missing nor that all is there"};
    }
  }
}

core::Result<void> SitePush::give_name(const Output& output) {
  context_.fail_points.pass(ServicePoint::name_before_push);
  const auto body = ask_json(client_, "PUT", output.path + output.query + "&last=true",
                             transfer::encode_manifest(*output.content.manifest), kChunkTimeout);
  if (!body) return body.error();
  context_.fail_points.pass(ServicePoint::name_after_push);
  return {};
}

core::Result<void> SitePush::try_patiently(const std::function<core::Result<void>()>& step) {
  core::Duration pause = core::limits::retry_backoff_first;
  int failures = 0;
  while (true) {
    const std::uint64_t before = chunks_sent_;
    auto done = step();
    if (done || !is_worth_retrying(done.error().reason)) return done;
    if (chunks_sent_ != before) {
      failures = 0;
      pause = core::limits::retry_backoff_first;
    }
    if (++failures == kPushFailuresMax) return done;
    if (!wait_(pause)) return {core::Reason::stopping, "the agent"};
    pause = std::min(pause + pause, core::limits::retry_backoff_max);
  }
}

}  // namespace intertie::service
