#include "router_core.h"

#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/certificate.h"

namespace intertie::api {
namespace {

constexpr std::string_view kBearer = "Bearer ";

// What a token's principal is, as the state has it.
std::optional<Caller> find_caller(const hub::State& state, const TokenClaims& claims) {
  const auto found = state.principal_handles.find(claims.sub);
  if (found == state.principal_handles.end()) return std::nullopt;
  Caller caller;
  caller.principal = found->second;
  caller.name = claims.sub;
  caller.role = state.principals[found->second].role;
  const auto scopes = parse_scopes(claims.scopes);
  if (!scopes) return std::nullopt;
  const bool has_all = (*scopes & scope_bit(Scope::admin)) != 0;
  const ScopeSet allowed = get_scopes_of(caller.role);
  caller.scopes = has_all ? allowed : static_cast<ScopeSet>(*scopes & allowed);
  caller.expires = claims.exp;
  return caller;
}

DirectoryPointer make_directory(const hub::State& state) {
  auto directory = std::make_shared<Directory>();
  directory->hub = state.facts;
  directory->topology = state.topology;
  for (const hub::Principal& principal : state.principals) {
    directory->principals.push_back(principal.name);
  }
  for (std::uint32_t account = 0; account < state.ledger.account_count(); ++account) {
    directory->accounts.push_back(
        state.ledger.find_account(ledger::AccountHandle{account})->terms.name);
  }
  for (const hub::SiteState& site : state.sites) {
    directory->sign_keys.push_back(site.former_sign_keys);
    directory->sign_keys.back().push_back(site.sign_key);
  }
  for (const hub::PeerState& peer : state.peers) directory->peers.push_back(peer.terms);
  return directory;
}

bool covers(const Directory& directory, const DirectoryNeed& need) {
  return directory.topology->pool_count() >= need.pools &&
         directory.principals.size() >= need.principals &&
         directory.accounts.size() >= need.accounts && directory.peers.size() >= need.peers;
}

}  // namespace

void RouterCore::authenticate(const CallPointer& call, std::function<void()> then) {
  const std::string_view header = call->request.authorization;
  if (header.empty()) return fail(*call, {core::Reason::not_signed_in, ""});
  if (header.substr(0, kBearer.size()) != kBearer) {
    return fail(*call, {core::Reason::bad_token, "expected: Authorization: Bearer TOKEN"});
  }
  const std::string token(header.substr(kBearer.size()));
  const core::Time now = backend_.now();
  const crypto::Digest digest = crypto::compute_sha256(token);
  {
    const std::lock_guard lock(mutex_);
    const auto known = tokens_.find(digest);
    if (known != tokens_.end() && now < known->second.expires) call->caller = known->second;
  }
  if (!call->caller.name.empty()) return then();
  use_directory(
      call, {},
      [this, call, token, digest, then = std::move(then)](const DirectoryPointer& directory) {
        auto claims = read_token_of(backend_, token, directory->hub.id);
        if (!claims) return fail(*call, claims.error());
        look_then(
            call,
            [claims = std::move(*claims)](const hub::HubMachine& machine) {
              return find_caller(machine.state(), claims);
            },
            [this, call, digest, then](std::optional<Caller> caller) {
              if (!caller)
                return fail(*call, {core::Reason::bad_token, "the token does not verify"});
              remember(digest, *caller);
              call->caller = std::move(*caller);
              then();
            });
      });
}

void RouterCore::remember(const crypto::Digest& digest, const Caller& caller) {
  const core::Time now = backend_.now();
  const std::lock_guard lock(mutex_);
  if (tokens_.size() >= core::limits::tokens_cached_max) {
    boost::unordered::erase_if(tokens_,
                               [&](const auto& known) { return known.second.expires <= now; });
    if (tokens_.size() >= core::limits::tokens_cached_max) tokens_.clear();
  }
  tokens_.insert_or_assign(digest, caller);
}

core::Result<RouterCore::KnownPeer> RouterCore::check_peer(const std::string& der) {
  const core::Time now = backend_.now();
  const crypto::Digest digest = crypto::compute_sha256(der);
  {
    const std::lock_guard lock(mutex_);
    const auto known = peers_.find(digest);
    if (known != peers_.end() && now < known->second.expires) return known->second;
  }
  const auto peer = crypto::check_process_certificate(crypto::as_bytes(der), now);
  if (!peer) return peer.error();
  const auto facts = crypto::read_certificate_der(crypto::as_bytes(der));
  if (!facts) return facts.error();
  KnownPeer known{crypto::to_text(peer->key), facts->not_after};
  const std::lock_guard lock(mutex_);
  if (peers_.size() >= core::limits::tokens_cached_max) peers_.clear();
  peers_.insert_or_assign(digest, known);
  return known;
}

void RouterCore::authenticate_site(const CallPointer& call, bool may_be_unknown,
                                   std::function<void()> then) {
  if (call->request.peer_certificate_der.empty()) {
    return fail(*call, {core::Reason::certificate_refused, "a client certificate is needed"});
  }
  auto peer = check_peer(call->request.peer_certificate_der);
  if (!peer) return fail(*call, peer.error());
  call->peer_key = peer->key;
  if (may_be_unknown) return then();
  std::optional<std::uint32_t> site;
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sites_by_key_.find(peer->key);
    if (known != sites_by_key_.end()) site = known->second;
    changes = key_changes_;
  }
  if (site) {
    call->site = *site;
    return then();
  }
  look_then(
      call,
      [key = peer->key](const hub::HubMachine& machine) -> std::optional<std::uint32_t> {
        for (const hub::SiteState& one : machine.state().sites) {
          if (one.tls_key == key) return one.site.handle.index;
        }
        return std::nullopt;
      },
      [this, call, changes, then = std::move(then)](std::optional<std::uint32_t> found) {
        if (!found) {
          return fail(*call, {core::Reason::certificate_refused, "no site has this key"});
        }
        {
          const std::lock_guard lock(mutex_);
          if (changes == key_changes_) sites_by_key_.insert_or_assign(call->peer_key, *found);
        }
        call->site = *found;
        then();
      });
}

