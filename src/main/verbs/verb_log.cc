// intertie log: looking at a store's folder without a hub.
#include <algorithm>
#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/engine/index_rebuild.h"
#include "intertie/hub/events.h"
#include "intertie/hub/machine.h"
#include "intertie/storage/verify.h"
#include "intertie/storage_sqlite/sqlite_store.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/counting_reader.h"
#include "session/progress.h"
#include "session/serving.h"
#include "session/store_view.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kRecordsShown = 50;

/// Holds a hub's index against its log; an agent's journal has none. What an interrupted rebuild
/// left is not damage: the hub's next start completes it.
core::Result<std::vector<std::string>> find_index_damage(storage::Reader& reader,
                                                         storage::LogIndex indexed_up_to) {
  bool is_hub = false;
  const auto look = [&](const storage::HeadView& head) {
    const auto event = hub::HubMachine::decode(head.kind, head.version, head.head);
    is_hub = event && std::holds_alternative<hub::HubCreated>(*event);
    return false;
  };
  if (auto read = reader.read_heads(1, 1, look); !read) return read.error();
  const auto before = reader.read_last();
  if (!before) return before.error();
  if (!is_hub || indexed_up_to != before->index) return std::vector<std::string>();
  hub::HubMachine machine;
  auto damages = engine::find_index_damage(machine, reader);
  if (!damages) return damages.error();
  const auto after = reader.read_last();
  if (!after) return after.error();
  // A hub that is at work moves both under our eyes.
  if (after->index != before->index) damages->clear();
  return damages;
}

std::string_view part_name(storage::DamagedPart part) {
  switch (part) {
    case storage::DamagedPart::record:
      return "record";
    case storage::DamagedPart::body:
      return "body";
    case storage::DamagedPart::snapshot:
      return "snapshot";
    case storage::DamagedPart::store:
      return "store";
  }
  return "";
}

boost::json::object make_report(const storage::VerifyReport& report) {
  boost::json::array damages;
  for (const storage::Damage& damage : report.damages) {
    damages.push_back(boost::json::object{
        {"index", damage.index}, {"part", part_name(damage.part)}, {"detail", damage.detail}});
  }
  return {{"is_sound", report.is_sound()},
          {"last_index", report.last.index},
          {"chain", crypto::to_text(report.last.chain)},
          {"records", report.records},
          {"bodies", report.bodies},
          {"bodies_erased", report.bodies_erased},
          {"snapshots", report.snapshots},
          {"indexed_up_to", report.indexed_up_to},
          {"damages", damages}};
}

std::string render_report(const storage::VerifyReport& report) {
  std::string text = report.is_sound() ? "sound" : "DAMAGED";
  text += ": " + std::to_string(report.records) + " records, " + std::to_string(report.bodies) +
          " bodies (" + std::to_string(report.bodies_erased) + " erased), " +
          std::to_string(report.snapshots) + " snapshots\nlast      " +
          std::to_string(report.last.index) + "\nchain     " + crypto::to_text(report.last.chain) +
          "\n";
  for (const storage::Damage& damage : report.damages) {
    text += "damage    " + std::string(part_name(damage.part)) +
            (damage.index == 0 ? "" : " " + std::to_string(damage.index)) + ": " + damage.detail +
            "\n";
  }
  return text;
}

/// The event's name and head as JSON; a store of an agent has other events: their kind's number.
std::pair<std::string, boost::json::value> describe(const storage::HeadView& head) {
  const core::Result<hub::Event> event =
      hub::HubMachine::decode(head.kind, head.version, head.head);
  if (!event) return {"kind " + std::to_string(head.kind), nullptr};
  return std::visit(
      [](const auto& facts) -> std::pair<std::string, boost::json::value> {
        using Facts = std::decay_t<decltype(facts)>;
        return {std::string(codec::type_of<Facts>().name), codec::encode(facts)};
      },
      *event);
}

}  // namespace

