#include "site_sources.h"

#include <utility>

#include "intertie/api/data_endpoint.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::service {
namespace {

// A piece over a slow line; what took longer is repeated from where it broke off.
constexpr core::Duration kPieceTimeout = core::minutes(1);
// The hub may have to fetch it first.
constexpr core::Duration kRelayTimeout = core::minutes(2);
// It should cost little to find out that a holder cannot be asked for.
constexpr core::Duration kSourcesTimeout = core::seconds(15);

transfer_wire::HttpHolder make_hub(const SiteHubClients& clients) {
  transfer_wire::HttpHolder holder;
  holder.connect = [&clients] { return clients.make_client(core::limits::request_timeout); };
  holder.prefix = "/site/v1/datasets";
  holder.read_problem = [](const net::Response& response) { return read_problem(response); };
  holder.piece_timeout = kRelayTimeout;
  return holder;
}

class CountedSource final : public transfer_wire::ChunkSource {
 public:
  CountedSource(std::unique_ptr<transfer_wire::ChunkSource> source, PullCount& count)
      : source_(std::move(source)), count_(count) {}

  core::Result<void> read(const crypto::Digest& root, transfer::ByteSpan span,
                          const transfer_wire::PieceSink& sink) override {
    auto done = source_->read(root, span, [&](std::string_view piece) {
      count_.bytes += static_cast<std::int64_t>(piece.size());
      return sink(piece);
    });
    if (done) return done;
    ++count_.cuts;
    if (count_.on_cut) count_.on_cut(done.error());
    return done;
  }
  void interrupt() const override { source_->interrupt(); }

 private:
  const std::unique_ptr<transfer_wire::ChunkSource> source_;
  PullCount& count_;
};

}  // namespace

InputSources::InputSources(const SiteHubClients& clients)
    : clients_(clients),
      client_(clients.make_client(core::limits::request_timeout)),
      hub_(make_hub(clients)) {}

std::vector<api::DataSourceView> InputSources::find_holders(const crypto::Digest& root,
                                                            const std::string& query) {
  const auto body = ask_json(
      client_, "GET", "/site/v1/datasets/" + crypto::encode_hex(root.bytes) + "/sources" + query,
      {}, kSourcesTimeout);
  if (!body) return {};
  auto sources = codec::from_json<api::DataSources>(*body, codec::Boundary::tolerant);
  return sources ? std::move(sources->sources) : std::vector<api::DataSourceView>();
}

core::Result<std::shared_ptr<transfer_wire::HttpSources>> InputSources::open(
    const api::DataSourceView& holder) {
  auto clients = clients_.make_clients({"https://" + holder.address, holder.fingerprint});
  if (!clients) return clients.error();
  transfer_wire::HttpHolder options;
  options.connect = [clients = std::move(*clients)] { return clients.make_client(kPieceTimeout); };
  options.prefix = api::kDataPrefix;
  options.headers.set("Intertie-Pass", holder.pass);
  options.read_problem = [](const net::Response& response) { return read_problem(response); };
  options.piece_timeout = kPieceTimeout;
  auto sources = std::make_shared<transfer_wire::HttpSources>(std::move(options));
  const std::lock_guard lock(mutex_);
  if (is_interrupted_) sources->interrupt();
  open_.insert(sources);
  return sources;
}

void InputSources::close(const std::shared_ptr<transfer_wire::HttpSources>& sources) {
  const std::lock_guard lock(mutex_);
  open_.erase(sources);
}

std::unique_ptr<transfer_wire::ChunkSource> InputSources::make_counted(
    transfer_wire::HttpSources& sources, std::string query, PullCount& count) {
  return std::make_unique<CountedSource>(sources.make_source(std::move(query)), count);
}

void InputSources::interrupt() {
  client_.interrupt();
  hub_.interrupt();
  const std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  for (const auto& sources : open_) sources->interrupt();
}

}  // namespace intertie::service
