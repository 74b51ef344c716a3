// Changing a site's keys so that a crash anywhere leaves the old ones or the new ones at work.
//
// FOLDER/rotation appears whole, by one rename: sign.key, tls.key, next.key, seal.key,
// former-seal.keys and request.json (what the hub is asked). With identity.json in it the hub has
// agreed, and the files are moved over the old ones, identity.json last. Without it the hub is
// asked again, which does no harm.
#include "intertie/service/site_rotation.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/envelope.h"

#include "clock.h"
#include "files.h"
#include "former_seal_keys.h"
#include "seal_key_file.h"
#include "site_hub_client.h"
#include "site_identity.h"
#include "site_journal.h"
#include "site_keys.h"
#include "site_record.h"

namespace intertie::service {
namespace {

constexpr std::size_t kRequestBytesMax = core::limits::envelope_bytes_max + 4096;

std::string get_pending(const std::string& folder) { return folder + "/rotation"; }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

core::Result<void> pass(const RotationHook& hook, RotationStep step) {
  if (!hook || hook(step)) return {};
  return core::Error{core::Reason::stopping, "the change of keys was stopped"};
}

core::Result<void> remove_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  if (failed) return {core::Reason::io_failed, path + ": " + failed.message()};
  return {};
}

core::Result<void> move_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return {};
  return make_io_error(from);
}

core::Result<void> write_key(const std::string& path, const crypto::KeyPair& key) {
  const crypto::Secret pem = key.export_private_pem();
  return write_file_durably(path, pem.reveal_text(), 0600);
}

// What the folder of a change holds beside sign.key, which is the next.key of before.
struct NewKeys {
  crypto::KeyPair tls = crypto::KeyPair::generate();
  crypto::KeyPair next = crypto::KeyPair::generate();
  crypto::SealKeyPair seal = crypto::SealKeyPair::generate();
};

core::Result<std::string> make_next_record(const SiteIdentity& identity, const SiteKeys& keys,
                                           const NewKeys& fresh) {
  const auto older = open_own_record(identity.record, identity);
  if (!older) return older.error();
  if (older->record.next_key_hash != crypto::compute_key_digest(keys.next.public_key())) {
    return {core::Reason::bad_key, "next.key: not the key that the record commits to"};
  }
  identity::RegistrationRecord record = make_next_version(*older, read_clock());
  record.next_key_hash = crypto::compute_key_digest(fresh.next.public_key());
  std::erase_if(record.keys, [](const identity::RecordKey& key) {
    return key.purpose == identity::KeyPurpose::sign || key.purpose == identity::KeyPurpose::tls ||
           key.purpose == identity::KeyPurpose::seal;
  });
  record.keys.push_back(
      identity::make_record_key(identity::KeyPurpose::tls, fresh.tls.public_key()));
  record.keys.push_back(identity::make_record_key(fresh.seal.public_key()));
  record.keys.push_back(
      identity::make_record_key(identity::KeyPurpose::sign, keys.next.public_key()));
  auto envelope = identity::seal_envelope(identity::kRecordType, codec::to_json(record), keys.sign);
  if (!envelope) return envelope;
  return identity::add_signature(*envelope, keys.next);
}

// The hub may have signed a version alone (stale, suspended) while the agent was stopped.
core::Result<void> refresh_identity(SiteIdentity& identity, const SiteKeys& keys) {
  const auto clients =
      SiteHubClients::create({identity.hub_address, identity.hub_fingerprint}, keys);
  if (!clients) return clients.error();
  net::HttpClient client = clients->make_client(core::limits::request_timeout);
  const auto present = fetch_own_record(client, identity, keys.sign.public_key());
  // A hub of the version before has no such route, and signs no such version.
  if (present || present.error().reason == core::Reason::not_found) return {};
  return present.error();
}

core::Result<void> prepare(const std::string& folder, const SiteIdentity& identity,
                           const SiteKeys& keys) {
  const auto rows = read_last_row(folder, keys.sign);
  if (!rows) return rows.error();
  const NewKeys made;
  const auto record = make_next_record(identity, keys, made);
  if (!record) return record.error();
  const std::string fresh = folder + "/rotation.new";
  auto done = remove_folder(fresh);
  if (done) done = make_private_folder(fresh);
  if (done) done = write_key(fresh + "/sign.key", keys.next);
  if (done) done = write_key(fresh + "/tls.key", made.tls);
  if (done) done = write_key(fresh + "/next.key", made.next);
  if (done) done = write_seal_key(fresh + "/seal.key", made.seal);
  if (done) done = write_former_seal_keys(folder, fresh, keys.seal, read_clock());
  if (done) {
    done = write_file_durably(fresh + "/request.json",
                              codec::to_json(api::KeysRequest{*record, *rows}), 0600);
  }
  if (done) done = move_file(fresh, get_pending(folder));
  if (done) done = sync_folder(folder);
  return done;
}

// One try with the old certificate, one with the new: it is not known which one the hub knows.
core::Result<std::string> ask_hub(const std::string& folder, const SiteIdentity& identity,
                                  const std::string& request) {
  core::Error refusal{core::Reason::unreachable, identity.hub_address};
  for (const std::string& from : {folder, get_pending(folder)}) {
    const auto pem = read_private_file(from + "/tls.key", core::limits::certificate_bytes_max);
    if (!pem) return pem.error();
    const auto key = crypto::import_private_pem(*pem);
    if (!key) return key.error();
    const auto certificate = create_site_certificate(*key, identity.site, read_clock());
    if (!certificate) return certificate.error();
    const auto clients = SiteHubClients::create({identity.hub_address, identity.hub_fingerprint},
                                                *key, *certificate);
    if (!clients) return clients.error();
    net::HttpClient client = clients->make_client(core::limits::request_timeout);
    auto text = post_json(client, "/site/v1/keys", request);
    if (text || text.error().reason != core::Reason::certificate_refused) return text;
    refusal = text.error();
  }
  return refusal;
}