Outcome run_log_verify(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<StoreView> view = open_store(invocation.operands[0]);
  if (!view) return make_complaint(view.error());
  const core::Result<storage::LogPosition> last = view->reader->read_last();
  if (!last) return make_complaint(last.error());
  CountingReader reader(*view->reader);
  // Heads are read once for the chain and once to hold the index against them.
  std::optional<ProgressThread> progress(std::in_place, terminal, "verifying", [&] {
    return WorkSeen{reader.count(), 2 * last->index, std::to_string(last->index) + " records",
                    false};
  });
  const core::Result<storage::VerifyReport> report =
      storage::verify_store(reader, *view->snapshots);
  if (!report) return make_complaint(report.error());
  // A damaged log cannot say what the index should be.
  const core::Result<std::vector<std::string>> index =
      report->is_sound() ? find_index_damage(reader, report->indexed_up_to)
                         : std::vector<std::string>();
  progress.reset();
  if (!index) return make_complaint(index.error());
  const bool is_sound = report->is_sound() && index->empty();
  boost::json::object object = make_report(*report);
  object["is_sound"] = is_sound;
  object["index_damages"] = boost::json::array(index->begin(), index->end());
  std::string text = render_report(*report);
  for (const std::string& each : *index) text += "index     DAMAGED, " + each + "\n";
  if (!index->empty()) text += "fix       stop the hub, then: intertie log reindex FOLDER\n";
  terminal.show_object(object, text, is_sound ? "sound" : "damaged");
  return is_sound ? kDone : kFailed;
}

Outcome run_log_reindex(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::string> folder = find_store(invocation.operands[0]);
  if (!folder) return make_complaint(folder.error());
  if (invocation.has("dry-run")) {
    return tell_rehearsal(terminal, "build the index in " + *folder + " anew from its log");
  }
  core::Result<std::unique_ptr<storage::Store>> store =
      storage_sqlite::open_sqlite_store({.folder = *folder});
  if (!store) {
    return make_complaint(store.error(), "Stop the service that uses it, then repeat.");
  }
  hub::HubMachine machine;
  std::optional<ProgressThread> progress(std::in_place, terminal, "building the index",
                                         look_at_age());
  const core::Result<void> done = engine::rebuild_index(machine, **store);
  progress.reset();
  if (!done) return make_complaint(done.error());
  const std::uint64_t records = (*store)->last().index;
  return terminal.show_object(boost::json::object{{"records", records}},
                              std::to_string(records) + " records\n", std::to_string(records));
}

Outcome run_log_show(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<StoreView> view = open_store(invocation.operands[0]);
  if (!view) return make_complaint(view.error());
  const auto from =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, invocation.get_count("from", 1)));
  const auto limit = static_cast<std::size_t>(invocation.get_count("limit", kRecordsShown));
  Listing listing;
  listing.columns = {
      {"index", "INDEX", Align::right}, {"time", "TIME"}, {"event", "EVENT"}, {"facts", "FACTS"}};
  boost::json::array objects;
  const core::Time now = read_clock();
  const core::Result<std::size_t> seen =
      storage::read_checked_heads(*view->reader, from, limit, [&](const storage::HeadView& head) {
        const auto [name, facts] = describe(head);
        listing.rows.push_back({Cell(std::to_string(head.index)),
                                Cell(relative_time(head.time, now), core::to_rfc3339(head.time)),
                                Cell(name), Cell(boost::json::serialize(facts))});
        objects.push_back(boost::json::object{{"index", head.index},
                                              {"time", core::to_rfc3339(head.time)},
                                              {"event", name},
                                              {"version", head.version},
                                              {"facts", facts}});
        return true;
      });
  if (!seen) return make_complaint(seen.error());
  if (invocation.has("body")) {
    for (boost::json::value& object : objects) {
      const auto index = object.at("index").to_number<std::uint64_t>();
      const core::Result<storage::Body> body = view->reader->read_body(index);
      if (!body) return make_complaint(body.error());
      if (body->state == storage::BodyState::present) object.as_object()["body"] = body->bytes;
      if (body->state == storage::BodyState::erased) object.as_object()["body"] = nullptr;
    }
    listing.columns.push_back({"body", "BODY"});
    for (std::size_t i = 0; i < listing.rows.size(); ++i) {
      const boost::json::value* const body = objects[i].as_object().if_contains("body");
      listing.rows[i].emplace_back(body == nullptr   ? ""
                                   : body->is_null() ? "(erased)"
                                                     : std::string(body->as_string()));
    }
  }
  return terminal.show(listing, objects, "No records.");
}

Outcome run_log_backup(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::string> folder = find_store(invocation.operands[0]);
  if (!folder) return make_complaint(folder.error());
  const std::string& target = invocation.operands[1];
  if (invocation.has("dry-run")) {
    return tell_rehearsal(terminal, "copy " + *folder + " to " + target);
  }
  std::optional<ProgressThread> progress(std::in_place, terminal, "copying", look_at_age());
  const core::Result<void> done = storage_sqlite::write_sqlite_backup({.folder = *folder}, target);
  progress.reset();
  if (!done) return make_complaint(done.error(), "Name a new folder on a disk with room.");
  terminal.say("Check it: intertie log verify " + target);
  return terminal.show_object(boost::json::object{{"folder", target}}, target + "\n", target);
}

}  // namespace intertie::cli
