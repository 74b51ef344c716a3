// A site's keys change, or count no more.
#include "site_keys.h"

#include <string>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"

#include "decisions.h"

namespace intertie::hub {
namespace {

core::Result<void> check_new_keys(const State& state, const SiteState& site,
                                  const SiteRecordKeys& keys) {
  const auto sign = crypto::parse_public_key(keys.sign);
  if (!sign) return sign.error();
  if (site.record->next_key_hash != crypto::compute_key_digest(*sign)) {
    return {core::Reason::bad_key, "record: the signing key is not the one committed to"};
  }
  if (keys.seal.empty() && !site.seal_key.empty()) {
    return {core::Reason::bad_field, "record: the sealing key is gone"};
  }
  for (const SiteState& other : state.sites) {
    if (&other != &site && other.tls_key == keys.tls) {
      return {core::Reason::already_exists, "record: another site has this TLS key"};
    }
  }
  return {};
}

}  // namespace

core::Result<void> check_record_place(const SiteState& site, const identity::SignedRecord& newer) {
  if (identity::to_text(newer.record.id) != site.site.identifier) {
    return {core::Reason::bad_field, "record: of another identifier"};
  }
  if (newer.record.seq != site.record->seq + 1) {
    return {core::Reason::stale_sequence, "record: version " + std::to_string(newer.record.seq) +
                                              " after " + std::to_string(site.record->seq)};
  }
  if (newer.record.prev_hash != site.record->hash) {
    return {core::Reason::record_forked, "record: it follows another version"};
  }
  return {};
}

std::optional<crypto::PublicKey> find_site_key(const SiteState& site, const crypto::Digest& key_id,
                                               std::uint64_t row) {
  const auto match = [&key_id](const std::string& text) -> std::optional<crypto::PublicKey> {
    const auto key = crypto::parse_public_key(text);
    if (!key || crypto::compute_key_digest(*key) != key_id) return std::nullopt;
    return *key;
  };
  if (auto key = match(site.sign_key)) return key;
  if (row > site.former_key_rows || site.former_sign_keys.empty()) return std::nullopt;
  return match(site.former_sign_keys.back());
}

core::Result<Reply> decide(Context& context, const RotateSiteKeys& command) {
  const State& state = context.state;
  const auto found = get_site_state(state, command.site);
  if (!found) return found.error();
  const SiteState& site = **found;
  if (site.is_revoked) return {core::Reason::already_final, "site " + site.site.name};
  if (!site.record) return {core::Reason::bad_key, "the site has no record with a next key"};
  const auto hub_key = crypto::parse_public_key(state.facts.sign_key);
  if (!hub_key) return hub_key.error();
  const auto newer = open_site_record(command.record_envelope, *hub_key);
  if (!newer) return newer.error();
  if (newer->hash == site.record->hash) return Reply{Done{}};  // Asked again after a lost answer.
  if (const auto right = check_record_place(site, *newer); !right) return right.error();
  const auto keys = read_site_keys(newer->record);
  if (!keys) return keys.error();
  if (const auto right = check_new_keys(state, site, *keys); !right) return right.error();
  const auto old_key = crypto::parse_public_key(site.sign_key);
  if (!old_key || !has_signed(*newer, *old_key)) {
    return {core::Reason::bad_signature, "record: the old key has not signed"};
  }
  const std::uint64_t received = site.inbox.received;
  if (received < site.former_key_rows) {
    return {core::Reason::busy, "rows signed before the last change of keys have not all arrived"};
  }
  if (command.rows < received || command.rows - received > core::limits::outbox_rows_max) {
    return {core::Reason::out_of_range,
            "rows: from what this hub has received on, at most "
            "outbox_rows_max more"};
  }
  context.emit(SiteKeysRotated{command.site, keys->sign, keys->tls, make_record_facts(*newer),
                               command.rows, keys->seal},
               command.record_envelope);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const RevokeSite& command) {
  const State& state = context.state;
  const auto found = get_site_state(state, command.site);
  if (!found) return found.error();
  const SiteState& site = **found;
  if (site.is_revoked) return {core::Reason::already_final, "site " + site.site.name};
  if (!site.record) return {core::Reason::bad_key, "the site has no record"};
  const auto hub_key = crypto::parse_public_key(state.facts.sign_key);
  if (!hub_key) return hub_key.error();
  const auto last = identity::open_record(command.record_envelope, {*hub_key, std::nullopt});
  if (!last) return last.error();
  if (const auto right = check_record_place(site, *last); !right) return right.error();
  if (last->record.status != identity::RecordStatus::revoked || !last->record.revocation_reason) {
    return {core::Reason::bad_field, "record: its status is not revoked"};
  }
  // Its tasks go on until they end or the site counts as lost; nothing new starts there.
  context.emit(SiteStatusChanged{command.site, site.status, "revoked by the registry", true});
  context.emit(SiteRevoked{command.site, make_record_facts(*last), *last->record.revocation_reason},
               command.record_envelope);
  return Reply{Done{}};
}

}  // namespace intertie::hub
