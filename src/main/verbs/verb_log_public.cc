// intertie log public: a witness of a hub's public log.
#include <filesystem>
#include <optional>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "intertie/api/public_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/hub/public_mirror.h"

#include "session/context.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kSavedBytesMax = core::limits::envelope_bytes_max;

/// What is kept between two looks: whose key it was, and the head as signed.
struct SavedHead {
  std::string key;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(SavedHead, (), (key, envelope))

/// A head that verifies.
struct SeenHead {
  crypto::PublicKey key;
  hub::PublicHead head;
  std::string envelope;
};

core::Result<SeenHead> open_head(const std::string& envelope, const std::string& key) {
  const auto parsed = crypto::parse_public_key(key);
  if (!parsed) return parsed.error();
  auto head = hub::open_public_head(envelope, *parsed);
  if (!head) return head.error();
  return SeenHead{*parsed, std::move(*head), envelope};
}

/// The key stands in the log's first leaf: its owner answers for all that follows.
core::Result<SeenHead> fetch_head(api_client::Client& client) {
  const auto view = client.get_public_head();
  if (!view) return view.error();
  const auto first = client.list_public_leaves(0, 1);
  if (!first) return first.error();
  if (first->leaves.empty()) return {core::Reason::not_found, "the public log has no leaves"};
  const auto leaf =
      codec::from_json<hub::PublicLeaf>(first->leaves.front().leaf, codec::Boundary::tolerant);
  if (!leaf) return leaf.error();
  return open_head(view->envelope, leaf->key);
}

core::Result<std::optional<SeenHead>> read_saved(const std::string& path) {
  if (!std::filesystem::exists(path)) return std::optional<SeenHead>();
  const auto text = read_file(path, kSavedBytesMax);
  if (!text) return text.error();
  const auto saved = codec::from_json<SavedHead>(*text, codec::Boundary::tolerant);
  if (!saved) return core::Error{saved.error().reason, path + ": " + saved.error().detail};
  auto seen = open_head(saved->envelope, saved->key);
  if (!seen) return core::Error{seen.error().reason, path + ": " + seen.error().detail};
  return std::optional(std::move(*seen));
}

core::Result<void> write_saved(const std::string& path, const SeenHead& seen) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
  return write_private_file(path,
                            codec::to_json(SavedHead{crypto::to_text(seen.key), seen.envelope}));
}

/// All leaves of the head; what came after it is left for the next look.
core::Result<void> fetch_leaves(api_client::Client& client, std::uint64_t size,
                                hub::PublicMirror& mirror) {
  while (mirror.size() < size) {
    const auto page = client.list_public_leaves(mirror.size(), core::limits::page_length_max);
    if (!page) return page.error();
    if (page->leaves.empty()) {
      return {core::Reason::record_forked, "the hub shows " + std::to_string(mirror.size()) +
                                               " leaves and signed " + std::to_string(size)};
    }
    for (const api::PublicLeafView& leaf : page->leaves) {
      if (mirror.size() == size) break;
      if (auto added = mirror.add(leaf.number, leaf.leaf, leaf.envelope); !added) return added;
    }
  }
  return {};
}

core::Result<crypto::MerkleProof> fetch_proof(api_client::Client& client,
                                              const std::optional<SeenHead>& saved,
                                              std::uint64_t size) {
  crypto::MerkleProof proof;
  if (!saved || saved->head.size == 0 || saved->head.size > size) return proof;
  const auto view = client.prove_consistency(saved->head.size, size);
  if (!view) return view.error();
  for (const std::string& text : view->proof) {
    const auto digest = crypto::parse_digest(text);
    if (!digest) return digest.error();
    proof.push_back(*digest);
  }
  return proof;
}

