// intertie data: datasets on the hub.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "intertie/codec/json.h"
#include "intertie/transfer/dataset_name.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/dataset_files.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kDatasetMissing = "List what you have: intertie data ls.";

// "data:1234abcd..." is long: people see its beginning, programs all of it.
Cell make_id_cell(const api::DatasetView& view) { return {view.id.substr(0, 17), view.id}; }

std::string describe_policy(const transfer::DataPolicy& policy) {
  std::string text;
  const auto add = [&text](std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    text += (text.empty() ? "" : "; ") + std::string(name);
    for (const std::string& value : values) text += " " + value;
  };
  add("readers", policy.readers);
  add("regions", policy.regions);
  if (policy.keep_until) {
    text += (text.empty() ? "until " : "; until ") + core::to_rfc3339(*policy.keep_until);
  }
  return text;
}

Listing make_dataset_listing() {
  Listing listing;
  listing.columns = {{"id", "ID"},         {"name", "NAME"},
                     {"region", "REGION"}, {"bytes", "SIZE", Align::right},
                     {"state", "STATE"},   {"policy", "POLICY"}};
  return listing;
}

void add_row(Listing& listing, const api::DatasetView& view) {
  std::string state = view.is_complete ? "here"
                                       : std::to_string(view.chunks_here) + " of " +
                                             std::to_string(view.chunks) + " chunks";
  if (view.is_pinned) state += ", pinned";
  listing.rows.push_back({make_id_cell(view), Cell(view.name), Cell(view.region),
                          Cell(short_bytes(view.size_bytes), std::to_string(view.size_bytes.count)),
                          Cell(state), Cell(describe_policy(view.policy))});
}

// A key as people give it: a bare name is one of their own.
std::string complete_key(const std::string& text) {
  return transfer::is_dataset_key(text) ? text : "data://" + text;
}

boost::json::value to_object(const api::DatasetView& view) { return codec::encode(view); }

Outcome show_one(const api::DatasetView& view, const Terminal& terminal) {
  Listing listing = make_dataset_listing();
  add_row(listing, view);
  return terminal.show(listing, boost::json::array{to_object(view)}, "");
}

// What --region says, or all regions.
core::Result<HubSession> open_in_region(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (session) session->client().set_region(invocation.get("region", "*"));
  return session;
}

// Finds a dataset; what follows is about that copy.
core::Result<api::DatasetView> find_copy(HubSession& session, const Invocation& invocation,
                                         const std::string& text) {
  session.client().set_region(invocation.get("region", "*"));
  auto view = session.client().find_dataset(complete_key(text));
  if (view) session.client().set_region(view->region);
  return view;
}

std::string describe(const api::DatasetView& view) {
  return view.id.substr(0, 17) + (view.name.empty() ? "" : " (data://" + view.name + ")") + ", " +
         short_bytes(view.size_bytes) + " in region " + view.region;
}

using Change = core::Result<api::DatasetView> (*)(HubSession&, const std::string&);

Outcome change_all(const Invocation& invocation, const Terminal& terminal, Change change) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  Listing listing = make_dataset_listing();
  boost::json::array objects;
  for (const std::string& text : invocation.operands) {
    const auto found = find_copy(*session, invocation, text);
    if (!found) return session->complain(found.error(), kDatasetMissing);
    if (invocation.has("dry-run")) {
      tell_rehearsal(terminal,
                     std::string(invocation.verb->path.substr(5)) + " " + describe(*found));
      continue;
    }
    const auto view = change(*session, found->id);
    if (!view) return session->complain(view.error(), kDatasetMissing);
    add_row(listing, *view);
    objects.push_back(to_object(*view));
  }
  if (invocation.has("dry-run")) return kDone;
  return terminal.show(listing, objects, "");
}

/// Says what sending would send: nothing of what the hub has.
std::optional<Complaint> rehearse_put(const std::string& path, HubSession& session,
                                      const Terminal& terminal) {
  const auto manifest = read_manifest(path, terminal);
  if (!manifest) return make_complaint(manifest.error());
  const core::Bytes size{static_cast<std::int64_t>(manifest->size)};
  const auto known =
      session.client().find_dataset(transfer::format_dataset(transfer::compute_root(*manifest)));
  if (!known && known.error().reason != core::Reason::not_found) {
    return session.complain(known.error());
  }
  tell_rehearsal(terminal, known && known->is_complete
                               ? "send nothing of " + path + ": the hub has it"
                               : "send " + path + ", " + short_bytes(size) + " in " +
                                     std::to_string(manifest->chunks.size()) + " chunks");
  return std::nullopt;
}

}  // namespace

