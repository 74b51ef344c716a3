#include "identity_answer.h"

#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/digest.h"
#include "intertie/hub/line_record.h"
#include "intertie/identity/signed_record.h"

#include "peer_card.h"

namespace intertie::api {
namespace {

std::size_t measure(const IdentityView& view) {
  return sizeof view + view.id.size() + view.name.size() + view.statement.size() +
         view.record.size();
}

core::Result<void> check_line_record(const hub::IdentityStatement& said, const std::string& record,
                                     const crypto::PublicKey& key) {
  const auto opened = hub::open_line_record(record, key);
  if (!opened) return opened.error();
  if (opened->line.owner != said.registry) {
    return {core::Reason::bad_field, "record: another hub's line"};
  }
  if (opened->line.identifier == said.id) return {};
  return {core::Reason::bad_field, "record: of another line"};
}

core::Result<void> check_record(const hub::IdentityStatement& said, const std::string& record,
                                const identity::Path& path, const Registry& registry,
                                const crypto::PublicKey& key) {
  if (said.record_digest.empty()) {
    if (record.empty()) return {};
    return {core::Reason::bad_digest, "record: the registry names none"};
  }
  if (crypto::to_text(crypto::compute_sha256(record)) != said.record_digest) {
    return {core::Reason::bad_digest, "record: not the one that the registry names"};
  }
  if (said.id == registry.id) {
    const auto card = open_peer_card(record);
    if (!card) return card.error();
    if (card->id == registry.id && card->sign_key == registry.sign_key) return {};
    return {core::Reason::bad_field, "record: another hub's card"};
  }
  if (path.id.type() == identity::EntityType::line) return check_line_record(said, record, key);
  const auto opened = identity::open_record(record, {key, std::nullopt});
  if (!opened) return opened.error();
  if (opened->record.id == path.id) return {};
  return {core::Reason::bad_field, "record: of another identifier"};
}

}  // namespace

IdentityView make_identity_view(const hub::IdentityStatement& said, std::string statement,
                                std::string record) {
  IdentityView view;
  view.id = said.id;
  view.type = said.type;
  view.region = said.id.substr(0, 2);
  view.registry = said.registry;
  view.is_known = said.is_known;
  view.name = said.name;
  view.status = said.status;
  view.holder = said.holder;
  view.as_of = said.time;
  view.statement = std::move(statement);
  view.record = std::move(record);
  return view;
}

core::Result<IdentityView> check_identity(const IdentityView& answer, const identity::Path& path,
                                          const Registry& registry, core::Time now) {
  const auto key = crypto::parse_public_key(registry.sign_key);
  if (!key) return key.error();
  const auto said = hub::open_identity_statement(answer.statement, *key);
  if (!said) return said.error();
  if (said->id != identity::to_text(path) || said->registry != registry.id) {
    return {core::Reason::bad_field, "statement: about something else"};
  }
  if (said->time > now + core::limits::clock_margin) {
    return {core::Reason::bad_field, "statement: from the future"};
  }
  const auto checked = check_record(*said, answer.record, path, registry, *key);
  if (!checked) return checked.error();
  return make_identity_view(*said, answer.statement, answer.record);
}

core::Result<void> check_follows(const IdentityView& older, const IdentityView& newer) {
  if (newer.as_of + core::limits::clock_margin < older.as_of) {
    return {core::Reason::stale_sequence,
            "statement: older than what the registry said at " + core::to_rfc3339(older.as_of)};
  }
  const bool is_later = newer.as_of >= older.as_of;
  if (is_later && older.is_known && !newer.is_known) {
    return {core::Reason::record_forked, "statement: denies what the registry has given out"};
  }
  if (is_later && older.status == "revoked" && newer.status != "revoked") {
    return {core::Reason::record_forked, "statement: takes a revocation back"};
  }
  return {};
}

void IdentityCache::put(const IdentityView& view) {
  const std::lock_guard lock(mutex_);
  if (const auto known = places_.find(view.id); known != places_.end()) {
    bytes_ -= measure(*known->second);
    views_.erase(known->second);
    places_.erase(known);
  }
  views_.push_front(view);
  places_.emplace(view.id, views_.begin());
  bytes_ += measure(view);
  while (views_.size() > core::limits::identities_cached_max ||
         bytes_ > core::limits::identity_cache_bytes_max) {
    drop_last();
  }
}

void IdentityCache::drop_last() {
  bytes_ -= measure(views_.back());
  places_.erase(views_.back().id);
  views_.pop_back();
}

std::optional<IdentityView> IdentityCache::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto known = places_.find(id);
  if (known == places_.end()) return std::nullopt;
  views_.splice(views_.begin(), views_, known->second);
  return *known->second;
}

}  // namespace intertie::api
