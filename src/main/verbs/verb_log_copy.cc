// intertie log copy: a hub's log from one store to another, of either kind.
#include <optional>

#include <boost/json/object.hpp>

#include "intertie/engine/index_rebuild.h"
#include "intertie/hub/machine.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/progress.h"
#include "session/serving.h"
#include "session/store_view.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

// An agent's journal has no index.
core::Result<void> build_index(const std::string& place) {
  core::Result<std::unique_ptr<storage::Store>> store = open_to_write(place);
  if (!store) return store.error();
  const auto reader = (*store)->open_reader();
  if (!reader) return reader.error();
  bool is_hub = false;
  const auto look = [&](const storage::HeadView& head) {
    const auto event = hub::HubMachine::decode(head.kind, head.version, head.head);
    is_hub = event && std::holds_alternative<hub::HubCreated>(*event);
    return false;
  };
  if (auto read = (*reader)->read_heads(1, 1, look); !read) return read.error();
  if (!is_hub) return {};
  hub::HubMachine machine;
  return engine::rebuild_index(machine, **store);
}

core::Result<storage::CopyReport> copy(const std::string& from, const std::string& to) {
  core::Result<StoreView> source = open_store(from);
  if (!source) return source.error();
  auto target = make_copy(to, source->incarnation);
  if (!target) return target.error();
  auto report = storage::copy_store(*source->reader, *source->snapshots, **target);
  target->reset();
  if (!report) return report.error();
  if (auto built = build_index(to); !built) return built.error();
  return report;
}

}  // namespace

Outcome run_log_copy(const Invocation& invocation, const Terminal& terminal) {
  const std::string& from = invocation.operands[0];
  const std::string& to = invocation.operands[1];
  if (invocation.has("dry-run")) return tell_rehearsal(terminal, "copy " + from + " to " + to);
  std::optional<ProgressThread> progress(std::in_place, terminal, "copying", look_at_age());
  const core::Result<storage::CopyReport> report = copy(from, to);
  progress.reset();
  if (!report) return make_complaint(report.error());
  terminal.say("From now on run the hub on one of the two only: both believe to be the same hub.");
  const std::string chain = crypto::to_text(report->last.chain);
  return terminal.show_object(
      boost::json::object{{"last_index", report->last.index},
                          {"chain", chain},
                          {"bodies", report->bodies},
                          {"bodies_erased", report->bodies_erased},
                          {"snapshots", report->snapshots}},
      "last      " + std::to_string(report->last.index) + "\nchain     " + chain + "\n", chain);
}

}  // namespace intertie::cli