Outcome run_data_put(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  api_client::DatasetSettings settings;
  session->client().set_region(invocation.get("region", ""));
  settings.name = invocation.get("name", "");
  settings.is_pinned = invocation.has("pin");
  settings.readers = invocation.get("readers", "");
  settings.regions = invocation.get("regions", "");
  settings.classification = invocation.get("classification", "");
  settings.keep_until = invocation.get("keep-until", "");
  if (!settings.name.empty() && invocation.operands.size() > 1) {
    return make_complaint({core::Reason::bad_argument, "--name: for one file only"});
  }
  Listing listing;
  listing.columns = {{"digest", "DIGEST"}, {"bytes", "SIZE", Align::right},
                     {"file", "FILE"},     {"id", "ID"},
                     {"name", "NAME"},     {"region", "REGION"}};
  boost::json::array objects;
  for (const std::string& path : invocation.operands) {
    if (invocation.has("dry-run")) {
      if (auto complaint = rehearse_put(path, *session, terminal)) return *std::move(complaint);
      continue;
    }
    const auto view = send_file(path, settings, *session, terminal);
    if (!view) return session->complain(view.error());
    listing.rows.push_back(
        {Cell(view->digest),
         Cell(short_bytes(view->size_bytes), std::to_string(view->size_bytes.count)), Cell(path),
         make_id_cell(*view), Cell(view->name), Cell(view->region)});
    boost::json::object object = to_object(*view).as_object();
    object["file"] = path;
    object["bytes"] = view->size_bytes.count;
    objects.push_back(object);
  }
  if (invocation.has("dry-run")) return kDone;
  return terminal.show(listing, objects, "");
}

Outcome run_data_ls(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = open_in_region(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  Listing listing = make_dataset_listing();
  boost::json::array objects;
  const auto add = [&](const api::DatasetView& view) {
    add_row(listing, view);
    objects.push_back(to_object(view));
  };
  if (invocation.operands.empty()) {
    const auto list = session->client().list_datasets();
    if (!list) return session->complain(list.error());
    for (const api::DatasetView& view : list->datasets) add(view);
    for (const api::SilentRegionView& one : list->silent) {
      terminal.say("region " + one.region + " is not in the list: " + one.why);
    }
    return terminal.show(listing, objects, "No datasets. Send one: intertie data put FILE.");
  }
  bool has_all = true;
  for (const std::string& text : invocation.operands) {
    const auto view = session->client().find_dataset(complete_key(text));
    if (view) {
      add(*view);
    } else if (view.error().reason == core::Reason::not_found) {
      has_all = false;
      terminal.say(text + ": not here");
    } else {
      return session->complain(view.error());
    }
  }
  terminal.show(listing, objects, "");
  return has_all ? kDone : kFailed;
}

Outcome run_data_get(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const auto view = find_copy(*session, invocation, invocation.operands[0]);
  if (!view) return session->complain(view.error(), kDatasetMissing);
  const std::string target = invocation.get("to", "");
  const auto done = target.empty() ? print_dataset(*view, *session, terminal)
                                   : fetch_file(*view, target, *session, terminal);
  if (!done) return session->complain(done.error());
  if (!target.empty()) terminal.say("wrote " + target);
  return kDone;
}

Outcome run_data_show(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const auto view = find_copy(*session, invocation, invocation.operands[0]);
  if (!view) return session->complain(view.error(), kDatasetMissing);
  if (terminal.format() != Format::table || terminal.is_quiet()) return show_one(*view, terminal);
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    if (!value.empty())
      text += std::string(name) + std::string(12 - name.size(), ' ') + value + "\n";
  };
  line("id", view->id);
  line("name", view->name.empty() ? "" : "data://" + view->name);
  line("owner", view->owner);
  line("region", view->region);
  line("size", core::to_text(view->size_bytes));
  line("digest", view->digest);
  line("chunks", std::to_string(view->chunks_here) + " of " + std::to_string(view->chunks) +
                     " here, " + core::to_text(core::Bytes{view->chunk_bytes}) + " each");
  line("pinned", view->is_pinned ? "yes" : "no");
  line("policy", describe_policy(view->policy));
  line("created", core::to_rfc3339(view->created));
  line("last used", core::to_rfc3339(view->last_used));
  return terminal.show_object(to_object(*view), text, view->id);
}

Outcome run_data_pin(const Invocation& invocation, const Terminal& terminal) {
  return change_all(invocation, terminal, [](HubSession& session, const std::string& id) {
    return session.client().pin_dataset(id, true);
  });
}

Outcome run_data_unpin(const Invocation& invocation, const Terminal& terminal) {
  return change_all(invocation, terminal, [](HubSession& session, const std::string& id) {
    return session.client().pin_dataset(id, false);
  });
}

Outcome run_data_rm(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  // All are found before one is removed: a mistyped name among them should cost nothing.
  std::vector<api::DatasetView> found;
  std::string what;
  for (const std::string& text : invocation.operands) {
    const auto one = find_copy(*session, invocation, text);
    if (!one) return session->complain(one.error(), kDatasetMissing);
    what += (found.empty() ? "" : "; ") + describe(*one);
    found.push_back(*one);
  }
  if (invocation.has("dry-run")) return tell_rehearsal(terminal, "remove " + what);
  if (auto complaint = require_consent(invocation, terminal, "This removes " + what + ".")) {
    return *std::move(complaint);
  }
  for (const api::DatasetView& one : found) {
    session->client().set_region(one.region);
    const auto done = session->client().remove_dataset(one.id);
    if (!done) return session->complain(done.error(), kDatasetMissing);
    terminal.say("removed " + one.id);
  }
  return kDone;
}

}  // namespace intertie::cli