// Whether the hub has surely not agreed, and will not.
bool is_final(const core::Error& error) {
  switch (error.reason) {
    case core::Reason::bad_key:
    case core::Reason::bad_field:
    case core::Reason::bad_syntax:
    case core::Reason::bad_signature:
    case core::Reason::stale_sequence:
    case core::Reason::record_forked:
    case core::Reason::record_expired:
    case core::Reason::out_of_range:
    case core::Reason::already_exists:
    case core::Reason::already_final:
    case core::Reason::busy:
      return true;
    default:
      return false;
  }
}

// That the answer is what was asked, with the hub's signature.
core::Result<identity::SignedRecord> check_answer(const std::string& text,
                                                  const SiteIdentity& identity,
                                                  const std::string& asked) {
  const auto answer = codec::from_json<api::KeysAnswer>(text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto hub_key = crypto::parse_public_key(identity.hub_sign_key);
  if (!hub_key) return hub_key.error();
  auto record = hub::open_site_record(answer->record, *hub_key);
  if (!record) return record;
  const auto payload = identity::read_unverified_payload(asked, identity::kRecordType);
  if (!payload) return payload.error();
  if (record->hash == crypto::compute_sha256(*payload)) return record;
  return {core::Reason::bad_signature, "the hub's answer is another record than was asked for"};
}

core::Result<void> agree(const std::string& folder, const RotationHook& hook) {
  auto identity = read_site_identity(folder);
  if (!identity) return identity.error();
  const auto request = read_whole_file(get_pending(folder) + "/request.json", kRequestBytesMax);
  if (!request) return request.error();
  const auto asked = codec::from_json<api::KeysRequest>(*request, codec::Boundary::tolerant);
  if (!asked) return asked.error();
  const auto text = ask_hub(folder, *identity, *request);
  if (!text) {
    if (is_final(text.error())) {
      if (auto removed = remove_folder(get_pending(folder)); !removed) return removed;
    }
    return text.error();
  }
  auto record = check_answer(*text, *identity, asked->record);
  if (!record) return record.error();
  if (auto passed = pass(hook, RotationStep::agreed); !passed) return passed;
  identity->record = std::move(record->envelope);
  return write_site_identity(get_pending(folder), *identity);
}

core::Result<void> switch_files(const std::string& folder, const RotationHook& hook) {
  struct Move {
    const char* name;
    RotationStep step;
  };
  constexpr std::array kMoves = {Move{"/sign.key", RotationStep::sign_moved},
                                 Move{"/tls.key", RotationStep::tls_moved},
                                 Move{"/next.key", RotationStep::next_moved},
                                 Move{kFormerSealKeysFile, RotationStep::former_seal_moved},
                                 Move{"/seal.key", RotationStep::seal_moved},
                                 Move{"/identity.json", RotationStep::identity_moved}};
  for (const Move& each : kMoves) {
    auto done = move_file(get_pending(folder) + each.name, folder + each.name);
    if (done) done = sync_folder(folder);
    if (done) done = pass(hook, each.step);
    if (!done) return done;
  }
  return {};
}

// From wherever a change stands to its end.
core::Result<void> finish(const std::string& folder, const RotationHook& hook) {
  const std::string pending = get_pending(folder);
  const bool is_moved = !exists(pending + "/identity.json") && !exists(pending + "/sign.key");
  if (!is_moved) {
    if (!exists(pending + "/identity.json")) {
      if (auto agreed = agree(folder, hook); !agreed) return agreed;
      if (auto passed = pass(hook, RotationStep::accepted); !passed) return passed;
    }
    if (auto done = switch_files(folder, hook); !done) return done;
  }
  if (auto removed = remove_folder(pending); !removed) return removed;
  return sync_folder(folder);
}

core::Result<RotatedKeys> read_result(const std::string& folder) {
  const auto identity = read_site_identity(folder);
  if (!identity) return identity.error();
  const auto hub_key = crypto::parse_public_key(identity->hub_sign_key);
  if (!hub_key) return hub_key.error();
  const auto record = hub::open_site_record(identity->record, *hub_key);
  if (!record) return record.error();
  const auto keys = hub::read_site_keys(record->record);
  if (!keys) return keys.error();
  return RotatedKeys{identity->site, record->record.seq, keys->sign};
}

}  // namespace

core::Result<RotatedKeys> rotate_site_keys(const std::string& folder, const RotationHook& hook) {
  if (!exists(get_pending(folder))) {
    auto identity = read_site_identity(folder);
    if (!identity) return identity.error();
    const auto keys = open_site_keys(folder, identity->site, read_clock());
    if (!keys) return keys.error();
    if (auto fresh = refresh_identity(*identity, *keys); !fresh) return fresh.error();
    if (auto done = prepare(folder, *identity, *keys); !done) return done.error();
    if (auto passed = pass(hook, RotationStep::prepared); !passed) return passed.error();
  }
  if (auto done = finish(folder, hook); !done) return done.error();
  return read_result(folder);
}

core::Result<void> finish_site_rotation(const std::string& folder) {
  if (!exists(get_pending(folder))) return {};
  return finish(folder, {});
}

}  // namespace intertie::service