void RouterCore::authenticate_peer(const CallPointer& call, std::function<void()> then) {
  if (call->request.peer_certificate_der.empty()) {
    return fail(*call, {core::Reason::certificate_refused, "a client certificate is needed"});
  }
  auto peer = check_peer(call->request.peer_certificate_der);
  if (!peer) return fail(*call, peer.error());
  call->peer_key = peer->key;
  std::optional<std::uint32_t> handle;
  {
    const std::lock_guard lock(mutex_);
    const auto known = hubs_by_key_.find(peer->key);
    if (known != hubs_by_key_.end()) handle = known->second;
  }
  if (handle) {
    call->peer = *handle;
    return then();
  }
  look_then(
      call,
      [key = peer->key](const hub::HubMachine& machine) -> std::optional<std::uint32_t> {
        const auto& peers = machine.state().peers;
        for (std::uint32_t one = 0; one < peers.size(); ++one) {
          if (peers[one].terms.tls_key == key) return one;
        }
        return std::nullopt;
      },
      [this, call, then = std::move(then)](std::optional<std::uint32_t> found) {
        if (!found) {
          return fail(*call, {core::Reason::certificate_refused, "no peer has this key"});
        }
        {
          const std::lock_guard lock(mutex_);
          hubs_by_key_.insert_or_assign(call->peer_key, *found);
        }
        call->peer = *found;
        then();
      });
}

void RouterCore::forget_site(std::uint32_t site) {
  const std::lock_guard lock(mutex_);
  ++key_changes_;
  directory_.reset();
  boost::unordered::erase_if(sites_by_key_,
                             [site](const auto& known) { return known.second == site; });
}

void RouterCore::use_directory(const CallPointer& call, const DirectoryNeed& need,
                               std::function<void(DirectoryPointer)> then) {
  DirectoryPointer known;
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    known = directory_;
    changes = key_changes_;
  }
  if (known && covers(*known, need)) return then(std::move(known));
  look_then(
      call, [](const hub::HubMachine& machine) { return make_directory(machine.state()); },
      [this, call, need, changes, then = std::move(then)](const DirectoryPointer& directory) {
        if (!covers(*directory, need)) {
          return fail(*call, {core::Reason::internal, "a record names an unknown handle"});
        }
        if (!directory->hub.id.empty()) {
          const std::lock_guard lock(mutex_);
          if (changes == key_changes_) directory_ = directory;
        }
        then(directory);
      });
}

std::string RouterCore::make_nonce() {
  const std::string seed = "intertie nonce " + std::to_string(backend_.now().micros) + " " +
                           std::to_string(nonces_.fetch_add(1));
  const crypto::Signature signature = backend_.token_key().sign(seed);
  const crypto::Digest digest = crypto::compute_sha256(signature.bytes);
  return crypto::encode_base64url(crypto::ByteView(digest.bytes).first(16));
}

}  // namespace intertie::api