// Two heads that cannot both be true, each with the hub's signature: whoever has them can show that
// the hub told two histories. The earlier one stays where it is; the later one is kept beside it.
core::Error keep_evidence(const std::string& path, const SeenHead& seen, core::Error why) {
  const std::string place = path + ".fork-" + std::to_string(seen.head.size) + "-" +
                            seen.head.root.substr(seen.head.root.find(':') + 1, 12);
  const auto kept = write_saved(place, seen);
  why.detail += kept ? "; both signed heads are kept: " + path + " and " + place
                     : "; the later head could not be kept: " + kept.error().detail;
  return why;
}

Outcome show_head(const SeenHead& seen, const Terminal& terminal) {
  const hub::PublicHead& head = seen.head;
  const std::string text = "hub       " + head.hub + "\nkey       " + crypto::to_text(seen.key) +
                           "\nsize      " + std::to_string(head.size) + " leaves\nroot      " +
                           head.root + "\ntime      " + core::to_rfc3339(head.time) + "\n";
  return terminal.show_object(codec::encode(head), text, head.root);
}

Outcome show_found(const hub::PublicMirror& mirror, const SeenHead& seen,
                   const std::optional<SeenHead>& saved, const Terminal& terminal) {
  using hub::LeafKind;
  boost::json::object found;
  found["hub"] = seen.head.hub;
  found["size"] = seen.head.size;
  found["root"] = seen.head.root;
  found["sites"] = mirror.sites();
  std::string counts;
  for (const auto& [name, kind] :
       {std::pair("registrations", LeafKind::registration),
        std::pair("rotations", LeafKind::rotation), std::pair("revocations", LeafKind::revocation),
        std::pair("measurements", LeafKind::measurement),
        std::pair("settlements", LeafKind::settlement)}) {
    found[name] = mirror.count(kind);
    counts += (counts.empty() ? "" : ", ") + std::to_string(mirror.count(kind)) + " " + name;
  }
  if (saved) found["compared_with"] = saved->head.size;
  const std::string compared =
      saved ? "the " + std::to_string(saved->head.size) + " leaves seen before are unchanged"
            : "nothing was seen before; this head is kept for the next time";
  return terminal.show_object(found,
                              "sound: all " + std::to_string(seen.head.size) +
                                  " leaves stand in the signed tree\nhub       " + seen.head.hub +
                                  "\nroot      " + seen.head.root + "\nleaves    " + counts +
                                  "\nhistory   " + compared + "\n",
                              "sound");
}

}  // namespace

Outcome run_log_public(const Invocation& invocation, const Terminal& terminal) {
  const std::string what = invocation.operands.empty() ? "verify" : invocation.operands[0];
  if (what != "head" && what != "verify") {
    return make_complaint({core::Reason::bad_argument, "log public " + what},
                          "Say: intertie log public head, or: intertie log public verify.");
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const auto seen = fetch_head(session->client());
  if (!seen) return session->complain(seen.error());
  if (what == "head") return show_head(*seen, terminal);

  const std::string path = make_absolute(
      invocation.get("saved", get_data_home() + "/public-log-" + seen->head.hub + ".json"));
  const auto saved = read_saved(path);
  if (!saved) return make_complaint(saved.error());
  if (*saved && (*saved)->key != seen->key) {
    return make_complaint({core::Reason::bad_key, "the hub signed with another key before"},
                          "Ask the hub's operator. If the change is right, remove " + path + ".");
  }
  hub::PublicMirror mirror(seen->key, *saved ? std::optional((*saved)->head) : std::nullopt);
  core::Result<void> right = fetch_leaves(session->client(), seen->head.size, mirror);
  if (right) {
    const auto proof = fetch_proof(session->client(), *saved, seen->head.size);
    right = proof ? mirror.finish(seen->head, *proof) : core::Result<void>(proof.error());
  }
  if (!right) {
    const bool is_fork = right.error().reason == core::Reason::record_forked && saved->has_value();
    return session->complain(is_fork ? keep_evidence(path, *seen, right.error()) : right.error());
  }
  if (const auto kept = write_saved(path, *seen); !kept) return make_complaint(kept.error());
  return show_found(mirror, *seen, *saved, terminal);
}

}  // namespace intertie::cli
